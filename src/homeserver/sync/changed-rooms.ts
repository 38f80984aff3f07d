import type { RoomId } from '../../matrix/ids.js';
import type { Receipts } from '../ephemeral/receipts.js';
import type { Typing } from '../ephemeral/typing.js';
import type { ChangedRoomIds } from '../store/changed-room-ids.js';
import type { EventStore } from '../store/event-store.js';

/** Further back than this, it is cheaper to look whether anything happened in each room than at everything that happened. */
const FAR_BACK = 2000;

/** In which of a user's rooms something happened since a sync. */
export interface ChangedRooms {
  /** Somebody sent an event. */
  readonly withEvents: Iterable<RoomId>;
  /** Somebody read, began to type or stopped. */
  readonly withEphemeral: ReadonlySet<RoomId>;
}

/** Finds them, whatever the number of rooms in which nothing happened. */
export class ChangedRoomsReader {
  constructor(
    private readonly events: EventStore,
    private readonly receipts: Receipts,
    private readonly typing: Typing,
  ) {}

  read(joined: ReadonlySet<RoomId>, since: number, upTo: number): ChangedRooms {
    const isFarBack = upTo - since > FAR_BACK;
    const amongJoined = (rooms: readonly RoomId[]): RoomId[] => rooms.filter((roomId) => joined.has(roomId));
    const changed = (rooms: ChangedRoomIds): readonly RoomId[] =>
      isFarBack ? rooms.among(joined, since) : amongJoined(rooms.after(since));
    return {
      withEvents: changed(this.events.changedRooms),
      withEphemeral: new Set([
        ...changed(this.receipts.changedRooms),
        ...amongJoined(this.typing.roomsChangedAfter(since)),
      ]),
    };
  }
}
