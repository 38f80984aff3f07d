import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import { BoundedCache } from './database/bounded-cache.js';
import type { Database } from './database/database.js';
import { JoinedRooms } from './joined-rooms.js';

/** One member of a room's state. */
export interface StateEntry {
  readonly type: string;
  readonly state_key: string;
  readonly event_id: EventId;
}

/** A change of a room's state; `event_id` null: the member went away. */
export interface StateChange {
  readonly type: string;
  readonly state_key: string;
  readonly event_id: EventId | null;
  readonly position: number;
}

/** A user's membership of a room. */
export interface Membership {
  readonly user_id: UserId;
  readonly room_id: RoomId;
  readonly membership: string;
  readonly event_id: EventId;
  readonly position: number;
}

/** The newest membership of a user in a room. */
export interface CurrentMembership extends Membership {
  /** 1: the user does not want to see the room any more. */
  readonly is_forgotten: number;
}

/** The state of rooms, now and at every position since they exist here, and memberships. */
export class StateStore {
  readonly joinedRooms: JoinedRooms;

  /** Whether a room has branches at all: most have none, and their events need not be looked up one by one. */
  private readonly branched = new BoundedCache<RoomId, boolean>(1000);

  constructor(private readonly database: Database) {
    this.joinedRooms = new JoinedRooms(database);
  }

  /** Stores what a state event changes. */
  set(roomId: RoomId, entry: StateEntry, position: number): void {
    const { type, state_key: key, event_id: id } = entry;
    this.database.run('INSERT OR REPLACE INTO current_state VALUES (?, ?, ?, ?)', roomId, type, key, id);
    this.database.run('INSERT OR REPLACE INTO state_history VALUES (?, ?, ?, ?, ?)', roomId, type, key, position, id);
  }

  /** Stores that a member of the state goes away. */
  remove(roomId: RoomId, type: string, stateKey: string, position: number): void {
    this.database.run(
      'DELETE FROM current_state WHERE room_id = ? AND type = ? AND state_key = ?',
      roomId,
      type,
      stateKey,
    );
    this.database.run(
      'INSERT OR REPLACE INTO state_history VALUES (?, ?, ?, ?, NULL)',
      roomId,
      type,
      stateKey,
      position,
    );
    if (type !== 'm.room.member') return;
    this.database.run('DELETE FROM memberships WHERE user_id = ? AND room_id = ?', stateKey, roomId);
    this.joinedRooms.forget(stateKey);
  }

  // --- branches

  /**
   * Notes that an event does not follow all that came before it, and the state after it where that is not the room's: it was
   * made where some events were not known.
   */
  setBranch(roomId: RoomId, eventId: EventId, state: readonly EventId[] | undefined): void {
    this.branched.set(roomId, true);
    const text = JSON.stringify(state ?? null);
    this.database.run('INSERT OR REPLACE INTO event_branches VALUES (?, ?, ?)', eventId, roomId, text);
  }

  /** The state after an event of a branch; undefined where it is the room's state after it. */
  branch(roomId: RoomId, eventId: EventId): readonly EventId[] | undefined {
    if (!this.isBranched(roomId)) return undefined;
    const row = this.database.get<{ state: string }>('SELECT state FROM event_branches WHERE event_id = ?', eventId);
    return row === undefined ? undefined : ((JSON.parse(row.state) as readonly EventId[] | null) ?? undefined);
  }

  /** Whether some event of a room does not follow all that came before it. */
  isBranched(roomId: RoomId): boolean {
    const known = this.branched.get(roomId);
    if (known !== undefined) return known;
    const row = this.database.get('SELECT 1 FROM event_branches WHERE room_id = ? LIMIT 1', roomId);
    this.branched.set(roomId, row !== undefined);
    return row !== undefined;
  }

  /** The event that was the state of this type and key after the events up to a position. */
  at(roomId: RoomId, type: string, stateKey: string, position: number): EventId | undefined {
    const row = this.database.get<{ event_id: EventId | null }>(
      `SELECT event_id FROM state_history WHERE room_id = ? AND type = ? AND state_key = ? AND position <= ?
       ORDER BY position DESC LIMIT 1`,
      roomId,
      type,
      stateKey,
      position,
    );
    return row?.event_id ?? undefined;
  }

  /** The whole state after the events up to a position. */
  allAt(roomId: RoomId, position: number): readonly StateEntry[] {
    return this.database.all<StateEntry>(
      `SELECT type, state_key, event_id FROM (
         SELECT type, state_key, event_id, max(position) FROM state_history
         WHERE room_id = ? AND position <= ? GROUP BY type, state_key
       ) WHERE event_id IS NOT NULL`,
      roomId,
      position,
    );
  }

  /** The changes after one position up to another, oldest first. */
  changes(roomId: RoomId, after: number, upTo: number): readonly StateChange[] {
    return this.database.all<StateChange>(
      `SELECT type, state_key, event_id, position FROM state_history
       WHERE room_id = ? AND position > ? AND position <= ? ORDER BY position`,
      roomId,
      after,
      upTo,
    );
  }

  // --- memberships

  setMembership(membership: Membership): void {
    const { user_id: userId, room_id: roomId, membership: value, event_id: eventId, position } = membership;
    this.joinedRooms.forget(userId);
    this.database.run(
      'INSERT OR REPLACE INTO memberships VALUES (?, ?, ?, ?, ?, 0)',
      userId,
      roomId,
      value,
      eventId,
      position,
    );
    this.database.run(
      'INSERT OR REPLACE INTO membership_history VALUES (?, ?, ?, ?, ?)',
      userId,
      position,
      roomId,
      value,
      eventId,
    );
  }

  membership(userId: UserId, roomId: RoomId): CurrentMembership | undefined {
    return this.database.get<CurrentMembership>(
      'SELECT * FROM memberships WHERE user_id = ? AND room_id = ?',
      userId,
      roomId,
    );
  }

  /** All rooms that a user has or had to do with, in the order in which their membership was set. */
  membershipsOf(userId: UserId): readonly CurrentMembership[] {
    return this.database.all<CurrentMembership>(
      'SELECT * FROM memberships WHERE user_id = ? ORDER BY position',
      userId,
    );
  }

  /** Everybody who has or had to do with a room, in the order in which their membership was set. */
  membershipsIn(roomId: RoomId): readonly CurrentMembership[] {
    return this.database.all<CurrentMembership>(
      'SELECT * FROM memberships WHERE room_id = ? ORDER BY position',
      roomId,
    );
  }

  /** How a user's memberships changed after one position up to another, oldest first. */
  membershipChanges(userId: UserId, after: number, upTo: number): readonly Membership[] {
    return this.database.all<Membership>(
      'SELECT * FROM membership_history WHERE user_id = ? AND position > ? AND position <= ? ORDER BY position',
      userId,
      after,
      upTo,
    );
  }

  setForgotten(userId: UserId, roomId: RoomId): void {
    this.database.run('UPDATE memberships SET is_forgotten = 1 WHERE user_id = ? AND room_id = ?', userId, roomId);
  }
}
