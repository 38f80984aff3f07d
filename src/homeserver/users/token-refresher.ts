import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RefreshToken, TokenStore } from '../store/token-store.js';
import { generateAccessToken, generateRefreshToken, isRefreshToken } from './token-generator.js';

/** Exchanges refresh tokens (`handlers/auth.py: refresh_token`). */
export class TokenRefresher {
  constructor(
    private readonly context: HomeserverContext,
    private readonly tokens: TokenStore,
  ) {}

  /** A new access token and the refresh token after it, as the client gets them. */
  refresh(text: string): JsonObject {
    const token = this.find(text);
    const now = this.context.clock.now();
    const { refreshableAccessTokenLifetime, refreshTokenLifetime } = this.context.config;
    const end = token.ultimateSessionExpiryTs;
    const validUntilMs = earliest(
      refreshableAccessTokenLifetime === null ? null : now + refreshableAccessTokenLifetime,
      end,
    );
    const expiryTs = earliest(refreshTokenLifetime === undefined ? null : now + refreshTokenLifetime, end);
    const accessToken = generateAccessToken(token.userId);
    const refreshToken = generateRefreshToken(token.userId);
    this.context.database.transaction(() => {
      const { userId, deviceId } = token;
      const next = { token: refreshToken, userId, deviceId, expiryTs, ultimateSessionExpiryTs: end };
      const refreshTokenId = this.tokens.addRefreshToken(next);
      this.tokens.addAccessToken(
        { token: accessToken, ownerId: userId, deviceId, puppetsUserId: null, validUntilMs, refreshTokenId },
        now,
      );
      this.tokens.replaceRefreshToken(token, refreshTokenId);
    });
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      ...(validUntilMs === null ? {} : { expires_in_ms: validUntilMs - now }),
    };
  }

  private find(text: string): RefreshToken {
    if (!isRefreshToken(text)) throw new SynapseError(401, 'invalid refresh token', Codes.UNKNOWN_TOKEN);
    const token = this.tokens.findRefreshToken(text);
    if (token === undefined) throw new SynapseError(401, 'refresh token does not exist', Codes.UNKNOWN_TOKEN);
    if (this.tokens.isSpent(token)) throw refused("refresh token isn't valid anymore");
    const now = this.context.clock.now();
    if (token.expiryTs !== null && token.expiryTs < now) throw refused('The supplied refresh token has expired');
    if (token.ultimateSessionExpiryTs !== null && token.ultimateSessionExpiryTs < now) {
      throw refused('The session has expired and can no longer be refreshed');
    }
    return token;
  }
}

function earliest(time: number | null, other: number | null): number | null {
  if (time === null || other === null) return time ?? other;
  return Math.min(time, other);
}

function refused(message: string): SynapseError {
  return new SynapseError(403, message, Codes.FORBIDDEN);
}
