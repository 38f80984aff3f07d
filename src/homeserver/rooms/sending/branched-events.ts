import type { EventId } from '../../../matrix/ids.js';
import type { ReceivedOutcome } from './event-persistence.js';
import type { RoomEvent } from '../model/room-event.js';
import { isAtTheEnd, isSameState, type RoomGraph } from '../auth/room-graph.js';
import type { RoomState } from '../model/room-state.js';
import type { Extremity, Room } from '../model/rooms.js';

/**
 * Works out what events make of a room that went on without them, one after another: each counts where it was made, and the
 * room's state is what the rules of its version make of all ends (`persist_events.py: _get_new_state_after_events`).
 */
export class BranchedEvents {
  /** What the next event would follow. */
  extremities: readonly Extremity[];
  private current: RoomState;
  /** The events added so far, none of them stored yet, and the state after each. */
  private readonly added = new Map<string, RoomEvent>();
  private readonly states = new Map<EventId, RoomState>();

  constructor(
    private readonly graph: RoomGraph,
    private readonly find: (eventId: string) => RoomEvent | undefined,
    private readonly room: Room,
  ) {
    this.current = room.state;
    this.extremities = room.extremities;
  }

  /** An event that becomes part of the room. */
  add(event: RoomEvent, before: RoomState, appliesRedaction: boolean): ReceivedOutcome {
    const after = stateWith(before, event);
    this.added.set(event.eventId, event);
    this.states.set(event.eventId, after);
    const isFork = !isAtTheEnd(this, event);
    const others = this.extremities.filter(({ eventId }) => !event.prevEvents.includes(eventId));
    const states = others.map(({ eventId }) => this.stateAfter(eventId)).filter((state) => state !== undefined);
    this.current = others.length === 0 ? after : this.graph.resolve(this.room, [...states, after], this.added);
    this.extremities = [...others, { eventId: event.eventId, depth: event.depth }];
    return {
      before,
      state: this.current,
      extremities: this.extremities,
      isFork,
      appliesRedaction,
      ...(!isSameState(this.current, after) && { branch: after }),
    };
  }

  /** An event that is stored and changes nothing: rejected, or refused by what the room is now. */
  addAside(event: RoomEvent, before: RoomState, isRejected: boolean): ReceivedOutcome {
    const after = isRejected ? before : stateWith(before, event);
    return {
      before,
      extremities: this.extremities,
      isFork: true,
      appliesRedaction: false,
      ...(!isSameState(after, this.current) && { branch: after }),
    };
  }

  private stateAfter(eventId: EventId): RoomState | undefined {
    const known = this.states.get(eventId);
    if (known !== undefined) return known;
    const event = this.find(eventId);
    if (event === undefined) return undefined;
    const state = this.graph.stateAfter(this.room, event);
    this.states.set(eventId, state);
    return state;
  }
}

/** The state after an event, which is the state before it where it sets none. */
export function stateWith(before: RoomState, event: RoomEvent): RoomState {
  if (!event.isState()) return before;
  const after = before.snapshot();
  after.set(event);
  return after;
}
