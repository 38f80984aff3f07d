import { createHash } from 'node:crypto';
import { compareText } from '../../parity/sort-order.js';
import { isAllowed } from './event-allowed.js';
import type { RoomEvent } from '../model/room-event.js';
import { RoomState } from '../model/room-state.js';
import type { RoomVersion } from '../model/room-version.js';

type Kind = (event: RoomEvent) => boolean;

/** What decides about others is settled before them, each kind at once. */
const decisive: readonly Kind[] = [
  (event) => event.type === 'm.room.power_levels' && event.stateKey === '',
  (event) => event.type === 'm.room.join_rules',
  (event) => event.type === 'm.room.member',
];

/**
 * One state of several in a room of version 1 (`state/v1.py`, https://spec.matrix.org/latest/rooms/v1/#state-resolution): of
 * events in conflict the last one of an allowed succession if they decide about others, else the deepest one that is allowed.
 */
export function resolveStatesOfVersion1(version: RoomVersion, states: readonly RoomState[]): RoomState {
  const { agreed, disputed } = separate(version, states);
  const open = new Set(disputed);
  const settle = (event: RoomEvent | undefined): void => {
    if (event !== undefined) agreed.set(event);
  };
  for (const kind of decisive) {
    const before = agreed.snapshot();
    for (const events of disputed) {
      if (!events.some(kind)) continue;
      open.delete(events);
      settle(lastOfSuccession(version, events, before));
    }
  }
  const before = agreed.snapshot();
  for (const events of open) settle(deepestAllowed(version, events, before));
  return agreed;
}

interface Separated {
  readonly agreed: RoomState;
  /** The events of each member of the state that there are several of, the deepest first. */
  readonly disputed: readonly (readonly RoomEvent[])[];
}

/** A member that some states lack is no conflict here, other than in later versions. */
function separate(version: RoomVersion, states: readonly RoomState[]): Separated {
  const found = new Map<string, Map<string, RoomEvent>>();
  for (const event of states.flatMap((state) => state.all())) {
    const key = JSON.stringify([event.type, event.stateKey]);
    found.set(key, (found.get(key) ?? new Map<string, RoomEvent>()).set(event.eventId, event));
  }
  const members = [...found.values()].map((events) => [...events.values()].sort(deepestFirst));
  return {
    agreed: new RoomState(version, members.filter((events) => events.length === 1).flat()),
    disputed: members.filter((events) => events.length > 1),
  };
}

/** From the shallowest on, each event must be allowed where the one before it holds; the first that is not ends it. */
function lastOfSuccession(
  version: RoomVersion,
  events: readonly RoomEvent[],
  before: RoomState,
): RoomEvent | undefined {
  const state = before.snapshot();
  let last: RoomEvent | undefined;
  for (const event of events.toReversed()) {
    if (last !== undefined && !isAllowed(version, event, state)) break;
    state.set(event);
    last = event;
  }
  return last;
}

function deepestAllowed(version: RoomVersion, events: readonly RoomEvent[], before: RoomState): RoomEvent | undefined {
  return events.find((event) => isAllowed(version, event, before)) ?? events.at(-1);
}

function deepestFirst(a: RoomEvent, b: RoomEvent): number {
  return b.depth - a.depth || compareText(digestOf(a), digestOf(b));
}

function digestOf(event: RoomEvent): string {
  return createHash('sha1').update(event.eventId).digest('hex');
}
