import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import { relationOf } from '../rooms/model/relation.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import { AuthError } from '../parity/synapse-errors.js';
import type { StateStore } from '../store/state-store.js';
import type { RelationStore } from '../store/relation-store.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { RoomAccess } from '../rooms/auth/room-access.js';
import type { Visibility } from '../rooms/timeline/visibility.js';

interface RoomParts {
  readonly states: StateStore;
  readonly relations: RelationStore;
  readonly events: RoomEvents;
  readonly access: RoomAccess;
  readonly visibility: Visibility;
}

/** How far relations are followed to find the thread of an event (`get_thread_id`). */
const MAX_STEPS = 3;

/** What read receipts and markers need to know of rooms. */
export interface ReadMarkerRooms {
  /** 403 unless the user is in the room. */
  readonly checkJoined: (requester: Requester, roomId: RoomId) => void;
  /** The event if it is in this room; 403 when the user may not see it. */
  readonly visibleEvent: (userId: UserId, roomId: RoomId, eventId: EventId) => RoomEvent | undefined;
  /** The event if it is in this room, whoever may see it. */
  readonly findIn: (roomId: RoomId, eventId: EventId) => RoomEvent | undefined;
  /** The thread that an event belongs to, `main` for none; a root belongs to its own thread only with `asRoot`. */
  readonly threadOf: (eventId: EventId, asRoot: boolean) => string;
}

/** Looks up what read markers point at. */
export function readMarkers({ access, events, states, visibility, relations }: RoomParts): ReadMarkerRooms {
  const findIn = (roomId: RoomId, eventId: EventId): RoomEvent | undefined => {
    const event = events.findShown(eventId);
    return event?.roomId === roomId ? event : undefined;
  };
  return {
    findIn,
    checkJoined: (requester, roomId) => {
      access.checkInRoom(requester, roomId);
    },
    visibleEvent: (userId, roomId, eventId) => {
      const event = findIn(roomId, eventId);
      if (event === undefined) return undefined;
      const isPeeking = states.membership(userId, roomId)?.membership !== 'join';
      if (visibility.filter(userId, [event], { isPeeking }).length > 0) return event;
      throw new AuthError(403, "You don't have permission to access that event.");
    },
    threadOf: (eventId, asRoot) => {
      let id: string = eventId;
      for (let step = 0; step <= MAX_STEPS; step++) {
        const relation = relationOf(events.find(id)?.content ?? {});
        if (relation?.type === 'm.thread') return relation.parentId;
        if (asRoot && relations.ofType(id, 'm.thread').length > 0) return id;
        if (relation === undefined) break;
        id = relation.parentId;
      }
      return 'main';
    },
  };
}
