import type { Database, Schema } from './database/database.js';

export const registrationTokenSchema: Schema = {
  name: 'registration_tokens',
  versions: [
    `CREATE TABLE registration_tokens (
       token TEXT NOT NULL UNIQUE,
       uses_allowed INTEGER,
       completed INTEGER NOT NULL,
       expiry_time INTEGER
     );`,
  ],
};

/** What an administrator sets of a token; null means without limit. */
export interface RegistrationTokenLimits {
  readonly usesAllowed: number | null;
  /** Milliseconds since 1970. */
  readonly expiryTime: number | null;
}

/** A token that lets somebody register. */
export interface StoredRegistrationToken extends RegistrationTokenLimits {
  readonly token: string;
  /** How many registrations it was used for. */
  readonly completed: number;
}

const columns = 'token, uses_allowed AS usesAllowed, completed, expiry_time AS expiryTime';

/** The tokens that registrations need where `registration_requires_token` is set. */
export class RegistrationTokenStore {
  constructor(private readonly database: Database) {}

  /** In the order they were made. */
  list(): readonly StoredRegistrationToken[] {
    return this.database.all<StoredRegistrationToken>(`SELECT ${columns} FROM registration_tokens ORDER BY rowid`);
  }

  find(token: string): StoredRegistrationToken | undefined {
    return this.database.get<StoredRegistrationToken>(
      `SELECT ${columns} FROM registration_tokens WHERE token = ?`,
      token,
    );
  }

  /** Stores a new token; false when there is such a one. */
  add(token: string, { usesAllowed, expiryTime }: RegistrationTokenLimits): boolean {
    const sql = 'INSERT OR IGNORE INTO registration_tokens VALUES (?, ?, 0, ?)';
    return this.database.run(sql, token, usesAllowed, expiryTime).changes > 0;
  }

  setLimits(token: string, { usesAllowed, expiryTime }: RegistrationTokenLimits): void {
    const sql = 'UPDATE registration_tokens SET uses_allowed = ?, expiry_time = ? WHERE token = ?';
    this.database.run(sql, usesAllowed, expiryTime, token);
  }

  countUse(token: string): void {
    this.database.run('UPDATE registration_tokens SET completed = completed + 1 WHERE token = ?', token);
  }

  /** Deletes a token; false when there is none. */
  delete(token: string): boolean {
    return this.database.run('DELETE FROM registration_tokens WHERE token = ?', token).changes > 0;
  }
}
