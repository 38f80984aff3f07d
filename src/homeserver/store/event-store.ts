import { type EventId, type RoomId, type UserId } from '../../matrix/ids.js';
import { type Database } from './database.js';

/** An event as it is stored. */
export interface StoredEvent {
  readonly position: number;
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly type: string;
  readonly state_key: string | null;
  readonly sender: UserId;
  readonly origin_server_ts: number;
  /** The event as servers exchange it. */
  readonly json: string;
  /** What this server notes beside it, as JSON. */
  readonly metadata: string | null;
  /** 1: not part of the history that clients see (outlier, soft-failed, rejected). */
  readonly is_hidden: number;
  readonly redacted_by: EventId | null;
}

/** Part of a room's history. Positions are exclusive on the side where the reading starts, inclusive where it ends. */
export interface EventRange {
  readonly roomId: RoomId;
  readonly direction: 'f' | 'b';
  /** Forwards: events after it. Backwards: events up to and including it. */
  readonly from?: number;
  /** Forwards: up to and including it. Backwards: events after it. */
  readonly to?: number;
  readonly limit: number;
}

/** Stored events. */
export class EventStore {
  constructor(private readonly database: Database) {}

  /** The highest position that an event has. */
  lastStreamPosition(): number {
    return this.database.get<{ last: number | null }>('SELECT max(position) AS last FROM events')?.last ?? 0;
  }

  insert(event: StoredEvent): void {
    this.database.run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      event.position,
      event.event_id,
      event.room_id,
      event.type,
      event.state_key,
      event.sender,
      event.origin_server_ts,
      event.json,
      event.metadata,
      event.is_hidden,
      event.redacted_by,
    );
  }

  find(eventId: string): StoredEvent | undefined {
    return this.database.get<StoredEvent>('SELECT * FROM events WHERE event_id = ?', eventId);
  }

  /** The events in the room's current state. */
  currentState(roomId: RoomId): readonly StoredEvent[] {
    return this.database.all<StoredEvent>(
      `SELECT events.* FROM current_state JOIN events USING (event_id) WHERE current_state.room_id = ?
       ORDER BY events.position`,
      roomId,
    );
  }

  /** Events in order of reading. */
  read(range: EventRange): readonly StoredEvent[] {
    const { roomId, direction, from, to, limit } = range;
    if (direction === 'f') {
      return this.database.all<StoredEvent>(
        `SELECT * FROM events WHERE room_id = ? AND position > ? AND position <= ? AND is_hidden = 0
         ORDER BY position LIMIT ?`,
        roomId,
        from ?? Number.MIN_SAFE_INTEGER,
        to ?? Number.MAX_SAFE_INTEGER,
        limit,
      );
    }
    return this.database.all<StoredEvent>(
      `SELECT * FROM events WHERE room_id = ? AND position <= ? AND position > ? AND is_hidden = 0
       ORDER BY position DESC LIMIT ?`,
      roomId,
      from ?? Number.MAX_SAFE_INTEGER,
      to ?? Number.MIN_SAFE_INTEGER,
      limit,
    );
  }

  /** The newest event of a room at or before a position. */
  newestIn(roomId: RoomId, position = Number.MAX_SAFE_INTEGER): StoredEvent | undefined {
    return this.read({ roomId, direction: 'b', from: position, limit: 1 })[0];
  }

  /** The event nearest in time, looking one way. */
  nearestInTime(roomId: RoomId, timestamp: number, direction: 'f' | 'b'): StoredEvent | undefined {
    const [compare, order] = direction === 'f' ? ['>=', 'ASC'] : ['<=', 'DESC'];
    return this.database.get<StoredEvent>(
      `SELECT * FROM events WHERE room_id = ? AND origin_server_ts ${compare} ? AND is_hidden = 0
       ORDER BY origin_server_ts ${order}, position ${order} LIMIT 1`,
      roomId,
      timestamp,
    );
  }

  /** Notes that an event was redacted; the stored text stays. */
  setRedactedBy(eventId: EventId, redaction: EventId): void {
    this.database.run('UPDATE events SET redacted_by = ? WHERE event_id = ?', redaction, eventId);
  }

  // --- forward extremities

  extremities(roomId: RoomId): readonly EventId[] {
    return this.database
      .all<{ event_id: EventId }>('SELECT event_id FROM extremities WHERE room_id = ?', roomId)
      .map((row) => row.event_id);
  }

  /** Stores the extremities of a room whose newest event is not the only one; none otherwise. */
  setExtremities(roomId: RoomId, eventIds: readonly EventId[]): void {
    this.database.run('DELETE FROM extremities WHERE room_id = ?', roomId);
    for (const id of eventIds) this.database.run('INSERT INTO extremities VALUES (?, ?)', roomId, id);
  }

  // --- transactions

  /** The event that a device sent with this transaction ID. */
  findTransaction(userId: UserId, deviceId: string, roomId: RoomId, txnId: string): EventId | undefined {
    return this.database.get<{ event_id: EventId }>(
      'SELECT event_id FROM event_transactions WHERE user_id = ? AND device_id = ? AND room_id = ? AND txn_id = ?',
      userId,
      deviceId,
      roomId,
      txnId,
    )?.event_id;
  }

  addTransaction(
    userId: UserId,
    deviceId: string,
    txnId: string,
    event: Pick<StoredEvent, 'room_id' | 'event_id'>,
    now: number,
  ): void {
    this.database.run(
      'INSERT OR IGNORE INTO event_transactions VALUES (?, ?, ?, ?, ?, ?)',
      userId,
      deviceId,
      event.room_id,
      txnId,
      event.event_id,
      now,
    );
  }

  /** Forgets transaction IDs used before a time. */
  forgetTransactions(before: number): void {
    this.database.run('DELETE FROM event_transactions WHERE sent_ts < ?', before);
  }
}
