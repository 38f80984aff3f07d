import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { Database } from './database.js';
import { contentHasUrl } from './room-schema.js';

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
  /** 1: its content has a text named `url`; null where that is not computed yet. */
  readonly contains_url: number | null;
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

/** Which events are wanted; empty lists and `false` leave nothing out. `*` in a type stands for any text. */
export interface EventSelection {
  readonly types: readonly string[];
  readonly notTypes: readonly string[];
  readonly senders: readonly string[];
  readonly notSenders: readonly string[];
  /** Some event of one of these senders relates to it. */
  readonly relatedBySenders: readonly string[];
  /** Some event relates to it in one of these ways. */
  readonly relatedByTypes: readonly string[];
  /** Its content has a text named `url`. */
  readonly containsUrl: boolean;
}

/** One text whatever is selected: statements are kept. The values are JSON lists. */
const selected = `
  (:types = '[]' OR EXISTS (SELECT 1 FROM json_each(:types) WHERE events.type GLOB value))
  AND NOT EXISTS (SELECT 1 FROM json_each(:notTypes) WHERE events.type GLOB value)
  AND (:senders = '[]' OR sender IN (SELECT value FROM json_each(:senders)))
  AND sender NOT IN (SELECT value FROM json_each(:notSenders))
  AND (:containsUrl = 0 OR coalesce(contains_url, ${contentHasUrl}) = 1)
  AND ((:relatedBySenders = '[]' AND :relatedByTypes = '[]') OR EXISTS (
    SELECT 1 FROM relations WHERE parent_id = events.event_id
    AND (:relatedBySenders = '[]' OR relations.sender IN (SELECT value FROM json_each(:relatedBySenders)))
    AND (:relatedByTypes = '[]' OR relations.rel_type IN (SELECT value FROM json_each(:relatedByTypes)))))`;

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
  constructor(private readonly database: Database) {}

  insert(event: StoredEvent): void {
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

  /** Those events of a part of the history that are wanted. */
  readSelected(range: EventRange, selection: EventSelection): readonly StoredEvent[] {
    const { roomId, direction, limit } = range;
    const [low, high] = direction === 'f' ? [range.from, range.to] : [range.to, range.from];
    return this.database.all<StoredEvent>(
      `SELECT * FROM events WHERE room_id = :roomId AND position > :low AND position <= :high AND is_hidden = 0
       AND ${selected} ORDER BY position ${direction === 'f' ? 'ASC' : 'DESC'} LIMIT :limit`,
      {
        roomId,
        low: low ?? Number.MIN_SAFE_INTEGER,
        high: high ?? Number.MAX_SAFE_INTEGER,
        limit,
        types: JSON.stringify(selection.types.map(toGlob)),
        notTypes: JSON.stringify(selection.notTypes.map(toGlob)),
        senders: JSON.stringify(selection.senders),
        notSenders: JSON.stringify(selection.notSenders),
        containsUrl: Number(selection.containsUrl),
        relatedBySenders: JSON.stringify(selection.relatedBySenders),
        relatedByTypes: JSON.stringify(selection.relatedByTypes),
      },
    );
  }

  /** The rooms that got events after a position. */
  roomsChangedAfter(position: number): readonly RoomId[] {
    return this.database
      .all<{ room_id: RoomId }>('SELECT DISTINCT room_id FROM events WHERE position > ?', position)
      .map((row) => row.room_id);
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

  /** What a user sent into a room, the newest first. */
  sentBy(userId: UserId, roomId: RoomId, { types, limit, before, after }: SentByQuery): readonly EventId[] {
    const rows = this.database.all<{ event_id: EventId }>(
      `SELECT event_id FROM events WHERE sender = ? AND room_id = ? AND type IN (SELECT value FROM json_each(?))
       AND origin_server_ts <= ? AND origin_server_ts >= ? ORDER BY position DESC LIMIT ?`,
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
    const old = "room_id = ? AND json_extract(json, '$.depth') < ?";
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

/** Only `*` means more than itself. */
function toGlob(type: string): string {
  return type.replaceAll(/[[?]/g, '[$&]');
}
