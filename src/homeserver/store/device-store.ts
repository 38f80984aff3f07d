import type { UserId } from '../../matrix/ids.js';
import type { Database, Schema } from './database/database.js';

export const deviceSchema: Schema = {
  name: 'devices',
  versions: [
    `CREATE TABLE devices (
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       display_name TEXT,
       last_seen INTEGER,
       ip TEXT,
       user_agent TEXT,
       hidden INTEGER NOT NULL DEFAULT 0,
       PRIMARY KEY (user_id, device_id)
     ) WITHOUT ROWID;
     CREATE TABLE user_ips (
       user_id TEXT NOT NULL,
       access_token TEXT NOT NULL,
       ip TEXT NOT NULL,
       device_id TEXT,
       user_agent TEXT NOT NULL,
       last_seen INTEGER NOT NULL,
       PRIMARY KEY (user_id, access_token, ip)
     ) WITHOUT ROWID;`,
  ],
};

/** A device as it is stored, with its latest sighting. */
export interface DeviceRow {
  readonly device_id: string;
  readonly user_id: UserId;
  readonly display_name: string | null;
  readonly last_seen_ts: number | null;
  readonly last_seen_ip: string | null;
  readonly last_seen_user_agent: string | null;
}

/** Where a user was seen (`UserIpAndAgent`); `lastSeen` in milliseconds. */
export interface Sighting {
  readonly accessToken: string;
  readonly deviceId: string | null;
  readonly ip: string;
  readonly userAgent: string;
  readonly lastSeen: number;
}

const selectDevices = `
  SELECT device_id, user_id, display_name,
         last_seen AS last_seen_ts, ip AS last_seen_ip, user_agent AS last_seen_user_agent
  FROM devices`;

/** Devices, and where they were seen. */
export class DeviceStore {
  constructor(private readonly database: Database) {}

  find(userId: UserId, deviceId: string): DeviceRow | undefined {
    return this.database.get(`${selectDevices} WHERE user_id = ? AND device_id = ?`, userId, deviceId);
  }

  has(userId: UserId, deviceId: string): boolean {
    return (
      this.database.get('SELECT 1 FROM devices WHERE user_id = ? AND device_id = ?', userId, deviceId) !== undefined
    );
  }

  /** How many devices some users have. */
  countOf(users: readonly UserId[]): number {
    return users.reduce((count, userId) => count + this.ofUser(userId).length, 0);
  }

  ofUser(userId: UserId): readonly DeviceRow[] {
    return this.database.all(`${selectDevices} WHERE user_id = ?`, userId);
  }

  /** Stores a device where there is none of this ID; whether there was none. */
  add(userId: UserId, deviceId: string, displayName: string | null): boolean {
    const { changes } = this.database.run(
      'INSERT OR IGNORE INTO devices (user_id, device_id, display_name) VALUES (?, ?, ?)',
      userId,
      deviceId,
      displayName,
    );
    return changes > 0;
  }

  /** Renames a device; whether there is one. */
  rename(userId: UserId, deviceId: string, displayName: string): boolean {
    const { changes } = this.database.run(
      'UPDATE devices SET display_name = ? WHERE user_id = ? AND device_id = ?',
      displayName,
      userId,
      deviceId,
    );
    return changes > 0;
  }

  delete(userId: UserId, deviceId: string): void {
    this.database.run('DELETE FROM devices WHERE user_id = ? AND device_id = ?', userId, deviceId);
  }

  recordSighting(userId: string, sighting: Sighting): void {
    const { ip, userAgent, lastSeen, deviceId } = sighting;
    if (deviceId !== null) {
      this.database.run(
        'UPDATE devices SET last_seen = ?, ip = ?, user_agent = ? WHERE user_id = ? AND device_id = ?',
        lastSeen,
        ip,
        userAgent,
        userId,
        deviceId,
      );
    }
    this.database.run(
      'INSERT OR REPLACE INTO user_ips VALUES (?, ?, ?, ?, ?, ?)',
      userId,
      sighting.accessToken,
      sighting.ip,
      sighting.deviceId,
      sighting.userAgent,
      sighting.lastSeen,
    );
  }

  /** Forgets who was seen where before a time (milliseconds). */
  deleteSightings(before: number): void {
    this.database.run('DELETE FROM user_ips WHERE last_seen < ?', before);
  }

  /** Where the user was seen since a time (milliseconds), the latest first. */
  sightingsOf(userId: UserId, since = 0): readonly Sighting[] {
    return this.database.all(
      `SELECT access_token AS accessToken, device_id AS deviceId, ip, user_agent AS userAgent, last_seen AS lastSeen
         FROM user_ips WHERE user_id = ? AND last_seen >= ? ORDER BY last_seen DESC`,
      userId,
      since,
    );
  }
}
