import type { RoomId, UserId } from '../../matrix/ids.js';
import { BoundedCache } from './database/bounded-cache.js';
import type { Database } from './database/database.js';

/** The rooms that users are in, kept for those who ask again: every sync does. */
export class JoinedRooms {
  private readonly known = new BoundedCache<string, ReadonlySet<RoomId>>(500);

  constructor(private readonly database: Database) {}

  /** In the order in which the user joined them. */
  of(userId: UserId): ReadonlySet<RoomId> {
    let rooms = this.known.get(userId);
    if (rooms === undefined) {
      const rows = this.database.all<{ room_id: RoomId }>(
        "SELECT room_id FROM memberships WHERE user_id = ? AND membership = 'join' ORDER BY position",
        userId,
      );
      this.known.set(userId, (rooms = new Set(rows.map((row) => row.room_id))));
    }
    return rooms;
  }

  /** A membership of the user changed. */
  forget(userId: string): void {
    this.known.delete(userId);
  }

  /** A room is gone. */
  forgetAll(): void {
    this.known.clear();
  }
}
