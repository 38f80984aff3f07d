import type { UserId } from '../../matrix/ids.js';
import { BoundedCache } from './database/bounded-cache.js';
import type { Database, Schema } from './database/database.js';

export const tokenSchema: Schema = {
  name: 'tokens',
  versions: [
    `CREATE TABLE access_tokens (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       token TEXT NOT NULL UNIQUE,
       user_id TEXT NOT NULL,
       device_id TEXT,
       puppets_user_id TEXT,
       valid_until_ms INTEGER,
       last_validated INTEGER NOT NULL,
       refresh_token_id INTEGER,
       used INTEGER NOT NULL DEFAULT 0
     );
     CREATE INDEX access_tokens_user ON access_tokens (user_id, device_id);
     CREATE TABLE refresh_tokens (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       token TEXT NOT NULL UNIQUE,
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       next_token_id INTEGER,
       expiry_ts INTEGER,
       ultimate_session_expiry_ts INTEGER
     );
     CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, device_id);
     CREATE TABLE login_tokens (
       token TEXT PRIMARY KEY,
       user_id TEXT NOT NULL,
       expiry_ts INTEGER NOT NULL,
       used_ts INTEGER,
       auth_provider_id TEXT,
       auth_provider_session_id TEXT
     ) WITHOUT ROWID;
     CREATE TABLE guest_tokens (
       token TEXT PRIMARY KEY,
       user_id TEXT NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE open_id_tokens (
       token TEXT PRIMARY KEY,
       ts_valid_until_ms INTEGER NOT NULL,
       user_id TEXT NOT NULL
     ) WITHOUT ROWID;`,
  ],
};

/** An access token: who owns it and who it acts for. */
export interface AccessToken {
  readonly id: number;
  readonly token: string;
  /** Whose login it is: an administrator when `puppetsUserId` is set. */
  readonly ownerId: UserId;
  readonly deviceId: string | null;
  readonly puppetsUserId: UserId | null;
  readonly validUntilMs: number | null;
  readonly refreshTokenId: number | null;
}

/** What an access token is made with. */
export type NewAccessToken = Omit<AccessToken, 'id'>;

/** A refresh token. */
export interface RefreshToken {
  readonly id: number;
  readonly token: string;
  readonly userId: UserId;
  readonly deviceId: string;
  readonly nextTokenId: number | null;
  readonly expiryTs: number | null;
  readonly ultimateSessionExpiryTs: number | null;
}

/** A token for `m.login.token`. */
export interface LoginToken {
  readonly token: string;
  readonly userId: UserId;
  readonly expiryTs: number;
  readonly authProviderId: string | null;
  readonly authProviderSessionId: string | null;
}

const selectAccessTokens = `
  SELECT id, token, user_id AS ownerId, device_id AS deviceId, puppets_user_id AS puppetsUserId,
         valid_until_ms AS validUntilMs, refresh_token_id AS refreshTokenId
  FROM access_tokens`;

/** Access, refresh, login and OpenID tokens. */
export class TokenStore {
  private readonly cache = new BoundedCache<string, AccessToken>(5000);

  constructor(private readonly database: Database) {}

  // --- access tokens

  findAccessToken(token: string): AccessToken | undefined {
    const cached = this.cache.get(token);
    if (cached !== undefined) return cached;
    const found = this.database.get<AccessToken>(`${selectAccessTokens} WHERE token = ?`, token);
    if (found !== undefined) this.cache.set(token, found);
    return found;
  }

  findAccessTokenById(id: number): AccessToken | undefined {
    return this.database.get(`${selectAccessTokens} WHERE id = ?`, id);
  }

