import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { Database } from './database.js';

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

/** Which relations are asked for, in order of reading; positions as in `EventRange`. */
export interface RelationRange {
  readonly parentId: string;
  readonly roomId: RoomId;
  readonly relType?: string;
  readonly type?: string;
  readonly direction: 'f' | 'b';
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
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

  read(range: RelationRange): readonly StoredRelation[] {
    const { direction, from, to } = range;
    const lowest = Number.MIN_SAFE_INTEGER;
    const highest = Number.MAX_SAFE_INTEGER;
    const [above, upTo] = direction === 'f' ? [from ?? lowest, to ?? highest] : [to ?? lowest, from ?? highest];
    const relType = range.relType ?? null;
    const type = range.type ?? null;
    return this.database.all<StoredRelation>(
      `WITH RECURSIVE related AS (
         SELECT relations.*, 0 AS depth FROM relations WHERE parent_id = ?
         UNION ALL
         SELECT relations.*, related.depth + 1 FROM related
         JOIN relations ON relations.parent_id = related.event_id WHERE related.depth < ?
       )
       SELECT * FROM related WHERE room_id = ? AND position > ? AND position <= ?
       AND (? IS NULL OR rel_type = ?) AND (? IS NULL OR type = ?)
       ORDER BY position ${direction === 'f' ? 'ASC' : 'DESC'} LIMIT ?`,
      range.parentId,
      range.isRecursive ? 4 : 0,
      range.roomId,
      above,
      upTo,
      relType,
      relType,
      type,
      type,
      range.limit,
    );
  }

  /** All relations of one type to an event, oldest first. */
  ofType(parentId: string, relType: string): readonly StoredRelation[] {
    return this.database.all<StoredRelation>(
      'SELECT * FROM relations WHERE parent_id = ? AND rel_type = ? ORDER BY position',
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

  /** The roots of a room's threads, the one with the newest message first. */
  threads(
    roomId: RoomId,
    before: number,
    limit: number,
  ): readonly { readonly parent_id: EventId; readonly newest: number }[] {
    return this.database.all(
      `SELECT parent_id, max(position) AS newest FROM relations WHERE room_id = ? AND rel_type = 'm.thread'
       GROUP BY parent_id HAVING newest < ? ORDER BY newest DESC LIMIT ?`,
      roomId,
      before,
      limit,
    );
  }
}
