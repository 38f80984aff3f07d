import type { RoomAlias, RoomId, UserId } from '../../matrix/ids.js';
import { noRowFound, StoreError } from '../parity/synapse-errors.js';
import type { Database } from './database/database.js';

/** A room that this server knows. */
export interface StoredRoom {
  readonly room_id: RoomId;
  readonly version: string;
  /** Empty for rooms of other servers. */
  readonly creator: UserId | '';
  /** 1: listed in the room directory. */
  readonly is_public: number;
}

/** What an alias stands for. */
export interface StoredAlias {
  readonly alias: RoomAlias;
  readonly room_id: RoomId;
  /** JSON list of servers. */
  readonly servers: string;
  readonly creator: UserId | null;
}

/** A deletion of a room in the background (`TaskStatus`, `handlers/pagination.py`). */
export interface RoomDeletion {
  readonly delete_id: string;
  readonly room_id: RoomId;
  readonly status: 'scheduled' | 'active' | 'complete' | 'failed';
  /** JSON of what was asked for. */
  readonly params: string;
  /** JSON of what was done so far. */
  readonly result: string | null;
  readonly error: string | null;
  readonly started_ts: number;
}

/** Rooms, aliases, blocked rooms, deletions and this server's signing key. */
export class RoomStore {
  constructor(private readonly database: Database) {}

  find(roomId: string): StoredRoom | undefined {
    return this.database.get<StoredRoom>('SELECT * FROM rooms WHERE room_id = ?', roomId);
  }

  all(): readonly StoredRoom[] {
    return this.database.all<StoredRoom>('SELECT * FROM rooms');
  }

  /** The rooms in the room directory. */
  published(): readonly StoredRoom[] {
    return this.database.all<StoredRoom>('SELECT * FROM rooms WHERE is_public = 1');
  }

  /** Stores a new room; false when there is one with this ID. */
  create(room: StoredRoom): boolean {
    const { room_id: roomId, version, creator, is_public: isPublic } = room;
    return (
      this.database.run('INSERT OR IGNORE INTO rooms VALUES (?, ?, ?, ?)', roomId, version, creator, isPublic).changes >
      0
    );
  }

  /** Puts a room into the room directory or takes it out, or 404. */
  setPublic(roomId: RoomId, isPublic: boolean): void {
    const { changes } = this.database.run('UPDATE rooms SET is_public = ? WHERE room_id = ?', Number(isPublic), roomId);
    if (changes === 0) throw noRowFound('rooms');
  }

  /** Removes everything that is known of a room, its block excepted. */
  purge(roomId: RoomId): void {
    const tables = [
      'events',
      'extremities',
      'current_state',
      'state_history',
      'memberships',
      'membership_history',
      'relations',
      'event_branches',
      'event_transactions',
      'aliases',
      'rooms',
    ];
    this.database.transaction(() => {
      for (const table of tables) this.database.run(`DELETE FROM ${table} WHERE room_id = ?`, roomId);
    });
  }

  // --- blocked rooms

  /** Who blocked a room. */
  blockedBy(roomId: RoomId): UserId | undefined {
    return this.database.get<{ user_id: UserId }>('SELECT user_id FROM blocked_rooms WHERE room_id = ?', roomId)
      ?.user_id;
  }

  block(roomId: RoomId, userId: UserId): void {
    this.database.run('INSERT OR IGNORE INTO blocked_rooms VALUES (?, ?)', roomId, userId);
  }

  unblock(roomId: RoomId): void {
    this.database.run('DELETE FROM blocked_rooms WHERE room_id = ?', roomId);
  }

  // --- aliases

  findAlias(alias: string): StoredAlias | undefined {
    return this.database.get<StoredAlias>('SELECT * FROM aliases WHERE alias = ?', alias);
  }

  aliasesOf(roomId: RoomId): readonly RoomAlias[] {
    return this.database
      .all<{ alias: RoomAlias }>('SELECT alias FROM aliases WHERE room_id = ?', roomId)
      .map((row) => row.alias);
  }

  /** Stores an alias, or 409 when it is taken. */
  addAlias(alias: StoredAlias): void {
    const { changes } = this.database.run(
      'INSERT OR IGNORE INTO aliases VALUES (?, ?, ?, ?)',
      alias.alias,
      alias.room_id,
      alias.servers,
      alias.creator,
    );
    if (changes === 0) throw new StoreError(409, `Room alias ${alias.alias} already exists`);
  }

  removeAlias(alias: string): void {
    this.database.run('DELETE FROM aliases WHERE alias = ?', alias);
  }

  /** Lets the aliases of one room stand for another. */
  moveAliases(from: RoomId, to: RoomId, creator?: UserId): void {
    this.database.run(
      'UPDATE aliases SET room_id = ?, creator = coalesce(?, creator) WHERE room_id = ?',
      to,
      creator ?? null,
      from,
    );
  }

  // --- deletions

  saveDeletion(deletion: RoomDeletion): void {
    this.database.run(
      'INSERT OR REPLACE INTO room_deletions VALUES (?, ?, ?, ?, ?, ?, ?)',
      deletion.delete_id,
      deletion.room_id,
      deletion.status,
      deletion.params,
      deletion.result,
      deletion.error,
      deletion.started_ts,
    );
  }

  findDeletion(deleteId: string): RoomDeletion | undefined {
    return this.database.get<RoomDeletion>('SELECT * FROM room_deletions WHERE delete_id = ?', deleteId);
  }

  deletionsOf(roomId: RoomId): readonly RoomDeletion[] {
    return this.database.all<RoomDeletion>(
      'SELECT * FROM room_deletions WHERE room_id = ? ORDER BY started_ts',
      roomId,
    );
  }

  /** Deletions that were not finished when the server stopped. */
  unfinishedDeletions(): readonly RoomDeletion[] {
    return this.database.all<RoomDeletion>(
      "SELECT * FROM room_deletions WHERE status IN ('scheduled', 'active') ORDER BY started_ts",
    );
  }

  // --- signing key

  signingKey(): { readonly keyId: string; readonly seed: string } | undefined {
    const row = this.database.get<{ key_id: string; seed: string }>('SELECT key_id, seed FROM server_keys LIMIT 1');
    return row === undefined ? undefined : { keyId: row.key_id, seed: row.seed };
  }

  saveSigningKey(key: { readonly keyId: string; readonly seed: string }): void {
    this.database.run('INSERT OR REPLACE INTO server_keys VALUES (?, ?)', key.keyId, key.seed);
  }
}
