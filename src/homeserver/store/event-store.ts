import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import { ChangedRoomIds } from './changed-room-ids.js';
import type { Database } from './database/database.js';
import type { DepthPlace, HistoryRange } from './history-range.js';
import { type EventSelection, SelectedEvents } from './selected-events.js';

/** An event as it is to be stored. */
export interface NewStoredEvent {
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
  /** 1: its content has a text named `url`; null where that is not computed yet. */
  readonly contains_url: number | null;
}

/** An event as it is stored. */
export interface StoredEvent extends NewStoredEvent {
  /** How far it is from the beginning of its room, as it says itself; 0 where it says nothing. */
  readonly depth: number;
}

/** Part of a room's history in the order in which it was stored. Positions are exclusive on the side where the reading starts, inclusive where it ends. */
export interface EventRange {
  readonly roomId: RoomId;
  readonly direction: 'f' | 'b';
  /** Forwards: events after it. Backwards: events up to and including it. */
  readonly from?: number;
  /** Forwards: up to and including it. Backwards: events after it. */
  readonly to?: number;
  readonly limit: number;
}

/** Part of the history of all rooms. */
export interface EventSpan {
  /** Events before it. */
  readonly before: number;
  /** Events at or after it. */
  readonly from: number;
  readonly limit: number;
}

/** Which events of a user are wanted. */
export interface SentByQuery {
  readonly types: readonly string[];
  readonly limit: number;
  /** Milliseconds since 1970; null: without limit. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Stored events. */
export class EventStore {
  /** The rooms that got events. */
  readonly changedRooms: ChangedRoomIds;
  private readonly selected: SelectedEvents;

  constructor(private readonly database: Database) {
    this.changedRooms = new ChangedRoomIds(database, 'events');
    this.selected = new SelectedEvents(database);
  }

  insert(event: NewStoredEvent): void {
    this.database.run(
      'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
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
      event.contains_url,
    );
  }

  /** Removes an event that was not part of the room's history, and now will be. */
  removeOutlier(eventId: EventId): void {
    this.database.run('DELETE FROM events WHERE event_id = ? AND is_hidden = 1', eventId);
  }

  find(eventId: string): StoredEvent | undefined {
    return this.database.get<StoredEvent>('SELECT * FROM events WHERE event_id = ?', eventId);
  }

  /** Events by their IDs, in any order. */
  findAll(eventIds: readonly EventId[]): readonly StoredEvent[] {
    if (eventIds.length === 0) return [];
    const sql = 'SELECT events.* FROM json_each(?) AS wanted JOIN events ON events.event_id = wanted.value';
    return this.database.all<StoredEvent>(sql, JSON.stringify(eventIds));
  }

  /** The events in the room's current state. */
  currentState(roomId: RoomId): readonly StoredEvent[] {
    return this.database.all<StoredEvent>(
      `SELECT events.* FROM current_state JOIN events USING (event_id) WHERE current_state.room_id = ?
       ORDER BY events.position`,
      roomId,
    );
  }

  /** Events in the order in which they were stored, or the other way round. */
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

  /** Events of some rooms, the newest first. */
  readAmong(roomIds: Iterable<RoomId>, { before, from, limit }: EventSpan): readonly StoredEvent[] {
    // The plus keeps SQLite from gathering all that the rooms hold before it sorts.
    return this.database.all<StoredEvent>(
      `SELECT * FROM events WHERE position < ? AND position >= ? AND is_hidden = 0
       AND +room_id IN (SELECT value FROM json_each(?)) ORDER BY position DESC LIMIT ?`,
      before,
      from,
      JSON.stringify([...roomIds]),
      limit,
    );
  }

  /** Events by depth, in order of reading; with a selection those that are wanted. */
  readHistory(range: HistoryRange, selection?: EventSelection): readonly StoredEvent[] {
    return this.selected.read(range, selection);
  }

  /** The place behind the deepest event of a room, at a position of the stream (`get_current_room_stream_token_for_room_id`). */
  endOf(roomId: RoomId, position: number): DepthPlace {
    const sql = 'SELECT coalesce(max(depth), 0) AS depth FROM events WHERE room_id = ?';
    return { depth: this.database.get<{ depth: number }>(sql, roomId)?.depth ?? 0, position };
  }

  /** The least depth of what a room got from a position on, or of its newest event (`get_current_topological_token`). */
  depthFrom(roomId: RoomId, position: number): number {
    const row = this.database.get<{ depth: number }>(
      `SELECT coalesce(min(depth), 0) AS depth FROM events
       WHERE room_id = ? AND position >= min(?, (SELECT max(position) FROM events WHERE room_id = ?))`,
      roomId,
      position,
      roomId,
    );
    return row?.depth ?? 0;
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
       ORDER BY origin_server_ts ${order}, depth ${order}, position ${order} LIMIT 1`,
      roomId,
      timestamp,
    );
  }

  /** What a user sent into a room, the deepest first. */
  sentBy(userId: UserId, roomId: RoomId, { types, limit, before, after }: SentByQuery): readonly EventId[] {
    const rows = this.database.all<{ event_id: EventId }>(
      `SELECT event_id FROM events WHERE likelihood(sender = ?, 0.0000001) AND room_id = ?
       AND type IN (SELECT value FROM json_each(?)) AND origin_server_ts <= ? AND origin_server_ts >= ?
       ORDER BY depth DESC, position DESC LIMIT ?`,
      userId,
      roomId,
      JSON.stringify(types),
      before ?? Number.MAX_SAFE_INTEGER,
      after ?? Number.MIN_SAFE_INTEGER,
      limit,
    );
    return rows.map((row) => row.event_id);
  }

  /** How many invites a user has sent since a time. */
  countInvites(userId: UserId, since: number): number {
    return this.count(
      `SELECT count(*) AS count FROM events WHERE sender = ? AND type = 'm.room.member'
       AND json_extract(json, '$.content.membership') = 'invite' AND origin_server_ts >= ?`,
      userId,
      since,
    );
  }

  /** How many rooms a user has joined since a time, those that they left again included. */
  countJoinedRooms(userId: UserId, since: number): number {
    return this.count(
      `SELECT count(DISTINCT room_id) AS count FROM events WHERE state_key = ? AND type = 'm.room.member'
       AND json_extract(json, '$.content.membership') = 'join' AND origin_server_ts >= ?`,
      userId,
      since,
    );
  }

  /**
   * Takes what is less deep than `depth` out of a room's history: messages go, state stays known, and so do the messages
   * of users of `keptServer`. The IDs of those that are gone.
   */
  purgeBefore(roomId: RoomId, depth: number, keptServer: string | undefined): readonly EventId[] {
    const old = 'room_id = ? AND depth < ?';
    const gone = this.database.all<{ event_id: EventId }>(
      `DELETE FROM events WHERE ${old} AND state_key IS NULL AND (? IS NULL OR sender NOT LIKE '%:' || ?) RETURNING event_id`,
      roomId,
      depth,
      keptServer ?? null,
      keptServer ?? null,
    );
    const isOutlier = `json_set(coalesce(metadata, '{}'), '$.isOutlier', json('true'))`;
    this.database.run(
      `UPDATE events SET is_hidden = 1, metadata = iif(state_key IS NULL, ${isOutlier}, metadata)
       WHERE ${old} AND is_hidden = 0`,
      roomId,
      depth,
    );
    return gone.map((row) => row.event_id);
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

  private count(sql: string, userId: UserId, since: number): number {
    return this.database.get<{ count: number }>(sql, userId, since)?.count ?? 0;
  }
}
