import type { RateLimit } from '../../config/homeserver/rate-limits.js';
import { Codes } from '../../errors/matrix-codes.js';
import { localpartOf, type UserId } from '../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import { noRowFound, StoreError } from '../parity/synapse-errors.js';
import { BoundedCache } from './database/bounded-cache.js';
import type { Database, Schema } from './database/database.js';

/** Tables and columns are called as in Synapse's database, so that modules' queries (`runDbInteraction`) work here, too. */
export const userSchema: Schema = {
  name: 'users',
  versions: [
    `CREATE TABLE users (
       name TEXT PRIMARY KEY,
       password_hash TEXT,
       creation_ts INTEGER NOT NULL,
       admin INTEGER NOT NULL DEFAULT 0,
       upgrade_ts INTEGER,
       is_guest INTEGER NOT NULL DEFAULT 0,
       appservice_id TEXT,
       consent_version TEXT,
       consent_server_notice_sent TEXT,
       user_type TEXT,
       deactivated INTEGER NOT NULL DEFAULT 0,
       shadow_banned INTEGER NOT NULL DEFAULT 0,
       consent_ts INTEGER,
       approved INTEGER NOT NULL DEFAULT 1,
       locked INTEGER NOT NULL DEFAULT 0,
       suspended INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID;
     CREATE INDEX users_lower_name ON users (lower(name));
     CREATE TABLE erased_users (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
     CREATE TABLE users_pending_deactivation (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
     CREATE TABLE profiles (
       user_id TEXT NOT NULL,
       displayname TEXT,
       avatar_url TEXT,
       full_user_id TEXT PRIMARY KEY,
       fields TEXT
     ) WITHOUT ROWID;
     CREATE TABLE ratelimit_override (
       user_id TEXT PRIMARY KEY,
       messages_per_second REAL NOT NULL,
       burst_count INTEGER NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE user_external_ids (
       auth_provider TEXT NOT NULL,
       external_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       PRIMARY KEY (auth_provider, external_id)
     ) WITHOUT ROWID;
     CREATE INDEX user_external_ids_user_id ON user_external_ids (user_id);`,
  ],
};

/** A local account. */
export interface User {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  /** Seconds since 1970. */
  readonly creationTs: number;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly userType: string | null;
  readonly isDeactivated: boolean;
  readonly isShadowBanned: boolean;
  readonly isApproved: boolean;
  readonly isLocked: boolean;
  readonly isSuspended: boolean;
  readonly isErased: boolean;
}

/** What a new account starts with. */
export interface NewUser {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  /** Seconds since 1970. */
  readonly creationTs: number;
  readonly isAdmin?: boolean;
  readonly isGuest?: boolean;
  /** The account exists as a guest and becomes an ordinary one. */
  readonly wasGuest?: boolean;
  readonly userType?: string | null;
  readonly isShadowBanned?: boolean;
  readonly isApproved?: boolean;
  /** Creates the profile; without it, or empty, there is none. */
  readonly displayName?: string | null;
}

/** Display name and avatar as stored; null for each that is not set. */
export interface StoredProfile {
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** The flags of {@link User} that can be changed, by column. */
export type UserFlag = 'admin' | 'deactivated' | 'shadow_banned' | 'approved' | 'locked' | 'suspended';

interface UserRow {
  readonly name: UserId;
  readonly password_hash: string | null;
  readonly creation_ts: number;
  readonly admin: number;
  readonly is_guest: number;
  readonly user_type: string | null;
  readonly deactivated: number;
  readonly shadow_banned: number;
  readonly approved: number;
  readonly locked: number;
  readonly suspended: number;
  readonly erased: number;
}

const selectUsers = 'SELECT *, EXISTS (SELECT 1 FROM erased_users WHERE user_id = name) AS erased FROM users';

const noProfile: StoredProfile = { displayName: null, avatarUrl: null };

/** Accounts and their profiles. */
export class UserStore {
  private readonly users = new BoundedCache<UserId, User>(5000);
  private knownOverrides: Map<UserId, RateLimit> | undefined;
  private readonly profiles = new BoundedCache<UserId, StoredProfile>(5000);

  constructor(private readonly database: Database) {}

  /** The account with exactly this ID. */
  find(userId: UserId): User | undefined {
    const cached = this.users.get(userId);
    if (cached !== undefined) return cached;
    const row = this.database.get<UserRow>(`${selectUsers} WHERE name = ?`, userId);
    if (row === undefined) return undefined;
    const user = userOf(row);
    this.users.set(userId, user);
    return user;
  }

  /** The accounts whose ID is this one but for case. */
  findIgnoringCase(userId: string): readonly User[] {
    return this.database.all<UserRow>(`${selectUsers} WHERE lower(name) = lower(?)`, userId).map((row) => userOf(row));
  }

  /** The account that a login as this ID means: the exact one, or the only one that differs in case. */
  findForLogin(userId: string): User | undefined {
    const users = this.findIgnoringCase(userId);
    return users.length === 1 ? users[0] : users.find((user) => user.userId === userId);
  }

