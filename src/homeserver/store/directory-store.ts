import type { UserId } from '../../matrix/ids.js';
import type { Database, Row, Schema } from './database/database.js';
import type { StoredProfile } from './user-store.js';

/**
 * Who can be found by which word. Whoever writes a profile, an account or a membership marks its user here, so that nothing
 * needs to know of the directory; the next search reads those who are marked.
 */
export const directorySchema: Schema = {
  name: 'user_directory',
  versions: [
    `CREATE TABLE user_directory (
       user_id TEXT PRIMARY KEY,
       display_name TEXT,
       avatar_url TEXT
     ) WITHOUT ROWID;
     CREATE TABLE user_directory_words (
       word TEXT NOT NULL,
       user_id TEXT NOT NULL,
       count INTEGER NOT NULL,
       PRIMARY KEY (word, user_id)
     ) WITHOUT ROWID;
     CREATE INDEX user_directory_words_user ON user_directory_words (user_id, word, count);
     CREATE TABLE user_directory_stale (user_id TEXT PRIMARY KEY) WITHOUT ROWID;
     INSERT OR IGNORE INTO user_directory_stale SELECT name FROM users UNION SELECT user_id FROM memberships;
     ${mark('users', 'INSERT', 'NEW.name')}
     ${mark('users', 'DELETE', 'OLD.name')}
     ${mark('profiles', 'INSERT', 'NEW.full_user_id')}
     ${mark('profiles', 'UPDATE', 'NEW.full_user_id')}
     ${mark('profiles', 'DELETE', 'OLD.full_user_id')}
     ${mark('memberships', 'INSERT', 'NEW.user_id', ifRemote('NEW'))}
     ${mark('memberships', 'UPDATE', 'NEW.user_id', ifRemote('NEW'))}
     ${mark('memberships', 'DELETE', 'OLD.user_id', ifRemote('OLD'))}`,
  ],
};

/** No `OR IGNORE`: inside of a trigger the outer statement says what a conflict means. */
function mark(table: string, event: string, userId: string, condition = ''): string {
  return `CREATE TRIGGER user_directory_${table}_${event} AFTER ${event} ON ${table} ${condition} BEGIN
    INSERT INTO user_directory_stale
    SELECT ${userId} WHERE NOT EXISTS (SELECT 1 FROM user_directory_stale WHERE user_id = ${userId});
  END;`;
}

/** The profiles of local users are not those of their memberships. */
function ifRemote(row: string): string {
  return `WHEN NOT EXISTS (SELECT 1 FROM users WHERE name = ${row}.user_id)`;
}

/** A user with the words that lead to them. */
export interface DirectoryEntry {
  readonly profile: StoredProfile;
  readonly words: readonly string[];
}

/** Whom a search may find. */
export interface DirectoryQuery {
  readonly requester: UserId;
  /** Each must be the beginning of a word of the user. */
  readonly words: readonly string[];
  readonly limit: number;
  /** Also those who are in no public room and in none that the requester is in. */
  readonly isForAll: boolean;
  readonly withRemote: boolean;
  readonly withLocked: boolean;
  readonly preferLocal: boolean;
}

