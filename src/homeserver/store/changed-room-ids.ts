import type { RoomId } from '../../matrix/ids.js';
import type { Database } from './database/database.js';

/** The rooms in which something of one kind changed; its table gives each change a position of the stream. */
export class ChangedRoomIds {
  constructor(
    private readonly database: Database,
    private readonly table: 'events' | 'receipts',
  ) {}

  /** All rooms that changed after a position. Costs what changed since. */
  after(position: number): readonly RoomId[] {
    return this.ids(`SELECT DISTINCT room_id FROM ${this.table} WHERE position > ?`, position);
  }

  /** Those of some rooms that changed after a position. Costs the number of these rooms. */
  among(roomIds: Iterable<RoomId>, position: number): readonly RoomId[] {
    return this.ids(
      `SELECT value AS room_id FROM json_each(?)
       WHERE EXISTS (SELECT 1 FROM ${this.table} WHERE room_id = value AND position > ?)`,
      JSON.stringify([...roomIds]),
      position,
    );
  }

  private ids(sql: string, ...values: readonly (string | number)[]): readonly RoomId[] {
    return this.database.all<{ room_id: RoomId }>(sql, ...values).map((row) => row.room_id);
  }
}