  isAdmin(userId: UserId): boolean {
    return this.find(userId)?.isAdmin ?? false;
  }

  /** The number of accounts of people, guests among them (`registration.py: count_real_users`). */
  countRealUsers(): number {
    const row = this.database.get<{ count: number }>(
      "SELECT count(*) AS count FROM users WHERE coalesce(user_type, '') NOT IN ('bot', 'support')",
    );
    return row?.count ?? 0;
  }

  /** The number after the greatest that is a localpart. */
  nextNumber(): number {
    const row = this.database.get<{ greatest: number | null }>(
      "SELECT max(CAST(substr(name, 2) AS INTEGER)) AS greatest FROM users WHERE name > '@0' AND name < '@:'",
    );
    return (row?.greatest ?? 0) + 1;
  }

  /** Stores a new account with its profile, or 400 `M_USER_IN_USE`. */
  create(user: NewUser): void {
    this.database.transaction(() => {
      if (user.wasGuest === true) this.upgradeGuest(user);
      else this.insert(user);
      if (user.displayName !== undefined && user.displayName !== null && user.displayName !== '') {
        this.database.run(
          'INSERT OR REPLACE INTO profiles (user_id, full_user_id, displayname) VALUES (?, ?, ?)',
          localpartOf(user.userId),
          user.userId,
          user.displayName,
        );
      }
    });
    this.users.delete(user.userId);
    this.profiles.delete(user.userId);
  }

  /** Sets a flag, or 404 when there is no such account. */
  setFlag(userId: UserId, flag: UserFlag, value: boolean): void {
    this.updateColumn(userId, flag, value ? 1 : 0);
  }

  /** Marks an account as erased, or no longer so. */
  setErased(userId: UserId, isErased: boolean): void {
    const sql = isErased
      ? 'INSERT OR IGNORE INTO erased_users VALUES (?)'
      : 'DELETE FROM erased_users WHERE user_id = ?';
    this.database.run(sql, userId);
    this.users.delete(userId);
  }

  /** The closed accounts whose rooms are still to be left. */
  pendingDeactivations(): readonly UserId[] {
    return this.database
      .all<{ user_id: UserId }>('SELECT user_id FROM users_pending_deactivation')
      .map((row) => row.user_id);
  }

  addPendingDeactivation(userId: UserId): void {
    this.database.run('INSERT OR IGNORE INTO users_pending_deactivation VALUES (?)', userId);
  }

  removePendingDeactivation(userId: UserId): void {
    this.database.run('DELETE FROM users_pending_deactivation WHERE user_id = ?', userId);
  }

  setPasswordHash(userId: UserId, hash: string | null): void {
    this.updateColumn(userId, 'password_hash', hash);
  }

  setUserType(userId: UserId, userType: string | null): void {
    this.updateColumn(userId, 'user_type', userType);
  }

  // --- profiles

  /** Whether a profile is stored, even an empty one. */
  hasProfile(userId: UserId): boolean {
    return this.database.get('SELECT 1 FROM profiles WHERE full_user_id = ?', userId) !== undefined;
  }

  /** Display name and avatar; both null for unknown users. */
  profileOf(userId: UserId): StoredProfile {
    const cached = this.profiles.get(userId);
    if (cached !== undefined) return cached;
    const row = this.database.get<{ displayname: string | null; avatar_url: string | null }>(
      'SELECT displayname, avatar_url FROM profiles WHERE full_user_id = ?',
      userId,
    );
    const profile = row === undefined ? noProfile : { displayName: row.displayname, avatarUrl: row.avatar_url };
    this.profiles.set(userId, profile);
    return profile;
  }

  /** The fields of a profile besides display name and avatar, or 404 when no profile is stored. */
  profileFields(userId: UserId): JsonObject {
    const row = this.database.get<{ fields: string | null }>(
      'SELECT fields FROM profiles WHERE full_user_id = ?',
      userId,
    );
    if (row === undefined) throw noRowFound('profiles');
    return row.fields === null ? {} : parseStoredObject(row.fields);
  }

  setProfileColumn(userId: UserId, column: 'displayname' | 'avatar_url', value: string | null): void {
    this.database.run(
      `INSERT INTO profiles (user_id, full_user_id, ${column}) VALUES (?, ?, ?)
         ON CONFLICT (full_user_id) DO UPDATE SET ${column} = excluded.${column}`,
      localpartOf(userId),
      userId,
      value,
    );
    this.profiles.delete(userId);
  }

  setProfileFields(userId: UserId, fields: Readonly<Record<string, JsonValue | undefined>>): void {
    this.database.run(
      `INSERT INTO profiles (user_id, full_user_id, fields) VALUES (?, ?, ?)
         ON CONFLICT (full_user_id) DO UPDATE SET fields = excluded.fields`,
      localpartOf(userId),
      userId,
      JSON.stringify(fields),
    );
    this.profiles.delete(userId);
  }

