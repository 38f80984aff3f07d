import type { UserId } from '../../matrix/ids.js';
import type { Database } from './database.js';
import type { StoredProfile } from './user-store.js';

/** Anybody may find the members of a room that anybody may join, or read without joining. */
const publicRooms = `
  SELECT s.room_id FROM current_state AS s JOIN events AS e ON e.event_id = s.event_id
  WHERE s.state_key = '' AND (
    (s.type = 'm.room.join_rules' AND json_extract(e.json, '$.content.join_rule') = 'public') OR
    (s.type = 'm.room.history_visibility' AND json_extract(e.json, '$.content.history_visibility') = 'world_readable'))`;

/** What the user directory reads of rooms (`storage/databases/main/user_directory.py`). */
export class DirectoryStore {
  constructor(private readonly database: Database) {}

  /** The members of public rooms, and of the rooms that a user is in. */
  usersKnownTo(userId: UserId): readonly UserId[] {
    return this.database
      .all<{ user_id: UserId }>(
        `SELECT user_id FROM memberships WHERE membership = 'join' AND room_id IN (${publicRooms})
         UNION
         SELECT user_id FROM memberships WHERE membership = 'join' AND user_id <> ? AND room_id IN
           (SELECT room_id FROM memberships WHERE user_id = ? AND membership = 'join')`,
        userId,
        userId,
      )
      .map((row) => row.user_id);
  }

  /** The users of other servers in any room. */
  remoteUsers(): readonly UserId[] {
    return this.database
      .all<{ user_id: UserId }>(
        "SELECT DISTINCT user_id FROM memberships WHERE membership = 'join' AND user_id NOT IN (SELECT name FROM users)",
      )
      .map((row) => row.user_id);
  }

  /** Name and avatar of a user as the newest of their memberships says. */
  profileInRooms(userId: UserId): StoredProfile {
    const row = this.database.get<{ name: unknown; avatar: unknown }>(
      `SELECT json_extract(e.json, '$.content.displayname') AS name, json_extract(e.json, '$.content.avatar_url') AS avatar
         FROM memberships AS m JOIN events AS e ON e.event_id = m.event_id
         WHERE m.user_id = ? AND m.membership = 'join' ORDER BY m.position DESC LIMIT 1`,
      userId,
    );
    return {
      displayName: typeof row?.name === 'string' ? row.name : null,
      avatarUrl: typeof row?.avatar === 'string' ? row.avatar : null,
    };
  }
}
