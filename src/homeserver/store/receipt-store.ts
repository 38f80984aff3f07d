import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import { ChangedRoomIds } from './changed-room-ids.js';
import type { Database, Schema } from './database/database.js';

/** The table of {@link ReceiptStore}. */
export const receiptSchema: Schema = {
  name: 'receipts',
  versions: [
    `CREATE TABLE receipts (
       room_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       type TEXT NOT NULL,
       thread_id TEXT NOT NULL,
       event_id TEXT NOT NULL,
       event_position INTEGER NOT NULL,
       ts INTEGER NOT NULL,
       position INTEGER NOT NULL,
       PRIMARY KEY (room_id, user_id, type, thread_id)
     ) WITHOUT ROWID;
     CREATE INDEX receipts_position ON receipts (position);
     CREATE INDEX receipts_room ON receipts (room_id, position);`,
  ],
};

/** How far a user has read. */
export interface Receipt {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly type: string;
  /** Absent: the receipt is for the room as a whole. */
  readonly threadId?: string;
  readonly eventId: EventId;
  /** Milliseconds since 1970. */
  readonly ts: number;
}

/** How far a user has read a room, by private and public receipts. */
export interface ReadPositions {
  /** By receipts without a thread; absent when there are none. */
  readonly unthreaded?: number;
  /** By receipts of a thread; `main` is what belongs to none. */
  readonly threads: ReadonlyMap<string, number>;
}

interface ReceiptRow {
  readonly room_id: RoomId;
  readonly user_id: UserId;
  readonly type: string;
  readonly thread_id: string;
  readonly event_id: EventId;
  readonly ts: number;
}

/** Read receipts. */
export class ReceiptStore {
  /** The rooms in which receipts changed. */
  readonly changedRooms: ChangedRoomIds;

  constructor(private readonly database: Database) {
    this.changedRooms = new ChangedRoomIds(database, 'receipts');
  }

  /** Where the event of a user's receipt stands; undefined when there is none. */
  eventPositionOf(receipt: Receipt): number | undefined {
    return this.database.get<{ event_position: number }>(
      'SELECT event_position FROM receipts WHERE room_id = ? AND user_id = ? AND type = ? AND thread_id = ?',
      receipt.roomId,
      receipt.userId,
      receipt.type,
      receipt.threadId ?? '',
    )?.event_position;
  }

  /** How far a user has read a room as a whole, and threads of it. */
  readPositionsOf(roomId: RoomId, userId: UserId): ReadPositions {
    const rows = this.database.all<{ thread_id: string; last: number }>(
      `SELECT thread_id, MAX(event_position) AS last FROM receipts
       WHERE room_id = ? AND user_id = ? AND type IN ('m.read', 'm.read.private') GROUP BY thread_id`,
      roomId,
      userId,
    );
    const threads = new Map(rows.map(({ thread_id: threadId, last }) => [threadId, last]));
    const unthreaded = threads.get('');
    threads.delete('');
    return { threads, ...(unthreaded !== undefined && { unthreaded }) };
  }

  set(receipt: Receipt, eventPosition: number, position: number): void {
    this.database.run(
      'INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      receipt.roomId,
      receipt.userId,
      receipt.type,
      receipt.threadId ?? '',
      receipt.eventId,
      eventPosition,
      receipt.ts,
      position,
    );
  }

  /** Forgets the receipts of a room. */
  purge(roomId: RoomId): void {
    this.database.run('DELETE FROM receipts WHERE room_id = ?', roomId);
  }

  /** The receipts of a room that changed after a position. */
  changedSince(roomId: RoomId, position: number): Receipt[] {
    return this.database
      .all<ReceiptRow>('SELECT * FROM receipts WHERE room_id = ? AND position > ? ORDER BY position', roomId, position)
      .map((row) => ({
        roomId: row.room_id,
        userId: row.user_id,
        type: row.type,
        ...(row.thread_id !== '' && { threadId: row.thread_id }),
        eventId: row.event_id,
        ts: row.ts,
      }));
  }
}
