import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Hashes a password: `scrypt$N$r$p$salt$hash`. `rounds` are those of bcrypt, in a scale that suits a development server: each
 * more doubles the time, and Synapse's default of 12 takes some 3 ms.
 */
export async function hashPassword(password: string, rounds: number): Promise<string> {
  const salt = randomBytes(16);
  const [N, r, p] = [2 ** Math.min(rounds - 2, 14), 8, 1];
  const hash = await derive(password, salt, N, r, p);
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Whether this is the password that was hashed. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [kind, n, r, p, salt, hash] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64url');
  const actual = await derive(password, Buffer.from(salt, 'base64url'), Number(n), Number(r), Number(p));
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function derive(password: string, salt: Buffer, N: number, r: number, p: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N, r, p }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
