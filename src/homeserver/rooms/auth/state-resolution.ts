import type { EventId } from '../../../matrix/ids.js';
import { compareText } from '../../parity/sort-order.js';
import { isAllowed } from './event-allowed.js';
import { authTypesFor } from './event-auth.js';
import { PowerLevels } from '../model/power-levels.js';
import type { RoomEvent } from '../model/room-event.js';
import { RoomState } from '../model/room-state.js';
import type { RoomVersion } from '../model/room-version.js';
import { resolveStatesOfVersion1 } from './state-resolution-v1.js';

/** Finds a stored event. */
export type FindEvent = (eventId: string) => RoomEvent | undefined;

/**
 * One state of several that servers hold for a room at the same time (`state/v2.py`,
 * https://spec.matrix.org/latest/rooms/v2/#state-resolution): power events first, in the order of their senders' power, then the
 * rest along the line of power levels; what the rules do not allow on the way is left out. Rooms of version 1 have a way of their own.
 */
export function resolveStates(version: RoomVersion, states: readonly RoomState[], find: FindEvent): RoomState {
  const [only] = states;
  if (only !== undefined && states.length === 1) return only;
  if (!version.resolvesByPower) return resolveStatesOfVersion1(version, states);
  return new StateResolution(version, states, find).resolve();
}

class StateResolution {
  private readonly unconflicted = new Map<string, RoomEvent>();
  private readonly conflicted = new Map<EventId, RoomEvent>();

  constructor(
    private readonly version: RoomVersion,
    private readonly states: readonly RoomState[],
    private readonly find: FindEvent,
  ) {
    this.split();
  }

  resolve(): RoomState {
    if (this.conflicted.size === 0) return new RoomState(this.version, this.unconflicted.values());
    const all = this.fullConflictedSet();
    const power = this.powerEvents(all);
    // From room version 12 on everything that is in conflict is judged from the beginning (state resolution 2.1).
    const start = this.version.hasCreatorPower ? [] : this.unconflicted.values();
    const resolved = new RoomState(this.version, start);
    this.applyAllowed(this.sortByPower(power), resolved);
    const rest = [...all.values()].filter((event) => !power.has(event.eventId));
    this.applyAllowed(this.sortByMainline(rest, resolved.get('m.room.power_levels', '')), resolved);
    for (const event of this.unconflicted.values()) resolved.set(event);
    return resolved;
  }

  /** Members on which all states agree, and the events of the others. */
  private split(): void {
    const found = new Map<string, RoomEvent[]>();
    for (const state of this.states) {
      for (const event of state.all()) {
        const key = JSON.stringify([event.type, event.stateKey]);
        const events = found.get(key);
        if (events === undefined) found.set(key, [event]);
        else events.push(event);
      }
    }
    for (const [key, events] of found) {
      const [first] = events;
      if (first === undefined) continue;
      const isSame = events.length === this.states.length && events.every((event) => event.eventId === first.eventId);
      if (isSame) this.unconflicted.set(key, first);
      else for (const event of events) this.conflicted.set(event.eventId, event);
    }
  }

  private fullConflictedSet(): Map<EventId, RoomEvent> {
    const all = new Map(this.conflicted);
    const chains = this.states.map((state) => this.authChain(state.all()));
    const union = new Set(chains.flatMap((chain) => [...chain]));
    for (const id of union) {
      const event = chains.every((chain) => chain.has(id)) ? undefined : this.find(id);
      if (event !== undefined) all.set(id, event);
    }
    if (this.version.hasCreatorPower) for (const event of this.subgraph()) all.set(event.eventId, event);
    return all;
  }

