import { crc32 } from 'node:zlib';
import { localpartOf, type UserId } from '../../matrix/ids.js';
import { randomLetters } from '../runtime/random-letters.js';

const base62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** An access token in Synapse's form: `syt_<localpart>_<random>_<checksum>`. */
export function generateAccessToken(userId: UserId): string {
  return withChecksum(`syt_${encodedLocalpart(userId)}_${randomLetters(20)}`);
}

/** A refresh token: `syr_...`. */
export function generateRefreshToken(userId: UserId): string {
  return withChecksum(`syr_${encodedLocalpart(userId)}_${randomLetters(20)}`);
}

/** A login token: `syl_<random>_<checksum>`. */
export function generateLoginToken(): string {
  return withChecksum(`syl_${randomLetters(20)}`);
}

/** Whether a refresh token has the right form and checksum. */
export function isRefreshToken(token: string): boolean {
  const parts = token.split('_');
  return parts.length === 4 && parts[0] === 'syr' && withChecksum(parts.slice(0, 3).join('_')) === token;
}

function encodedLocalpart(userId: UserId): string {
  return Buffer.from(localpartOf(userId)).toString('base64').replace(/=+$/, '');
}

function withChecksum(base: string): string {
  let rest = crc32(base);
  let digits = '';
  while (rest > 0) {
    digits = base62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return `${base}_${digits.padStart(6, '0')}`;
}