  addAccessToken(token: NewAccessToken, now: number): number {
    return this.database.run(
      `INSERT INTO access_tokens
         (token, user_id, device_id, puppets_user_id, valid_until_ms, last_validated, refresh_token_id)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      token.token,
      token.ownerId,
      token.deviceId,
      token.puppetsUserId,
      token.validUntilMs,
      now,
      token.refreshTokenId,
    ).lastId;
  }

  accessTokensOf(userId: UserId, deviceId?: string): readonly AccessToken[] {
    return deviceId === undefined
      ? this.database.all(`${selectAccessTokens} WHERE user_id = ? ORDER BY id`, userId)
      : this.database.all(`${selectAccessTokens} WHERE user_id = ? AND device_id = ? ORDER BY id`, userId, deviceId);
  }

  deleteAccessToken(token: AccessToken): void {
    this.database.run('DELETE FROM access_tokens WHERE id = ?', token.id);
    this.cache.delete(token.token);
  }

  /** When the owner last proved who they are, in milliseconds. */
  lastValidated(accessTokenId: number): number {
    return (
      this.database.get<{ last_validated: number }>(
        'SELECT last_validated FROM access_tokens WHERE id = ?',
        accessTokenId,
      )?.last_validated ?? 0
    );
  }

  setLastValidated(accessTokenId: number, now: number): void {
    this.database.run('UPDATE access_tokens SET last_validated = ? WHERE id = ?', now, accessTokenId);
  }

  /** Notes that an access token made from a refresh token was used: the refresh token before it is worthless now. */
  markUsed(token: AccessToken): void {
    this.database.run('UPDATE access_tokens SET used = 1 WHERE id = ?', token.id);
  }

  // --- guests' tokens: in Synapse they are signed, not stored, and so they belong to no device and never end

  findGuest(token: string): UserId | undefined {
    return this.database.get<{ user_id: UserId }>('SELECT user_id FROM guest_tokens WHERE token = ?', token)?.user_id;
  }

  addGuestToken(token: string, userId: UserId): void {
    this.database.run('INSERT INTO guest_tokens VALUES (?, ?)', token, userId);
  }

  // --- refresh tokens

  findRefreshToken(token: string): RefreshToken | undefined {
    return this.database.get(
      `SELECT id, token, user_id AS userId, device_id AS deviceId, next_token_id AS nextTokenId, expiry_ts AS expiryTs,
              ultimate_session_expiry_ts AS ultimateSessionExpiryTs FROM refresh_tokens WHERE token = ?`,
      token,
    );
  }

  /** Whether what this refresh token was exchanged for has been used, as access token or for a further refresh. */
  isSpent(token: RefreshToken): boolean {
    if (token.nextTokenId === null) return false;
    const isAccessTokenUsed =
      this.database.get('SELECT 1 FROM access_tokens WHERE refresh_token_id = ? AND used = 1', token.nextTokenId) !==
      undefined;
    const isRefreshed =
      this.database.get(
        'SELECT 1 FROM refresh_tokens WHERE id = ? AND next_token_id IS NOT NULL',
        token.nextTokenId,
      ) !== undefined;
    return isAccessTokenUsed || isRefreshed;
  }

  addRefreshToken(token: Omit<RefreshToken, 'id' | 'nextTokenId'>): number {
    return this.database.run(
      `INSERT INTO refresh_tokens (token, user_id, device_id, expiry_ts, ultimate_session_expiry_ts) VALUES (?, ?, ?, ?, ?)`,
      token.token,
      token.userId,
      token.deviceId,
      token.expiryTs,
      token.ultimateSessionExpiryTs,
    ).lastId;
  }

  /** Notes what a refresh token was exchanged for; what it was exchanged for before, and not used, is void. */
  replaceRefreshToken(token: RefreshToken, nextTokenId: number): void {
    if (token.nextTokenId !== null) {
      const replaced = this.database.all<AccessToken>(
        `${selectAccessTokens} WHERE refresh_token_id = ?`,
        token.nextTokenId,
      );
      for (const accessToken of replaced) this.deleteAccessToken(accessToken);
      this.database.run('DELETE FROM refresh_tokens WHERE id = ?', token.nextTokenId);
    }
    this.database.run('UPDATE refresh_tokens SET next_token_id = ? WHERE id = ?', nextTokenId, token.id);
  }

  deleteRefreshTokens(userId: UserId, deviceId?: string): void {
    if (deviceId === undefined) this.database.run('DELETE FROM refresh_tokens WHERE user_id = ?', userId);
    else this.database.run('DELETE FROM refresh_tokens WHERE user_id = ? AND device_id = ?', userId, deviceId);
  }

  // --- login tokens

  addLoginToken(token: LoginToken): void {
    this.database.run(
      'INSERT INTO login_tokens VALUES (?, ?, ?, NULL, ?, ?)',
      token.token,
      token.userId,
      token.expiryTs,
      token.authProviderId,
      token.authProviderSessionId,
    );
  }

  /** Uses a login token up; undefined when it is unknown, was used before, or has expired. */
  consumeLoginToken(token: string, now: number): LoginToken | undefined {
    return this.database.transaction(() => {
      const found = this.database.get<LoginToken & { usedTs: number | null }>(
        `SELECT token, user_id AS userId, expiry_ts AS expiryTs, used_ts AS usedTs, auth_provider_id AS authProviderId,
                auth_provider_session_id AS authProviderSessionId FROM login_tokens WHERE token = ?`,
        token,
      );
      if (found === undefined) return undefined;
      this.database.run('UPDATE login_tokens SET used_ts = ? WHERE token = ?', now, token);
      return found.usedTs === null && now <= found.expiryTs ? found : undefined;
    });
  }

  /** Forgets login and OpenID tokens that are good for nothing any more. */
  deleteExpired(now: number): void {
    this.database.run('DELETE FROM login_tokens WHERE expiry_ts < ?', now);
    this.database.run('DELETE FROM open_id_tokens WHERE ts_valid_until_ms < ?', now);
  }

  // --- OpenID tokens

  addOpenIdToken(token: string, userId: UserId, validUntilMs: number): void {
    this.database.run('INSERT INTO open_id_tokens VALUES (?, ?, ?)', token, validUntilMs, userId);
  }

  findOpenIdUser(token: string, now: number): UserId | undefined {
    return this.database.get<{ user_id: UserId }>(
      'SELECT user_id FROM open_id_tokens WHERE token = ? AND ts_valid_until_ms >= ?',
      token,
      now,
    )?.user_id;
  }
}
