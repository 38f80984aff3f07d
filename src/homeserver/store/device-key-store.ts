import type { UserId } from '../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import { parseStoredJson, parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

/** The tables of {@link DeviceKeyStore}. */
export const deviceKeySchema: Schema = {
  name: 'device_keys',
  versions: [
    `CREATE TABLE device_keys (
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       json TEXT NOT NULL,
       PRIMARY KEY (user_id, device_id)
     ) WITHOUT ROWID;
     CREATE TABLE one_time_keys (
       number INTEGER PRIMARY KEY,
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       algorithm TEXT NOT NULL,
       key_id TEXT NOT NULL,
       json TEXT NOT NULL,
       UNIQUE (user_id, device_id, algorithm, key_id)
     );
     CREATE TABLE fallback_keys (
       user_id TEXT NOT NULL,
       device_id TEXT NOT NULL,
       algorithm TEXT NOT NULL,
       key_id TEXT NOT NULL,
       json TEXT NOT NULL,
       is_used INTEGER NOT NULL,
       PRIMARY KEY (user_id, device_id, algorithm)
     ) WITHOUT ROWID;
     CREATE TABLE cross_signing_keys (
       user_id TEXT NOT NULL,
       usage TEXT NOT NULL,
       json TEXT NOT NULL,
       PRIMARY KEY (user_id, usage)
     ) WITHOUT ROWID;
     CREATE TABLE key_signatures (
       signer TEXT NOT NULL,
       key_id TEXT NOT NULL,
       target_user TEXT NOT NULL,
       target_id TEXT NOT NULL,
       signature TEXT NOT NULL,
       PRIMARY KEY (target_user, target_id, signer, key_id)
     ) WITHOUT ROWID;
     CREATE TABLE device_list_changes (user_id TEXT PRIMARY KEY, position INTEGER NOT NULL);
     CREATE INDEX device_list_changes_position ON device_list_changes (position);`,
  ],
};

/** A key that can be claimed once, or again and again when it is a fallback key. */
export interface ClaimableKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly value: JsonValue;
}

/** A signature that somebody put under a key. */
export interface KeySignature {
  readonly signer: UserId;
  readonly keyId: string;
  readonly targetUser: UserId;
  /** The device ID, or the public key of a cross-signing key. */
  readonly targetId: string;
  readonly signature: string;
}

interface KeyRow {
  readonly key_id: string;
  readonly json: string;
}

/** The public keys of devices and users. */
export class DeviceKeyStore {
  constructor(private readonly database: Database) {}

  /** Stores the identity keys of a device; whether they are new. */
  setDeviceKeys(userId: UserId, deviceId: string, keys: JsonObject): boolean {
    const json = JSON.stringify(keys);
    const before = this.database.get<{ json: string }>(
      'SELECT json FROM device_keys WHERE user_id = ? AND device_id = ?',
      userId,
      deviceId,
    );
    if (before?.json === json) return false;
    this.database.run('INSERT OR REPLACE INTO device_keys VALUES (?, ?, ?)', userId, deviceId, json);
    return true;
  }

  /** Device ID to identity keys. */
  deviceKeysOf(userId: UserId): ReadonlyMap<string, JsonObject> {
    const rows = this.database.all<{ device_id: string; json: string }>(
      'SELECT device_id, json FROM device_keys WHERE user_id = ?',
      userId,
    );
    return new Map(rows.map((row) => [row.device_id, parseStoredObject(row.json)]));
  }

  /** The stored one-time key of this ID, as text. */
  oneTimeKey(userId: UserId, deviceId: string, algorithm: string, keyId: string): string | undefined {
    return this.database.get<KeyRow>(
      'SELECT key_id, json FROM one_time_keys WHERE user_id = ? AND device_id = ? AND algorithm = ? AND key_id = ?',
      userId,
      deviceId,
      algorithm,
      keyId,
    )?.json;
  }

  addOneTimeKey(userId: UserId, deviceId: string, key: ClaimableKey): void {
    this.database.run(
      'INSERT INTO one_time_keys (user_id, device_id, algorithm, key_id, json) VALUES (?, ?, ?, ?, ?)',
      userId,
      deviceId,
      key.algorithm,
      key.keyId,
      JSON.stringify(key.value),
    );
  }

