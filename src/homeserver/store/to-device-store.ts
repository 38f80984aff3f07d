import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

/** The table of {@link ToDeviceStore}. */
export const toDeviceSchema: Schema = {
  name: 'to_device',
  versions: [
    `CREATE TABLE to_device_messages (
       position INTEGER PRIMARY KEY,
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       json TEXT NOT NULL
     );
     CREATE INDEX to_device_messages_device ON to_device_messages (user_id, device_id, position);`,
  ],
};

/** A message that waits for a device. */
export interface ToDeviceMessage {
  readonly position: number;
  readonly message: JsonObject;
}

/** Messages from device to device until they are fetched. */
export class ToDeviceStore {
  constructor(private readonly database: Database) {}

  add(position: number, userId: UserId, deviceId: string, message: JsonObject): void {
    this.database.run(
      'INSERT INTO to_device_messages VALUES (?, ?, ?, ?)',
      position,
      userId,
      deviceId,
      JSON.stringify(message),
    );
  }

  /** The oldest messages for a device after one position up to another. */
  read(userId: UserId, deviceId: string, after: number, upTo: number, limit: number): ToDeviceMessage[] {
    return this.database
      .all<{ position: number; json: string }>(
        `SELECT position, json FROM to_device_messages
         WHERE user_id = ? AND device_id = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?`,
        userId,
        deviceId,
        after,
        upTo,
        limit,
      )
      .map((row) => ({ position: row.position, message: parseStoredObject(row.json) }));
  }

  /** Forgets the messages that a device has got. */
  deleteUpTo(userId: UserId, deviceId: string, position: number): void {
    this.database.run(
      'DELETE FROM to_device_messages WHERE user_id = ? AND device_id = ? AND position <= ?',
      userId,
      deviceId,
      position,
    );
  }
}
