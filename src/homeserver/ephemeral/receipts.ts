import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { ChangedRoomIds } from '../store/changed-room-ids.js';
import type { ReadPositions, Receipt, ReceiptStore } from '../store/receipt-store.js';

export type { ReadPositions };

/** The receipt that only its user sees. */
export const PRIVATE_RECEIPT = 'm.read.private';

/** Where an event stands in its room. */
export interface PlacedEvent {
  readonly eventId: EventId;
  readonly position: number;
}

/** How far users have read (`handlers/receipts.py`). */
export class Receipts {
  constructor(
    private readonly context: Pick<HomeserverContext, 'clock' | 'stream' | 'notifier'>,
    private readonly store: ReceiptStore,
    /** Told of every receipt that others may know. */
    private readonly onPublic: (receipt: Receipt) => void = () => {},
  ) {}

  /** Notes that a user has read up to an event; an event before the one noted changes nothing. */
  set(roomId: RoomId, userId: UserId, type: string, event: PlacedEvent, threadId: string | undefined): void {
    const { clock, stream, notifier } = this.context;
    const receipt: Receipt = {
      roomId,
      userId,
      type,
      eventId: event.eventId,
      ts: clock.now(),
      ...(threadId !== undefined && { threadId }),
    };
    const before = this.store.eventPositionOf(receipt);
    if (before !== undefined && before >= event.position) return;
    this.store.set(receipt, event.position, stream.next());
    notifier.notify({ rooms: [roomId] });
    if (type === 'm.read') this.onPublic(receipt);
  }

  /** How far a user has read a room as a whole, and threads of it. */
  readPositionsOf(roomId: RoomId, userId: UserId): ReadPositions {
    return this.store.readPositionsOf(roomId, userId);
  }

  /** The rooms in which receipts changed. */
  get changedRooms(): ChangedRoomIds {
    return this.store.changedRooms;
  }

  /** Forgets a room that is removed. */
  purge(roomId: RoomId): void {
    this.store.purge(roomId);
  }

  /** The content of `m.receipt` with what changed in a room after a position, as one user sees it. */
  changedSince(roomId: RoomId, position: number, viewer: UserId): JsonObject | undefined {
    const visible = this.store
      .changedSince(roomId, position)
      .filter((receipt) => receipt.type !== PRIVATE_RECEIPT || receipt.userId === viewer);
    if (visible.length === 0) return undefined;
    const content: Record<string, Record<string, Record<string, JsonObject>>> = {};
    for (const { eventId, type, userId, ts, threadId } of visible) {
      const ofType = ((content[eventId] ??= {})[type] ??= {});
      ofType[userId] = { ts, ...(threadId !== undefined && { thread_id: threadId }) };
    }
    return content;
  }
}
