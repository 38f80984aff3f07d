import type { UserId } from '../../matrix/ids.js';
import type { Database, Schema } from './database/database.js';

export const threepidSchema: Schema = {
  name: 'threepids',
  versions: [
    `CREATE TABLE user_threepids (
       medium TEXT NOT NULL,
       address TEXT NOT NULL,
       user_id TEXT NOT NULL,
       validated_at INTEGER NOT NULL,
       added_at INTEGER NOT NULL,
       PRIMARY KEY (medium, address)
     ) WITHOUT ROWID;
     CREATE INDEX user_threepids_user_id ON user_threepids (user_id);
     CREATE TABLE user_threepid_id_server (
       user_id TEXT NOT NULL,
       medium TEXT NOT NULL,
       address TEXT NOT NULL,
       id_server TEXT NOT NULL,
       PRIMARY KEY (user_id, medium, address, id_server)
     ) WITHOUT ROWID;
     CREATE TABLE threepid_validation_session (
       session_id TEXT PRIMARY KEY,
       medium TEXT NOT NULL,
       address TEXT NOT NULL,
       client_secret TEXT NOT NULL,
       last_send_attempt INTEGER NOT NULL,
       validated_at INTEGER
     ) WITHOUT ROWID;
     CREATE TABLE threepid_validation_token (
       token TEXT PRIMARY KEY,
       session_id TEXT NOT NULL,
       next_link TEXT,
       expires INTEGER NOT NULL
     ) WITHOUT ROWID;`,
  ],
};

/** An address that belongs to an account; times in milliseconds. */
export interface Threepid {
  readonly medium: string;
  readonly address: string;
  readonly validated_at: number;
  readonly added_at: number;
}

/** A client's attempt to prove that an address is the user's. */
export interface ThreepidSession {
  readonly sessionId: string;
  readonly medium: string;
  readonly address: string;
  readonly clientSecret: string;
  readonly lastSendAttempt: number;
  readonly validatedAt: number | null;
}

const selectSessions = `
  SELECT session_id AS sessionId, medium, address, client_secret AS clientSecret,
         last_send_attempt AS lastSendAttempt, validated_at AS validatedAt
  FROM threepid_validation_session`;

/** E-mail addresses and phone numbers of accounts, and the sessions that validate them. */
export class ThreepidStore {
  constructor(private readonly database: Database) {}

  findUser(medium: string, address: string): UserId | undefined {
    return this.database.get<{ user_id: UserId }>(
      'SELECT user_id FROM user_threepids WHERE medium = ? AND address = ?',
      medium,
      address,
    )?.user_id;
  }

  ofUser(userId: UserId): readonly Threepid[] {
    return this.database.all(
      'SELECT medium, address, validated_at, added_at FROM user_threepids WHERE user_id = ? ORDER BY added_at, medium, address',
      userId,
    );
  }

  /** Gives an address to a user, away from whoever had it. */
  add(userId: UserId, threepid: Threepid): void {
    this.database.run(
      'INSERT OR REPLACE INTO user_threepids (medium, address, user_id, validated_at, added_at) VALUES (?, ?, ?, ?, ?)',
      threepid.medium,
      threepid.address,
      userId,
      threepid.validated_at,
      threepid.added_at,
    );
  }

  delete(userId: UserId, medium: string, address: string): void {
    this.database.run(
      'DELETE FROM user_threepids WHERE user_id = ? AND medium = ? AND address = ?',
      userId,
      medium,
      address,
    );
  }

  // --- addresses that an identity server knows

  bind(userId: UserId, medium: string, address: string, idServer: string): void {
    this.database.run(
      'INSERT OR IGNORE INTO user_threepid_id_server VALUES (?, ?, ?, ?)',
      userId,
      medium,
      address,
      idServer,
    );
  }

  unbind(userId: UserId, medium: string, address: string, idServer: string): void {
    this.database.run(
      'DELETE FROM user_threepid_id_server WHERE user_id = ? AND medium = ? AND address = ? AND id_server = ?',
      userId,
      medium,
      address,
      idServer,
    );
  }

  boundOf(userId: UserId): readonly { readonly medium: string; readonly address: string }[] {
    return this.database.all('SELECT DISTINCT medium, address FROM user_threepid_id_server WHERE user_id = ?', userId);
  }

  idServersOf(userId: UserId, medium: string, address: string): readonly string[] {
    return this.database
      .all<{ id_server: string }>(
        'SELECT id_server FROM user_threepid_id_server WHERE user_id = ? AND medium = ? AND address = ?',
        userId,
        medium,
        address,
      )
      .map((row) => row.id_server);
  }

  // --- validation

  /** The session under way for an address, which a repeated request continues. */
  findSession(medium: string, address: string, clientSecret: string): ThreepidSession | undefined {
    return this.database.get(
      `${selectSessions} WHERE medium = ? AND address = ? AND client_secret = ? AND validated_at IS NULL`,
      medium,
      address,
      clientSecret,
    );
  }

  /** A session whose address is proved. */
  findValidated(medium: string, sessionId: string, clientSecret: string): ThreepidSession | undefined {
    return this.database.get(
      `${selectSessions} WHERE medium = ? AND session_id = ? AND client_secret = ? AND validated_at IS NOT NULL`,
      medium,
      sessionId,
      clientSecret,
    );
  }

  findSessionById(sessionId: string): ThreepidSession | undefined {
    return this.database.get(`${selectSessions} WHERE session_id = ?`, sessionId);
  }

  saveSession(
    session: Omit<ThreepidSession, 'validatedAt'>,
    token: { readonly token: string; readonly nextLink: string | null; readonly expires: number },
  ): void {
    this.database.transaction(() => {
      this.database.run(
        `INSERT INTO threepid_validation_session (session_id, medium, address, client_secret, last_send_attempt) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (session_id) DO UPDATE SET last_send_attempt = excluded.last_send_attempt`,
        session.sessionId,
        session.medium,
        session.address,
        session.clientSecret,
        session.lastSendAttempt,
      );
      this.database.run(
        'INSERT INTO threepid_validation_token VALUES (?, ?, ?, ?)',
        token.token,
        session.sessionId,
        token.nextLink,
        token.expires,
      );
    });
  }

  findToken(
    sessionId: string,
    token: string,
  ): { readonly nextLink: string | null; readonly expires: number } | undefined {
    return this.database.get(
      'SELECT next_link AS nextLink, expires FROM threepid_validation_token WHERE session_id = ? AND token = ?',
      sessionId,
      token,
    );
  }

  setValidated(sessionId: string, now: number): void {
    this.database.run('UPDATE threepid_validation_session SET validated_at = ? WHERE session_id = ?', now, sessionId);
  }

  deleteSession(sessionId: string): void {
    this.database.run('DELETE FROM threepid_validation_token WHERE session_id = ?', sessionId);
    this.database.run('DELETE FROM threepid_validation_session WHERE session_id = ?', sessionId);
  }
}
