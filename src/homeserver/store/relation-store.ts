import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { Database } from './database/database.js';
import { boundsOf, type DepthPlace, type HistoryRange, isInRange, orderOf } from './history-range.js';

/** An event that relates to another. */
export interface StoredRelation {
  readonly parent_id: EventId;
  readonly position: number;
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly rel_type: string;
  readonly type: string;
  readonly sender: UserId;
  readonly aggregation_key: string | null;
}

/** A relation, with the depth of the event. */
export interface PlacedRelation extends StoredRelation, DepthPlace {}

/** The root of a thread, with the place of its deepest message. */
export interface ThreadRoot extends DepthPlace {
  readonly parent_id: EventId;
}

/** Which relations are asked for, in order of reading; places as in `HistoryRange`. */
export interface RelationRange extends HistoryRange {
  readonly parentId: string;
  readonly relType?: string;
  readonly type?: string;
  /** Relations to what relates to the event too, three steps more. */
  readonly isRecursive: boolean;
}

/** Relations between events that are not redacted. */
export class RelationStore {
  constructor(private readonly database: Database) {}

  insert(relation: StoredRelation): void {
    this.database.run(
      'INSERT OR IGNORE INTO relations VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      relation.parent_id,
      relation.position,
      relation.event_id,
      relation.room_id,
      relation.rel_type,
      relation.type,
      relation.sender,
      relation.aggregation_key,
    );
  }

  /** Forgets what an event said of others: it was redacted. */
  remove(eventId: EventId): void {
    this.database.run('DELETE FROM relations WHERE event_id = ?', eventId);
  }

  read(range: RelationRange): readonly PlacedRelation[] {
    return this.database.all<PlacedRelation>(
      `WITH RECURSIVE related AS (
         SELECT relations.*, 0 AS step FROM relations WHERE parent_id = :parent
         UNION ALL
         SELECT relations.*, related.step + 1 FROM related
         JOIN relations ON relations.parent_id = related.event_id WHERE related.step < :steps
       )
       SELECT * FROM (SELECT related.*, events.depth FROM related JOIN events ON events.position = related.position)
       WHERE ${isInRange} AND (:relType IS NULL OR rel_type = :relType) AND (:type IS NULL OR type = :type)
       ORDER BY ${orderOf(range)} LIMIT :limit`,
      {
        ...boundsOf(range),
        parent: range.parentId,
        steps: range.isRecursive ? 4 : 0,
        relType: range.relType ?? null,
        type: range.type ?? null,
        limit: range.limit,
      },
    );
  }

  /** All relations of one type to an event, the least deep first. */
  ofType(parentId: string, relType: string): readonly StoredRelation[] {
    return this.database.all<StoredRelation>(
      `SELECT relations.* FROM relations JOIN events ON events.position = relations.position
       WHERE parent_id = ? AND rel_type = ? ORDER BY events.depth, relations.position`,
      parentId,
      relType,
    );
  }

  /** Whether any event relates to this one. */
  isParent(eventId: string): boolean {
    return this.database.get('SELECT 1 FROM relations WHERE parent_id = ? LIMIT 1', eventId) !== undefined;
  }

  /** Whether an event of one of these senders relates to this one in one of these ways; empty lists leave nothing out. */
  isRelatedBy(eventId: string, senders: readonly string[], relTypes: readonly string[]): boolean {
    const row = this.database.get(
      `SELECT 1 FROM relations WHERE parent_id = :parent
       AND (:senders = '[]' OR sender IN (SELECT value FROM json_each(:senders)))
       AND (:types = '[]' OR rel_type IN (SELECT value FROM json_each(:types))) LIMIT 1`,
      { parent: eventId, senders: JSON.stringify(senders), types: JSON.stringify(relTypes) },
    );
    return row !== undefined;
  }

  /** Whether this event relates to another. */
  isChild(eventId: string): boolean {
    return this.database.get('SELECT 1 FROM relations WHERE event_id = ? LIMIT 1', eventId) !== undefined;
  }

  /** Whether a user reacted to an event with this key already. */
  hasAnnotated(parentId: string, type: string, key: string, sender: UserId): boolean {
    const row = this.database.get(
      `SELECT 1 FROM relations WHERE parent_id = ? AND rel_type = 'm.annotation' AND type = ? AND aggregation_key = ?
       AND sender = ? LIMIT 1`,
      parentId,
      type,
      key,
      sender,
    );
    return row !== undefined;
  }

  /**
   * The roots of a room's threads, the one with the deepest message first: those whose deepest message is neither deeper nor
   * younger than a place, as in Synapse, which passes over a thread that is less deep but younger (`get_threads`).
   */
  threads(roomId: RoomId, before: DepthPlace | undefined, limit: number): readonly ThreadRoot[] {
    return this.database.all<ThreadRoot>(
      `SELECT parent_id, depth, position FROM (
         SELECT relations.parent_id, events.depth, relations.position, row_number() OVER (
           PARTITION BY relations.parent_id ORDER BY events.depth DESC, relations.position DESC
         ) AS place
         FROM relations JOIN events ON events.position = relations.position
         WHERE relations.room_id = ? AND rel_type = 'm.thread'
       )
       WHERE place = 1 AND depth <= ? AND position < ? ORDER BY depth DESC, position DESC LIMIT ?`,
      roomId,
      before?.depth ?? Number.MAX_SAFE_INTEGER,
      before?.position ?? Number.MAX_SAFE_INTEGER,
      limit,
    );
  }
}
