import type { UserId } from '../../matrix/ids.js';
import type { Database, Schema } from './database/database.js';

export const accountValiditySchema: Schema = {
  name: 'account_validity',
  versions: [
    `CREATE TABLE account_validity (
       user_id TEXT PRIMARY KEY,
       expiration_ts_ms INTEGER NOT NULL,
       email_sent INTEGER NOT NULL DEFAULT 0,
       renewal_token TEXT UNIQUE,
       token_used_ts_ms INTEGER
     ) WITHOUT ROWID;`,
  ],
};

/** Until when an account is valid (milliseconds), and the token that renews it. */
export interface Validity {
  readonly userId: UserId;
  readonly expirationTs: number;
  readonly tokenUsedTs: number | null;
}

const select = `
  SELECT user_id AS userId, expiration_ts_ms AS expirationTs, token_used_ts_ms AS tokenUsedTs FROM account_validity`;

/** Until when accounts are valid. */
export class AccountValidityStore {
  constructor(private readonly database: Database) {}

  find(userId: UserId): Validity | undefined {
    return this.database.get(`${select} WHERE user_id = ?`, userId);
  }

  findByToken(token: string): Validity | undefined {
    return this.database.get(`${select} WHERE renewal_token = ?`, token);
  }

  /** Sets the end; a token that was used for it stays known, so that a second click can be told apart. */
  setExpiration(userId: UserId, expirationTs: number, tokenUsedTs: number | null): void {
    this.database.run(
      `INSERT INTO account_validity (user_id, expiration_ts_ms, token_used_ts_ms) VALUES (?, ?, ?)
         ON CONFLICT (user_id) DO UPDATE SET expiration_ts_ms = excluded.expiration_ts_ms, token_used_ts_ms = excluded.token_used_ts_ms`,
      userId,
      expirationTs,
      tokenUsedTs,
    );
  }

  setToken(userId: UserId, token: string): void {
    this.database.run(
      'UPDATE account_validity SET renewal_token = ?, email_sent = 1, token_used_ts_ms = NULL WHERE user_id = ?',
      token,
      userId,
    );
  }

  delete(userId: UserId): void {
    this.database.run('DELETE FROM account_validity WHERE user_id = ?', userId);
  }
}
