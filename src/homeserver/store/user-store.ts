import { type RateLimit } from '../../config/homeserver-sections.js';
import { Codes } from '../../errors/matrix-codes.js';
import { type UserId } from '../../matrix/ids.js';
import { type JsonObject, type JsonValue } from '../../matrix/json.js';
import { noRowFound, StoreError } from '../synapse-errors.js';
import { BoundedCache } from './bounded-cache.js';
import { type Database, type Schema } from './database.js';

export const userSchema: Schema = {
  name: 'users',
  versions: [
    `CREATE TABLE users (
       user_id TEXT PRIMARY KEY,
       password_hash TEXT,
       created_ts INTEGER NOT NULL,
       is_admin INTEGER NOT NULL,
       is_guest INTEGER NOT NULL,
       user_type TEXT,
       deactivated INTEGER NOT NULL DEFAULT 0,
       shadow_banned INTEGER NOT NULL,
       approved INTEGER NOT NULL,
       locked INTEGER NOT NULL DEFAULT 0,
       suspended INTEGER NOT NULL DEFAULT 0,
       erased INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID;
     CREATE INDEX users_lower ON users (lower(user_id));
     CREATE TABLE profiles (
       user_id TEXT PRIMARY KEY,
       displayname TEXT,
       avatar_url TEXT,
       fields TEXT
     ) WITHOUT ROWID;
     CREATE TABLE ratelimit_overrides (
       user_id TEXT PRIMARY KEY,
       per_second REAL NOT NULL,
       burst_count INTEGER NOT NULL
     ) WITHOUT ROWID;
     CREATE TABLE external_ids (
       auth_provider TEXT NOT NULL,
       external_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       PRIMARY KEY (auth_provider, external_id)
     ) WITHOUT ROWID;
     CREATE INDEX external_ids_user ON external_ids (user_id);`,
  ],
};

