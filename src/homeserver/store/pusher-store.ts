import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

export const pusherSchema: Schema = {
  name: 'pushers',
  versions: [
    `CREATE TABLE pushers (
       id INTEGER PRIMARY KEY,
       user_name TEXT NOT NULL,
       access_token INTEGER,
       profile_tag TEXT NOT NULL,
       kind TEXT NOT NULL,
       app_id TEXT NOT NULL,
       app_display_name TEXT NOT NULL,
       device_display_name TEXT NOT NULL,
       pushkey TEXT NOT NULL,
       ts INTEGER NOT NULL,
       lang TEXT,
       data TEXT NOT NULL,
       enabled INTEGER NOT NULL DEFAULT 1,
       device_id TEXT,
       UNIQUE (app_id, pushkey, user_name)
     );
     CREATE INDEX pushers_user_name ON pushers (user_name);`,
  ],
};

/** A receiver of push notifications. */
export interface Pusher {
  readonly userId: UserId;
  readonly appId: string;
  readonly pushkey: string;
  /** `http` or `email`. */
  readonly kind: string;
  readonly appDisplayName: string;
  readonly deviceDisplayName: string;
  readonly profileTag: string;
  readonly lang: string | null;
  readonly data: JsonObject;
  readonly accessTokenId: number | null;
  readonly deviceId: string | null;
  readonly createdTs: number;
}

const selectPushers = `
  SELECT user_name AS userId, app_id AS appId, pushkey, kind, app_display_name AS appDisplayName,
         device_display_name AS deviceDisplayName, profile_tag AS profileTag, lang, data,
         access_token AS accessTokenId, device_id AS deviceId, ts AS createdTs
  FROM pushers`;

/** Pushers of users. */
export class PusherStore {
  constructor(private readonly database: Database) {}

  ofUser(userId: UserId): readonly Pusher[] {
    return this.database
      .all<Omit<Pusher, 'data'> & { data: string }>(`${selectPushers} WHERE user_name = ? ORDER BY id`, userId)
      .map((row) => ({ ...row, data: parseStoredObject(row.data) }));
  }

  save(pusher: Pusher): void {
    this.database.run(
      `INSERT OR REPLACE INTO pushers
         (user_name, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang, data, access_token,
          device_id, ts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      pusher.userId,
      pusher.appId,
      pusher.pushkey,
      pusher.kind,
      pusher.appDisplayName,
      pusher.deviceDisplayName,
      pusher.profileTag,
      pusher.lang,
      JSON.stringify(pusher.data),
      pusher.accessTokenId,
      pusher.deviceId,
      pusher.createdTs,
    );
  }

  delete(userId: UserId, appId: string, pushkey: string): void {
    this.database.run('DELETE FROM pushers WHERE user_name = ? AND app_id = ? AND pushkey = ?', userId, appId, pushkey);
  }

  /** Removes a receiver from everybody but one user: it is theirs now. */
  deleteOfOthers(userId: UserId, appId: string, pushkey: string): void {
    this.database.run(
      'DELETE FROM pushers WHERE app_id = ? AND pushkey = ? AND user_name <> ?',
      appId,
      pushkey,
      userId,
    );
  }

  deleteOfAccessToken(accessTokenId: number): void {
    this.database.run('DELETE FROM pushers WHERE access_token = ?', accessTokenId);
  }

  deleteOfDevice(userId: UserId, deviceId: string): void {
    this.database.run('DELETE FROM pushers WHERE user_name = ? AND device_id = ?', userId, deviceId);
  }

  deleteOfUser(userId: UserId): void {
    this.database.run('DELETE FROM pushers WHERE user_name = ?', userId);
  }
}