  /** Algorithm to number of one-time keys. */
  countOneTimeKeys(userId: UserId, deviceId: string): ReadonlyMap<string, number> {
    const rows = this.database.all<{ algorithm: string; count: number }>(
      'SELECT algorithm, COUNT(*) AS count FROM one_time_keys WHERE user_id = ? AND device_id = ? GROUP BY algorithm',
      userId,
      deviceId,
    );
    return new Map(rows.map((row) => [row.algorithm, row.count]));
  }

  setFallbackKey(userId: UserId, deviceId: string, key: ClaimableKey): void {
    this.database.run(
      'INSERT OR REPLACE INTO fallback_keys VALUES (?, ?, ?, ?, ?, 0)',
      userId,
      deviceId,
      key.algorithm,
      key.keyId,
      JSON.stringify(key.value),
    );
  }

  unusedFallbackTypes(userId: UserId, deviceId: string): string[] {
    return this.database
      .all<{ algorithm: string }>(
        'SELECT algorithm FROM fallback_keys WHERE user_id = ? AND device_id = ? AND is_used = 0',
        userId,
        deviceId,
      )
      .map((row) => row.algorithm);
  }

  /** Takes a one-time key out of the store, or else lends the fallback key. */
  claim(userId: UserId, deviceId: string, algorithm: string): ClaimableKey | undefined {
    return this.database.transaction(() => {
      const oneTime = this.database.get<KeyRow & { number: number }>(
        'SELECT number, key_id, json FROM one_time_keys WHERE user_id = ? AND device_id = ? AND algorithm = ? ORDER BY number LIMIT 1',
        userId,
        deviceId,
        algorithm,
      );
      if (oneTime !== undefined) {
        this.database.run('DELETE FROM one_time_keys WHERE number = ?', oneTime.number);
        return claimable(algorithm, oneTime);
      }
      const place = 'WHERE user_id = ? AND device_id = ? AND algorithm = ?';
      const fallback = this.database.get<KeyRow>(
        `SELECT key_id, json FROM fallback_keys ${place}`,
        userId,
        deviceId,
        algorithm,
      );
      if (fallback === undefined) return undefined;
      this.database.run(`UPDATE fallback_keys SET is_used = 1 ${place}`, userId, deviceId, algorithm);
      return claimable(algorithm, fallback);
    });
  }

  /** Forgets the keys of a device that is gone. */
  deleteDevice(userId: UserId, deviceId: string): void {
    for (const table of ['device_keys', 'one_time_keys', 'fallback_keys']) {
      this.database.run(`DELETE FROM ${table} WHERE user_id = ? AND device_id = ?`, userId, deviceId);
    }
  }

  setCrossSigningKey(userId: UserId, usage: string, key: JsonObject): void {
    this.database.run('INSERT OR REPLACE INTO cross_signing_keys VALUES (?, ?, ?)', userId, usage, JSON.stringify(key));
  }

  crossSigningKey(userId: UserId, usage: string): JsonObject | undefined {
    const row = this.database.get<{ json: string }>(
      'SELECT json FROM cross_signing_keys WHERE user_id = ? AND usage = ?',
      userId,
      usage,
    );
    return row && parseStoredObject(row.json);
  }

  addSignature(signature: KeySignature): void {
    this.database.run(
      'INSERT OR REPLACE INTO key_signatures VALUES (?, ?, ?, ?, ?)',
      signature.signer,
      signature.keyId,
      signature.targetUser,
      signature.targetId,
      signature.signature,
    );
  }

  /** The signatures under a key that its owner or the viewer put there. */
  signaturesUnder(targetUser: UserId, targetId: string, viewer: UserId): KeySignature[] {
    return this.database.all<KeySignature>(
      `SELECT signer, key_id AS keyId, target_user AS targetUser, target_id AS targetId, signature FROM key_signatures
       WHERE target_user = ? AND target_id = ? AND (signer = target_user OR signer = ?)`,
      targetUser,
      targetId,
      viewer,
    );
  }

  /** Notes that a user's devices or their keys changed. */
  markChanged(userId: UserId, position: number): void {
    this.database.run('INSERT OR REPLACE INTO device_list_changes VALUES (?, ?)', userId, position);
  }

  /** Whose devices changed after a position. */
  changedSince(position: number): UserId[] {
    return this.database
      .all<{ user_id: UserId }>('SELECT user_id FROM device_list_changes WHERE position > ?', position)
      .map((row) => row.user_id);
  }
}

function claimable(algorithm: string, row: KeyRow): ClaimableKey {
  return { algorithm, keyId: row.key_id, value: parseStoredJson(row.json) };
}
