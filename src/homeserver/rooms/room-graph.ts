import type { StateStore } from '../store/state-store.js';
import type { RoomEvent } from './room-event.js';
import type { RoomEvents } from './room-events.js';
import { RoomState } from './room-state.js';
import { resolveStates } from './state-resolution.js';
import type { Room } from './rooms.js';

/** The state of rooms before and after their events, whichever way servers went on from there. */
export class RoomGraph {
  constructor(
    private readonly events: RoomEvents,
    private readonly states: StateStore,
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
    if (isAtTheEnd(room, event)) return room.state.snapshot();
    const before = event.prevEvents.flatMap((id) => this.events.find(id) ?? []);
    return this.resolve(
      room,
      before.map((known) => this.stateAfter(room, known)),
    );
  }

  /** The state after an event of the room's history. */
  stateAfter(room: Room, event: RoomEvent): RoomState {
    const branch = this.states.branch(event.eventId);
    if (branch === undefined) return this.events.allStateAt(room.roomId, event.position);
    return new RoomState(
      room.version,
      branch.flatMap((id) => this.events.find(id) ?? []),
    );
  }

  /** One state of several. */
  resolve(room: Room, states: readonly RoomState[]): RoomState {
    return resolveStates(room.version, states, (id) => this.events.find(id));
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
}

/** Whether an event follows all that is known of its room. */
export function isAtTheEnd(room: Room, event: RoomEvent): boolean {
  const { prevEvents } = event;
  return (
    prevEvents.length === room.extremities.length &&
    room.extremities.every((extremity) => prevEvents.includes(extremity.eventId))
  );
}

/** Whether two states are the same. */
export function isSameState(a: RoomState, b: RoomState): boolean {
  return (
    a.size === b.size && a.all().every((event) => b.get(event.type, event.stateKey ?? '')?.eventId === event.eventId)
  );
}