  /** Stores an empty profile where there is none. */
  createProfile(userId: UserId): void {
    this.database.run(
      'INSERT OR IGNORE INTO profiles (user_id, full_user_id) VALUES (?, ?)',
      localpartOf(userId),
      userId,
    );
  }

  deleteProfile(userId: UserId): void {
    this.database.run('DELETE FROM profiles WHERE full_user_id = ?', userId);
    this.profiles.delete(userId);
  }

  // --- rate limits

  /** The limit that an administrator gave a user; a rate of 0 lifts all limits. */
  overrideOf(userId: string): RateLimit | undefined {
    return this.overrides().get(userId);
  }

  setOverride(userId: UserId, limit: RateLimit): void {
    this.database.run(
      'INSERT OR REPLACE INTO ratelimit_override VALUES (?, ?, ?)',
      userId,
      limit.perSecond,
      limit.burstCount,
    );
    this.overrides().set(userId, limit);
  }

  deleteOverride(userId: UserId): void {
    this.database.run('DELETE FROM ratelimit_override WHERE user_id = ?', userId);
    this.overrides().delete(userId);
  }

  // --- ids at other identity providers

  findByExternalId(authProvider: string, externalId: string): UserId | undefined {
    return this.database.get<{ user_id: UserId }>(
      'SELECT user_id FROM user_external_ids WHERE auth_provider = ? AND external_id = ?',
      authProvider,
      externalId,
    )?.user_id;
  }

  externalIdsOf(userId: UserId): readonly { readonly auth_provider: string; readonly external_id: string }[] {
    return this.database.all(
      'SELECT auth_provider, external_id FROM user_external_ids WHERE user_id = ? ORDER BY auth_provider, external_id',
      userId,
    );
  }

  addExternalId(authProvider: string, externalId: string, userId: UserId): void {
    this.database.run('INSERT INTO user_external_ids VALUES (?, ?, ?)', authProvider, externalId, userId);
  }

  /** Replaces the external IDs of a user. */
  replaceExternalIds(userId: UserId, ids: readonly (readonly [authProvider: string, externalId: string])[]): void {
    this.database.transaction(() => {
      this.database.run('DELETE FROM user_external_ids WHERE user_id = ?', userId);
      for (const [provider, externalId] of ids) this.addExternalId(provider, externalId, userId);
    });
  }

  /** All of them: there are few, and every message asks. */
  private overrides(): Map<string, RateLimit> {
    if (this.knownOverrides === undefined) {
      const rows = this.database.all<{ user_id: UserId; messages_per_second: number; burst_count: number }>(
        'SELECT user_id, messages_per_second, burst_count FROM ratelimit_override',
      );
      this.knownOverrides = new Map(
        rows.map((row) => [row.user_id, { perSecond: row.messages_per_second, burstCount: row.burst_count }]),
      );
    }
    return this.knownOverrides;
  }

  private insert(user: NewUser): void {
    const { changes } = this.database.run(
      `INSERT OR IGNORE INTO users
         (name, password_hash, creation_ts, admin, is_guest, user_type, shadow_banned, approved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      user.userId,
      user.passwordHash,
      user.creationTs,
      user.isAdmin === true ? 1 : 0,
      user.isGuest === true ? 1 : 0,
      user.userType ?? null,
      user.isShadowBanned === true ? 1 : 0,
      user.isApproved === false ? 0 : 1,
    );
    if (changes === 0) throw new StoreError(400, 'User ID already taken.', Codes.USER_IN_USE);
  }

  private upgradeGuest(user: NewUser): void {
    const { changes } = this.database.run(
      `UPDATE users
         SET password_hash = ?, upgrade_ts = ?, admin = ?, is_guest = 0, user_type = ?, shadow_banned = ?, approved = ?
         WHERE name = ? AND is_guest = 1`,
      user.passwordHash,
      user.creationTs,
      user.isAdmin === true ? 1 : 0,
      user.userType ?? null,
      user.isShadowBanned === true ? 1 : 0,
      user.isApproved === false ? 0 : 1,
      user.userId,
    );
    if (changes === 0) throw noRowFound('users');
  }

  private updateColumn(userId: UserId, column: string, value: string | number | null): void {
    const { changes } = this.database.run(`UPDATE users SET ${column} = ? WHERE name = ?`, value, userId);
    this.users.delete(userId);
    if (changes === 0) throw noRowFound('users');
  }
}

function userOf(row: UserRow): User {
  return {
    userId: row.name,
    passwordHash: row.password_hash,
    creationTs: row.creation_ts,
    isAdmin: row.admin === 1,
    isGuest: row.is_guest === 1,
    userType: row.user_type,
    isDeactivated: row.deactivated === 1,
    isShadowBanned: row.shadow_banned === 1,
    isApproved: row.approved === 1,
    isLocked: row.locked === 1,
    isSuspended: row.suspended === 1,
    isErased: row.erased === 1,
  };
}