  /** These events and all that authorise them: Synapse takes what all states hold for no difference. */
  private authChain(events: readonly RoomEvent[]): Set<EventId> {
    const chain = new Set<EventId>();
    const open = events.map((event) => event.eventId);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (chain.has(id)) continue;
      chain.add(id);
      open.push(...(this.find(id)?.authEvents ?? []));
    }
    return chain;
  }

  /** The events between one conflicted event and another. */
  private subgraph(): RoomEvent[] {
    const leads = new Map<EventId, boolean>();
    const visit = (event: RoomEvent): boolean => {
      const known = leads.get(event.eventId);
      if (known !== undefined) return known;
      leads.set(event.eventId, false);
      let isOnPath = this.conflicted.has(event.eventId);
      for (const id of event.authEvents) {
        const before = this.find(id);
        if (before !== undefined && visit(before)) isOnPath = true;
      }
      leads.set(event.eventId, isOnPath);
      return isOnPath;
    };
    for (const event of this.conflicted.values()) visit(event);
    return [...leads].filter(([, isOnPath]) => isOnPath).flatMap(([id]) => this.find(id) ?? []);
  }

  /** Events that give or take power, and those in conflict that authorise them. */
  private powerEvents(all: ReadonlyMap<EventId, RoomEvent>): Map<EventId, RoomEvent> {
    const power = new Map<EventId, RoomEvent>();
    const open = [...all.values()].filter(isPowerEvent);
    for (let event = open.pop(); event !== undefined; event = open.pop()) {
      if (power.has(event.eventId)) continue;
      power.set(event.eventId, event);
      open.push(...event.authEvents.flatMap((id) => all.get(id) ?? []));
    }
    return power;
  }

  /** Each event after those that authorise it; of several the one whose sender has most power, then the oldest. */
  private sortByPower(events: ReadonlyMap<EventId, RoomEvent>): RoomEvent[] {
    const sorted: RoomEvent[] = [];
    const done = new Set<EventId>();
    const waiting = [...events.values()].map((event) => ({ event, power: this.powerOfSender(event) }));
    waiting.sort((a, b) => b.power - a.power || compareByTime(a.event, b.event));
    while (waiting.length > 0) {
      const at = waiting.findIndex(({ event }) => event.authEvents.every((id) => !events.has(id) || done.has(id)));
      const [next] = waiting.splice(Math.max(at, 0), 1);
      if (next === undefined) break;
      done.add(next.event.eventId);
      sorted.push(next.event);
    }
    return sorted;
  }

  private powerOfSender(event: RoomEvent): number {
    return PowerLevels.of(this.version, this.claimedState(event)).ofUser(event.sender);
  }

  private sortByMainline(events: readonly RoomEvent[], levels: RoomEvent | undefined): RoomEvent[] {
    const mainline: EventId[] = [];
    for (let event = levels; event !== undefined; event = this.levelsBefore(event)) mainline.unshift(event.eventId);
    const depths = new Map(mainline.map((id, index) => [id, index + 1]));
    const depthOf = (event: RoomEvent): number => {
      for (let at: RoomEvent | undefined = event; at !== undefined; at = this.levelsBefore(at)) {
        const depth = depths.get(at.eventId);
        if (depth !== undefined) return depth;
      }
      return 0;
    };
    const placed = events.map((event) => ({ event, depth: depthOf(event) }));
    placed.sort((a, b) => a.depth - b.depth || compareByTime(a.event, b.event));
    return placed.map(({ event }) => event);
  }

  private levelsBefore(event: RoomEvent): RoomEvent | undefined {
    return this.claimedState(event).get('m.room.power_levels', '');
  }

  private applyAllowed(events: readonly RoomEvent[], state: RoomState): void {
    for (const event of events) {
      if (event.metadata.isRejected === true) continue;
      const auth = this.claimedState(event);
      for (const [type, key] of authTypesFor(this.version, event)) {
        const current = state.get(type, key);
        if (current !== undefined) auth.set(current);
      }
      if (isAllowed(this.version, event, auth)) state.set(event);
    }
  }

  /** The state that an event says it is authorised by. */
  private claimedState(event: RoomEvent): RoomState {
    return claimedStateOf(this.version, event, this.find);
  }
}

/** The state that an event says it is authorised by, rejected events left out. */
export function claimedStateOf(version: RoomVersion, event: RoomEvent, find: FindEvent): RoomState {
  const events = event.authEvents.flatMap((id) => find(id) ?? []);
  const state = new RoomState(
    version,
    events.filter((found) => found.metadata.isRejected !== true),
  );
  const create = version.hasCreatorPower ? find(`$${event.roomId.slice(1)}`) : undefined;
  if (create !== undefined) state.set(create);
  return state;
}

function isPowerEvent(event: RoomEvent): boolean {
  const { type, stateKey, sender, membership } = event;
  if (stateKey === '') return ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].includes(type);
  if (type !== 'm.room.member') return false;
  return (membership === 'leave' || membership === 'ban') && sender !== stateKey;
}

function compareByTime(a: RoomEvent, b: RoomEvent): number {
  return a.originServerTs - b.originServerTs || compareText(a.eventId, b.eventId);
}
