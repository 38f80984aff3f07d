import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

export const accountDataSchema: Schema = {
  name: 'account_data',
  versions: [
    `CREATE TABLE account_data (
       user_id TEXT NOT NULL,
       account_data_type TEXT NOT NULL,
       stream_id INTEGER NOT NULL,
       content TEXT NOT NULL,
       PRIMARY KEY (user_id, account_data_type)
     ) WITHOUT ROWID;
     CREATE INDEX account_data_stream_id ON account_data (user_id, stream_id);
     CREATE TABLE room_account_data (
       user_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       account_data_type TEXT NOT NULL,
       stream_id INTEGER NOT NULL,
       content TEXT NOT NULL,
       PRIMARY KEY (user_id, room_id, account_data_type)
     ) WITHOUT ROWID;
     CREATE INDEX room_account_data_stream_id ON room_account_data (user_id, stream_id);
     CREATE TABLE room_tags (
       user_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       tag TEXT NOT NULL,
       content TEXT NOT NULL,
       PRIMARY KEY (user_id, room_id, tag)
     ) WITHOUT ROWID;
     CREATE TABLE room_tags_revisions (
       user_id TEXT NOT NULL,
       room_id TEXT NOT NULL,
       stream_id INTEGER NOT NULL,
       PRIMARY KEY (user_id, room_id)
     ) WITHOUT ROWID;`,
  ],
};

/** One piece of account data; `roomId` is null for global data. */
export interface AccountDatum {
  readonly roomId: RoomId | null;
  readonly type: string;
  readonly content: JsonObject;
}

interface DatumRow {
  readonly room_id: RoomId | null;
  readonly type: string;
  readonly content: string;
}

/** Account data and room tags. What was deleted stays as an empty object, so that `/sync` can tell it. */
export class AccountDataStore {
  constructor(private readonly database: Database) {}

  find(userId: UserId, roomId: RoomId | null, type: string): JsonObject | undefined {
    const row =
      roomId === null
        ? this.database.get<{ content: string }>(
            'SELECT content FROM account_data WHERE user_id = ? AND account_data_type = ?',
            userId,
            type,
          )
        : this.database.get<{ content: string }>(
            'SELECT content FROM room_account_data WHERE user_id = ? AND room_id = ? AND account_data_type = ?',
            userId,
            roomId,
            type,
          );
    return row && parseStoredObject(row.content);
  }

  save(userId: UserId, { roomId, type, content }: AccountDatum, streamId: number): void {
    const text = JSON.stringify(content);
    if (roomId === null) {
      this.database.run(
        'INSERT OR REPLACE INTO account_data (user_id, account_data_type, stream_id, content) VALUES (?, ?, ?, ?)',
        userId,
        type,
        streamId,
        text,
      );
    } else {
      this.database.run(
        'INSERT OR REPLACE INTO room_account_data VALUES (?, ?, ?, ?, ?)',
        userId,
        roomId,
        type,
        streamId,
        text,
      );
    }
  }

  /** All account data of a user, global and of rooms, changed after a position. */
  since(userId: UserId, position: number): readonly AccountDatum[] {
    return this.database
      .all<DatumRow>(
        `SELECT NULL AS room_id, account_data_type AS type, content FROM account_data
           WHERE user_id = ? AND stream_id > ?
         UNION ALL
         SELECT room_id, account_data_type AS type, content FROM room_account_data
           WHERE user_id = ? AND stream_id > ?`,
        userId,
        position,
        userId,
        position,
      )
      .map(datumOf);
  }

  /** All account data of a user for one room. */
  ofRoom(userId: UserId, roomId: RoomId): readonly AccountDatum[] {
    return this.database
      .all<DatumRow>(
        `SELECT room_id, account_data_type AS type, content FROM room_account_data WHERE user_id = ? AND room_id = ?`,
        userId,
        roomId,
      )
      .map(datumOf);
  }

  deleteOfUser(userId: UserId): void {
    this.database.transaction(() => {
      for (const table of ['account_data', 'room_account_data', 'room_tags', 'room_tags_revisions']) {
        this.database.run(`DELETE FROM ${table} WHERE user_id = ?`, userId);
      }
    });
  }

  deleteOfRoom(roomId: RoomId): void {
    for (const table of ['room_account_data', 'room_tags', 'room_tags_revisions']) {
      this.database.run(`DELETE FROM ${table} WHERE room_id = ?`, roomId);
    }
  }

  // --- tags

  /** Tag to content. */
  tagsOf(userId: UserId, roomId: RoomId): Readonly<Record<string, JsonObject>> {
    const rows = this.database.all<{ tag: string; content: string }>(
      'SELECT tag, content FROM room_tags WHERE user_id = ? AND room_id = ?',
      userId,
      roomId,
    );
    return Object.fromEntries(rows.map((row) => [row.tag, parseStoredObject(row.content)]));
  }

  /** The rooms whose tags changed after a position. */
  roomsTaggedSince(userId: UserId, position: number): readonly RoomId[] {
    return this.database
      .all<{ room_id: RoomId }>(
        'SELECT room_id FROM room_tags_revisions WHERE user_id = ? AND stream_id > ?',
        userId,
        position,
      )
      .map((row) => row.room_id);
  }

  /** Sets a tag, or removes it when the content is undefined. */
  saveTag(userId: UserId, roomId: RoomId, tag: string, content: JsonObject | undefined, streamId: number): void {
    this.database.transaction(() => {
      if (content === undefined) {
        this.database.run('DELETE FROM room_tags WHERE user_id = ? AND room_id = ? AND tag = ?', userId, roomId, tag);
      } else {
        this.database.run(
          'INSERT OR REPLACE INTO room_tags VALUES (?, ?, ?, ?)',
          userId,
          roomId,
          tag,
          JSON.stringify(content),
        );
      }
      this.database.run('INSERT OR REPLACE INTO room_tags_revisions VALUES (?, ?, ?)', userId, roomId, streamId);
    });
  }
}

function datumOf(row: DatumRow): AccountDatum {
  return { roomId: row.room_id, type: row.type, content: parseStoredObject(row.content) };
}
