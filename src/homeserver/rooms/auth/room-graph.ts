import type { EventId } from '../../../matrix/ids.js';
import type { PastStateStore } from '../../store/past-state-store.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import type { RoomState } from '../model/room-state.js';
import { resolveStates } from './state-resolution.js';
import type { Extremity, Room } from '../model/rooms.js';

/** An event names at most so many before it (`get_prev_events_for_room`). */
const maxPrevEvents = 10;

/** The state of rooms before and after their events, whichever way the room went on from there. */
export class RoomGraph {
  constructor(
    private readonly events: RoomEvents,
    private readonly pastStates: PastStateStore,
  ) {}

  /** The events before this one that are not part of the room's history here. */
  missingBefore(event: RoomEvent): string[] {
    return event.prevEvents.filter((id) => {
      const known = this.events.find(id);
      return known === undefined || known.metadata.isOutlier === true || known.roomId !== event.roomId;
    });
  }

  /** The state before an event whose previous events are known. */
  stateBefore(room: Room, event: RoomEvent): RoomState {
    return this.peekBefore(room, event).snapshot();
  }

  /** The same for those who only look at it, and at once: it may be the room's own, which changes. */
  peekBefore(room: Room, event: RoomEvent): RoomState {
    return isAtTheEnd(room, event) ? room.state : this.stateWith(room, event.prevEvents);
  }

  /** The state of the room as if it ended with these events; only to look at, as with {@link peekBefore}. */
  stateAt(room: Room, ends: readonly Extremity[]): RoomState {
    if (ends === room.extremities) return room.state;
    return this.stateWith(
      room,
      ends.map(({ eventId }) => eventId),
    );
  }

  /** The state after an event of the room's history; only to look at, as with {@link peekBefore}. */
  stateAfter(room: Room, event: RoomEvent): RoomState {
    const branch = this.events.branchState(event);
    if (branch !== undefined) return branch;
    const isCurrent = event.position >= this.pastStates.lastChange(room.roomId);
    return isCurrent ? room.state : this.events.allStateAt(room.roomId, event.position);
  }

  /** One state of several. Events that are not stored yet are found in `pending`. */
  resolve(
    room: Room,
    states: readonly RoomState[],
    pending: ReadonlyMap<string, RoomEvent> = new Map<string, RoomEvent>(),
  ): RoomState {
    const [first, ...others] = new Set(states);
    if (first !== undefined && others.every((other) => isSameState(first, other))) return first;
    return resolveStates(room.version, states, (id) => pending.get(id) ?? this.events.find(id));
  }

  /** The events that authorise these, those that authorise them, and so on. */
  authChain(events: readonly RoomEvent[]): RoomEvent[] {
    const chain = new Map<string, RoomEvent>();
    const open = events.flatMap((event) => [...event.authEvents]);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const event = chain.has(id) ? undefined : this.events.find(id);
      if (event === undefined) continue;
      chain.set(id, event);
      open.push(...event.authEvents);
    }
    return [...chain.values()];
  }

  private stateWith(room: Room, ends: readonly EventId[]): RoomState {
    const events = ends.flatMap((id) => this.events.find(id) ?? []);
    return this.resolve(
      room,
      events.map((event) => this.stateAfter(room, event)),
    );
  }
}

/** The events that the next one names as those before it: the newest ones, of many the deepest. */
export function endsToFollow({ extremities }: Pick<Room, 'extremities'>): readonly Extremity[] {
  if (extremities.length === 1) return extremities;
  const deepest = extremities.toSorted((a, b) => b.depth - a.depth);
  return deepest.length > maxPrevEvents ? deepest.slice(0, maxPrevEvents) : extremities;
}

/** Whether an event follows all that is known of its room. */
export function isAtTheEnd(room: Pick<Room, 'extremities'>, event: Pick<RoomEvent, 'prevEvents'>): boolean {
  const { prevEvents } = event;
  return (
    prevEvents.length === room.extremities.length &&
    room.extremities.every((extremity) => prevEvents.includes(extremity.eventId))
  );
}

/** Whether two states are the same. */
export function isSameState(a: RoomState, b: RoomState): boolean {
  return (
    a === b ||
    (a.size === b.size && a.all().every((event) => b.get(event.type, event.stateKey ?? '')?.eventId === event.eventId))
  );
}
