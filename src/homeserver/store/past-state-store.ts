import type { EventId, RoomId } from '../../matrix/ids.js';
import type { Database } from './database/database.js';

const member = 'm.room.member';

/** One of both sides of the members: a range of the index for itself. */
const notMembers = (compare: '<' | '>'): string => `
  SELECT event_id, max(position) FROM state_history
  WHERE room_id = :roomId AND type ${compare} '${member}' AND position <= :position GROUP BY type, state_key`;

/** What was the state of rooms after the events up to a position: no more of it is read than is wanted. */
export class PastStateStore {
  constructor(private readonly database: Database) {}

  /** Where a room's state changed last; 0 where there is none. */
  lastChange(roomId: RoomId): number {
    const sql = 'SELECT max(position) AS position FROM state_history WHERE room_id = ?';
    return this.database.get<{ position: number | null }>(sql, roomId)?.position ?? 0;
  }

  /** The state without members, but with these. */
  withMembers(roomId: RoomId, position: number, userIds: readonly string[]): readonly EventId[] {
    const rows = this.database.all<{ event_id: EventId | null }>(
      `${notMembers('<')} UNION ALL ${notMembers('>')} UNION ALL
       SELECT (SELECT event_id FROM state_history WHERE room_id = :roomId AND type = '${member}'
               AND state_key = users.value AND position <= :position ORDER BY position DESC LIMIT 1), 0
       FROM json_each(:users) AS users`,
      { roomId, position, users: JSON.stringify(userIds) },
    );
    return rows.flatMap((row) => (row.event_id === null ? [] : [row.event_id]));
  }
}