/** A local account. */
export interface User {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  /** Milliseconds since 1970. */
  readonly createdTs: number;
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
  readonly createdTs: number;
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
export type UserFlag = 'is_admin' | 'deactivated' | 'shadow_banned' | 'approved' | 'locked' | 'suspended' | 'erased';

interface UserRow {
  readonly user_id: UserId;
  readonly password_hash: string | null;
  readonly created_ts: number;
  readonly is_admin: number;
  readonly is_guest: number;
  readonly user_type: string | null;
  readonly deactivated: number;
  readonly shadow_banned: number;
  readonly approved: number;
  readonly locked: number;
  readonly suspended: number;
  readonly erased: number;
}

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
    const row = this.database.get<UserRow>('SELECT * FROM users WHERE user_id = ?', userId);
    if (row === undefined) return undefined;
    const user = userOf(row);
    this.users.set(userId, user);
    return user;
  }

  /** The accounts whose ID is this one but for case. */
  findIgnoringCase(userId: string): readonly User[] {
    return this.database
      .all<UserRow>('SELECT * FROM users WHERE lower(user_id) = lower(?)', userId)
      .map((row) => userOf(row));
  }

  /** The account that a login as this ID means: the exact one, or the only one that differs in case. */
  findForLogin(userId: string): User | undefined {
    const users = this.findIgnoringCase(userId);
    return users.length === 1 ? users[0] : users.find((user) => user.userId === userId);
  }

  isAdmin(userId: UserId): boolean {
    return this.find(userId)?.isAdmin ?? false;
  }

  /** The number of accounts that are no guests and of no special type. */
  countRealUsers(): number {
    const row = this.database.get<{ count: number }>(
      "SELECT count(*) AS count FROM users WHERE is_guest = 0 AND coalesce(user_type, '') NOT IN ('bot', 'support')",
    );
    return row?.count ?? 0;
  }

  /** The number after the greatest that is a localpart. */
  nextNumber(): number {
    const row = this.database.get<{ greatest: number | null }>(
      "SELECT max(CAST(substr(user_id, 2) AS INTEGER)) AS greatest FROM users WHERE user_id > '@0' AND user_id < '@:'",
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
          'INSERT OR REPLACE INTO profiles (user_id, displayname) VALUES (?, ?)',
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

  setPasswordHash(userId: UserId, hash: string | null): void {
    this.updateColumn(userId, 'password_hash', hash);
  }

  setUserType(userId: UserId, userType: string | null): void {
    this.updateColumn(userId, 'user_type', userType);
  }

  // --- profiles

  /** Whether a profile is stored, even an empty one. */
  hasProfile(userId: UserId): boolean {
    return this.database.get('SELECT 1 FROM profiles WHERE user_id = ?', userId) !== undefined;
  }

  /** Display name and avatar; both null for unknown users. */
  profileOf(userId: UserId): StoredProfile {
    const cached = this.profiles.get(userId);
    if (cached !== undefined) return cached;
    const row = this.database.get<{ displayname: string | null; avatar_url: string | null }>(
      'SELECT displayname, avatar_url FROM profiles WHERE user_id = ?',
      userId,
    );
    const profile = row === undefined ? noProfile : { displayName: row.displayname, avatarUrl: row.avatar_url };
    this.profiles.set(userId, profile);
    return profile;
  }

  /** The fields of a profile besides display name and avatar, or 404 when no profile is stored. */
  profileFields(userId: UserId): JsonObject {
    const row = this.database.get<{ fields: string | null }>('SELECT fields FROM profiles WHERE user_id = ?', userId);
    if (row === undefined) throw noRowFound('profiles');
    return row.fields === null ? {} : (JSON.parse(row.fields) as JsonObject);
  }

  setProfileColumn(userId: UserId, column: 'displayname' | 'avatar_url', value: string | null): void {
    this.database.run(
      `INSERT INTO profiles (user_id, ${column}) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET ${column} = excluded.${column}`,
      userId,
      value,
    );
    this.profiles.delete(userId);
  }

  setProfileFields(userId: UserId, fields: Readonly<Record<string, JsonValue | undefined>>): void {
    this.database.run(
      'INSERT INTO profiles (user_id, fields) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET fields = excluded.fields',
      userId,
      JSON.stringify(fields),
    );
    this.profiles.delete(userId);
  }

  /** Stores an empty profile where there is none. */
  createProfile(userId: UserId): void {
    this.database.run('INSERT OR IGNORE INTO profiles (user_id) VALUES (?)', userId);
  }

  deleteProfile(userId: UserId): void {
    this.database.run('DELETE FROM profiles WHERE user_id = ?', userId);
    this.profiles.delete(userId);
  }

  // --- rate limits

  /** The limit that an administrator gave a user; a rate of 0 lifts all limits. */
  overrideOf(userId: UserId): RateLimit | undefined {
    return this.overrides().get(userId);
  }

  setOverride(userId: UserId, limit: RateLimit): void {
    this.database.run(
      'INSERT OR REPLACE INTO ratelimit_overrides VALUES (?, ?, ?)',
      userId,
      limit.perSecond,
      limit.burstCount,
    );
    this.overrides().set(userId, limit);
  }

  deleteOverride(userId: UserId): void {
    this.database.run('DELETE FROM ratelimit_overrides WHERE user_id = ?', userId);
    this.overrides().delete(userId);
  }

  // --- ids at other identity providers

  findByExternalId(authProvider: string, externalId: string): UserId | undefined {
    return this.database.get<{ user_id: UserId }>(
      'SELECT user_id FROM external_ids WHERE auth_provider = ? AND external_id = ?',
      authProvider,
      externalId,
    )?.user_id;
  }

  externalIdsOf(userId: UserId): readonly { readonly auth_provider: string; readonly external_id: string }[] {
    return this.database.all(
      'SELECT auth_provider, external_id FROM external_ids WHERE user_id = ? ORDER BY auth_provider, external_id',
      userId,
    );
  }

  addExternalId(authProvider: string, externalId: string, userId: UserId): void {
    this.database.run('INSERT INTO external_ids VALUES (?, ?, ?)', authProvider, externalId, userId);
  }

  /** Replaces the external IDs of a user. */
  replaceExternalIds(userId: UserId, ids: readonly (readonly [authProvider: string, externalId: string])[]): void {
    this.database.transaction(() => {
      this.database.run('DELETE FROM external_ids WHERE user_id = ?', userId);
      for (const [provider, externalId] of ids) this.addExternalId(provider, externalId, userId);
    });
  }

  /** All of them: there are few, and every message asks. */
  private overrides(): Map<UserId, RateLimit> {
    if (this.knownOverrides === undefined) {
      const rows = this.database.all<{ user_id: UserId; per_second: number; burst_count: number }>(
        'SELECT user_id, per_second, burst_count FROM ratelimit_overrides',
      );
      this.knownOverrides = new Map(
        rows.map((row) => [row.user_id, { perSecond: row.per_second, burstCount: row.burst_count }]),
      );
    }
    return this.knownOverrides;
  }

  private insert(user: NewUser): void {
    const { changes } = this.database.run(
      `INSERT OR IGNORE INTO users
         (user_id, password_hash, created_ts, is_admin, is_guest, user_type, shadow_banned, approved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      user.userId,
      user.passwordHash,
      user.createdTs,
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
      `UPDATE users SET password_hash = ?, is_admin = ?, is_guest = 0, user_type = ?, shadow_banned = ?, approved = ?
         WHERE user_id = ? AND is_guest = 1`,
      user.passwordHash,
      user.isAdmin === true ? 1 : 0,
      user.userType ?? null,
      user.isShadowBanned === true ? 1 : 0,
      user.isApproved === false ? 0 : 1,
      user.userId,
    );
    if (changes === 0) throw noRowFound('users');
  }

  private updateColumn(userId: UserId, column: string, value: string | number | null): void {
    const { changes } = this.database.run(`UPDATE users SET ${column} = ? WHERE user_id = ?`, value, userId);
    this.users.delete(userId);
    if (changes === 0) throw noRowFound('users');
  }
}

function userOf(row: UserRow): User {
  return {
    userId: row.user_id,
    passwordHash: row.password_hash,
    createdTs: row.created_ts,
    isAdmin: row.is_admin === 1,
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