/** Somebody who was found. */
export interface DirectoryRow {
  readonly user_id: UserId;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

/** A range of the index: no character is behind the last one of Unicode. */
const beginsWith = (column: string, word: string): string =>
  `${column} >= ${word} AND ${column} < ${word} || char(1114111)`;

/** Anybody may find the members of a room that anybody may join, or read without joining. */
const isPublic = `EXISTS (
  SELECT 1 FROM current_state AS s JOIN events AS e ON e.event_id = s.event_id
  WHERE s.room_id = m.room_id AND s.state_key = '' AND (
    (s.type = 'm.room.join_rules' AND json_extract(e.json, '$.content.join_rule') = 'public') OR
    (s.type = 'm.room.history_visibility' AND json_extract(e.json, '$.content.history_visibility') = 'world_readable')))`;

const isShared = `(m.user_id <> :requester AND EXISTS (
  SELECT 1 FROM memberships AS own
  WHERE own.user_id = :requester AND own.room_id = m.room_id AND own.membership = 'join'))`;

const isVisible = `CASE WHEN :isForAll THEN d.user_id <> :requester ELSE EXISTS (
  SELECT 1 FROM memberships AS m
  WHERE m.user_id = d.user_id AND m.membership = 'join' AND (${isShared} OR ${isPublic})) END`;

/** Accounts of this server but those that are closed or for support; whoever has none is of another server. */
const isListed = `CASE WHEN u.name IS NULL THEN :withRemote ELSE
  u.deactivated = 0 AND coalesce(u.user_type, '') <> 'support' AND (:withLocked OR u.locked = 0) END`;

/** Each word counts by how rare it is, as a whole word and as the beginning of one. */
const score = `(
  SELECT sum(CAST(t.count AS REAL) / w.hits + CASE WHEN t.word = w.word THEN CAST(t.count AS REAL) / w.exact ELSE 0 END)
  FROM wanted AS w CROSS JOIN user_directory_words AS t
  WHERE t.user_id = d.user_id AND ${beginsWith('t.word', 'w.word')})`;

/** Begins with those whom the rarest word leads to. */
const search = `
  WITH wanted AS MATERIALIZED (
    SELECT value AS word,
      (SELECT coalesce(sum(count), 0) FROM user_directory_words WHERE ${beginsWith('word', 'value')}) AS hits,
      (SELECT coalesce(sum(count), 0) FROM user_directory_words WHERE word = value) AS exact
    FROM json_each(:words)),
  found AS MATERIALIZED (
    SELECT DISTINCT t.user_id
    FROM (SELECT word FROM wanted ORDER BY hits LIMIT 1) AS rarest CROSS JOIN user_directory_words AS t
    WHERE ${beginsWith('t.word', 'rarest.word')})
  SELECT d.user_id, d.display_name, d.avatar_url
  FROM found CROSS JOIN user_directory AS d ON d.user_id = found.user_id LEFT JOIN users AS u ON u.name = d.user_id
  WHERE NOT EXISTS (SELECT 1 FROM wanted AS w WHERE NOT EXISTS (
    SELECT 1 FROM user_directory_words AS t WHERE t.user_id = d.user_id AND ${beginsWith('t.word', 'w.word')}))
  AND ${isListed} AND ${isVisible}
  ORDER BY ${score} DESC, :preferLocal AND u.name IS NULL, d.display_name IS NULL, d.avatar_url IS NULL, d.user_id
  LIMIT :limit`;

/** The user directory (`storage/databases/main/user_directory.py`). A search costs what it finds, whoever else is there. */
export class DirectoryStore {
  constructor(private readonly database: Database) {}

  /** Some of the users whose words may be out of date. */
  stale(limit: number): readonly UserId[] {
    return this.database
      .all<{ user_id: UserId }>('SELECT user_id FROM user_directory_stale LIMIT ?', limit)
      .map((row) => row.user_id);
  }

  /** Brings users up to date: nobody finds those without an entry. */
  update(entries: ReadonlyMap<UserId, DirectoryEntry | undefined>): void {
    this.database.transaction(() => {
      for (const [userId, entry] of entries) this.updateOne(userId, entry);
    });
  }

  /** The best first. */
  search({ words, ...query }: DirectoryQuery): readonly DirectoryRow[] {
    const values = Object.entries(query).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? Number(value) : value,
    ]);
    const row = Object.fromEntries([...values, ['words', JSON.stringify(words)]]) as Row;
    return this.database.all<DirectoryRow>(search, row);
  }

  /** Name and avatar of a user as the newest of their memberships says; undefined for somebody who is in no room. */
  profileInRooms(userId: UserId): StoredProfile | undefined {
    const row = this.database.get<{ name: unknown; avatar: unknown }>(
      `SELECT json_extract(e.json, '$.content.displayname') AS name, json_extract(e.json, '$.content.avatar_url') AS avatar
         FROM memberships AS m JOIN events AS e ON e.event_id = m.event_id
         WHERE m.user_id = ? AND m.membership = 'join' ORDER BY m.position DESC LIMIT 1`,
      userId,
    );
    if (row === undefined) return undefined;
    return {
      displayName: typeof row.name === 'string' ? row.name : null,
      avatarUrl: typeof row.avatar === 'string' ? row.avatar : null,
    };
  }

  private updateOne(userId: UserId, entry: DirectoryEntry | undefined): void {
    this.database.run('DELETE FROM user_directory_words WHERE user_id = ?', userId);
    this.database.run('DELETE FROM user_directory_stale WHERE user_id = ?', userId);
    if (entry === undefined) {
      this.database.run('DELETE FROM user_directory WHERE user_id = ?', userId);
      return;
    }
    const { displayName, avatarUrl } = entry.profile;
    this.database.run('INSERT OR REPLACE INTO user_directory VALUES (?, ?, ?)', userId, displayName, avatarUrl);
    this.database.run(
      'INSERT INTO user_directory_words SELECT value, ?, count(*) FROM json_each(?) GROUP BY value',
      userId,
      JSON.stringify(entry.words),
    );
  }
}
