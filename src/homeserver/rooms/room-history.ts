import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { EventId, RoomId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import type { EventRange, EventStore } from '../store/event-store.js';
import type { RelationStore } from '../store/relation-store.js';
import type { StateStore } from '../store/state-store.js';
import { AuthError, noRowFound, NotFoundError } from '../synapse-errors.js';
import type { BundledRelations, RelationBundler } from './bundled-relations.js';
import type { ShownEvent } from './client-events.js';
import type { EventFilter } from './event-filter.js';
import type { PastStates } from './past-states.js';
import type { Access, RoomAccess } from './room-access.js';
import { compareByDepth, type RoomEvent } from './room-event.js';
import type { RoomEvents } from './room-events.js';
import type { RoomUsers } from './room-users.js';
import type { Rooms } from './rooms.js';
import type { Visibility } from './visibility.js';

/** Which part of a history is wanted; positions as in `EventRange`. */
export interface PageRequest {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly direction: 'f' | 'b';
  readonly limit: number;
}

/** How history is read differently. */
export interface ReadingOptions {
  readonly filter?: EventFilter | undefined;
  /** Everything is shown, whoever asks: for the admin API. */
  readonly asAdmin?: boolean;
}

/** Part of a room's history. */
export interface HistoryPage {
  readonly events: readonly ShownEvent[];
  readonly bundled: ReadonlyMap<string, BundledRelations>;
  readonly start: number;
  /** Where the next page begins; undefined at the end of the history. */
  readonly end?: number;
  /** The members who sent these events, where the filter asks for them. */
  readonly members?: readonly RoomEvent[];
}

/** An event and what is around it. */
export interface EventContext {
  readonly before: readonly ShownEvent[];
  readonly event: ShownEvent;
  readonly after: readonly ShownEvent[];
  readonly state: readonly RoomEvent[];
  readonly bundled: ReadonlyMap<string, BundledRelations>;
  readonly start: number;
  readonly end: number;
}

/** What history is read with. */
export interface RoomHistoryParts {
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly pastStates: PastStates;
  readonly eventStore: EventStore;
  readonly states: StateStore;
  readonly relations: RelationStore;
  readonly users: RoomUsers;
  readonly access: RoomAccess;
  readonly visibility: Visibility;
  readonly bundler: RelationBundler;
}

const nothing: ReadonlyMap<string, BundledRelations> = new Map();
const noAccess = "You don't have permission to access that event.";

/** Reads what happened in rooms (`handlers/pagination.py`, `RoomContextHandler`, `EventHandler`). */
export class RoomHistory {
  constructor(private readonly parts: RoomHistoryParts) {}

  /** A page of a room's history. */
  page(
    requester: Requester,
    roomId: RoomId,
    request: PageRequest,
    position: number,
    options: ReadingOptions = {},
  ): HistoryPage {
    const { filter, asAdmin = false } = options;
    const { direction, to, limit } = request;
    const access = asAdmin ? undefined : this.parts.access.checkInRoomOrReadable(requester, roomId, true);
    const start = startOf(request, position, access);
    const range = { roomId, direction, from: start, limit, ...(to !== undefined && { to }) };
    const read = this.read(range, filter);
    if (read.length === 0 && limit > 0) return { events: [], bundled: nothing, start };
    const end = nextPosition(read.at(-1), direction) ?? to ?? start;
    read.sort(direction === 'f' ? compareByDepth : (one, other) => compareByDepth(other, one));
    const events = this.shown(requester, this.filtered(read, filter), access, asAdmin);
    const page = { events, bundled: this.bundle(requester, events), start, end };
    return filter?.lazyLoadMembers === true ? { ...page, members: this.sendersOf(events) } : page;
  }

  /** An event with its neighbours and the state behind them; undefined when there is no such event. */
  around(
    requester: Requester,
    roomId: RoomId,
    eventId: string,
    limit: number,
    options: ReadingOptions = {},
  ): EventContext | undefined {
    const event = this.parts.events.findShown(eventId);
    if (event === undefined) return undefined;
    const { filter, asAdmin = false } = options;
    const access = this.peekingAccess(requester, roomId);
    const [target] = this.shown(requester, [event], access, asAdmin);
    if (target === undefined) throw new AuthError(403, noAccess);
    if (event.roomId !== roomId) throw noRowFound('events');
    const beforeLimit = Math.floor(limit / 2);
    const before = this.neighbours(event, 'b', beforeLimit, filter);
    const after = this.neighbours(event, 'f', limit - beforeLimit, filter);
    const shown = (events: readonly RoomEvent[]): ShownEvent[] =>
      this.shown(requester, this.filtered(events, filter), access, asAdmin);
    const shownBefore = shown(before);
    const shownAfter = shown(after);
    const all = [...shownBefore, target, ...shownAfter];
    const last = shownAfter.at(-1)?.event ?? event;
    return {
      before: shownBefore,
      event: target,
      after: shownAfter,
      state: this.filtered(this.stateBehind(last, all, filter), filter),
      bundled: this.bundle(requester, all),
      start: nextPosition(before.at(-1), 'b') ?? event.position - 1,
      end: nextPosition(after.at(-1), 'f') ?? event.position,
    };
  }

  /** What a member may see right before and after an event. */
  neighboursOf(
    requester: Requester,
    event: RoomEvent,
    beforeLimit: number,
    afterLimit: number,
  ): Pick<EventContext, 'before' | 'after' | 'start' | 'end'> {
    const before = this.neighbours(event, 'b', beforeLimit, undefined);
    const after = this.neighbours(event, 'f', afterLimit, undefined);
    const { visibility } = this.parts;
    return {
      before: visibility.filter(requester.userId, before),
      after: visibility.filter(requester.userId, after),
      start: nextPosition(before.at(-1), 'b') ?? event.position - 1,
      end: nextPosition(after.at(-1), 'f') ?? event.position,
    };
  }

  /** The member events of these users as they were after an event. */
  membersAt(event: RoomEvent, userIds: ReadonlySet<string>): readonly RoomEvent[] {
    const { roomId, position } = event;
    return [...userIds]
      .map((userId) => this.parts.visibility.stateAfter(roomId, position, 'm.room.member', userId))
      .filter((member) => member !== undefined);
  }

  /** One event: undefined when it is not in this room, 403 when the requester may not see it. */
  event(requester: Requester, roomId: RoomId, eventId: string): ShownEvent | undefined {
    const event = this.parts.events.findShown(eventId);
    if (event?.roomId !== roomId) return undefined;
    const [shown] = this.shown(requester, [event], this.peekingAccess(requester, roomId), false);
    if (shown === undefined) throw new AuthError(403, noAccess);
    return shown;
  }

  /** The newest events up to a position, oldest first. */
  newest(requester: Requester, roomId: RoomId, position: number, limit: number, access: Access): HistoryPage {
    const read = this.parts.events.read({ roomId, direction: 'b', from: position, limit });
    const events = this.shown(requester, read.reverse(), access, false);
    return { events, bundled: nothing, start: (read[0]?.position ?? position) - 1, end: position };
  }

  /** The state of a room as the requester may see it: as it is, as it was when they left, or as it was at a position. */
  state(requester: Requester, roomId: RoomId, at?: number): readonly RoomEvent[] {
    const { rooms, events, access, visibility } = this.parts;
    if (at !== undefined) {
      const last = this.parts.eventStore.newestIn(roomId, at);
      if (last === undefined) throw new NotFoundError(`Can't find event for token s${at}`);
      if (!visibility.maySeeState(requester.userId, roomId, last.position)) {
        const { userId } = requester;
        throw new AuthError(403, `User ${userId} not allowed to view events in room ${roomId} at token s${at}`);
      }
      return events.allStateAt(roomId, last.position).sorted();
    }
    const { membership, entry } = access.checkInRoomOrReadable(requester, roomId, true);
    if (membership === 'join' || entry === undefined) return rooms.find(roomId)?.state.sorted() ?? [];
    return events.allStateAt(roomId, entry.position).sorted();
  }

  /** One state event, as `state` would give it. */
  stateEvent(requester: Requester, roomId: RoomId, type: string, stateKey: string): RoomEvent | undefined {
    const { rooms, events, access } = this.parts;
    const { membership, entry } = access.checkInRoomOrReadable(requester, roomId, true);
    if (membership === 'join' || entry === undefined) return rooms.find(roomId)?.state.get(type, stateKey);
    return events.stateAt(roomId, entry.position, type, stateKey);
  }

  /** The event nearest to a time: 404 when there is none. */
  nearest(roomId: RoomId, timestamp: number, direction: 'f' | 'b'): { readonly eventId: EventId; readonly at: number } {
    const found = this.parts.eventStore.nearestInTime(roomId, timestamp, direction);
    if (found !== undefined) return { eventId: found.event_id, at: found.origin_server_ts };
    const name = direction === 'f' ? 'Direction.FORWARDS' : 'Direction.BACKWARDS';
    throw new SynapseError(404, `Unable to find event from ${timestamp} in direction ${name}`, Codes.NOT_FOUND);
  }

  /** What the requester may see of these events. */
  shown(requester: Requester, events: readonly RoomEvent[], access: Access | undefined, asAdmin = false): ShownEvent[] {
    if (asAdmin) return events.map((event) => ({ event }));
    return this.parts.visibility.filter(requester.userId, events, { isPeeking: access?.entry === undefined });
  }

  /** The relations to show with events. */
  bundle(requester: Requester, events: readonly ShownEvent[]): ReadonlyMap<string, BundledRelations> {
    const { bundler, users } = this.parts;
    const { userId } = requester;
    return bundler.bundle(
      events.map(({ event }) => event),
      userId,
      users.ignoredBy(userId),
    );
  }

  /** Where no membership is needed to ask: only members count as being in the room. */
  private peekingAccess(requester: Requester, roomId: RoomId): Access {
    const entry = this.parts.states.membership(requester.userId, roomId);
    return entry?.membership === 'join' ? { membership: 'join', entry } : { membership: 'join' };
  }

  private neighbours(
    event: RoomEvent,
    direction: 'f' | 'b',
    limit: number,
    filter: EventFilter | undefined,
  ): RoomEvent[] {
    const from = direction === 'b' ? event.position - 1 : event.position;
    return this.read({ roomId: event.roomId, direction, from, limit }, filter);
  }

  private read(range: EventRange, filter: EventFilter | undefined): RoomEvent[] {
    const { events } = this.parts;
    if (filter === undefined) return events.read(range);
    return filter.isForOthers(range.roomId) ? [] : events.readSelected(range, filter.selection);
  }

  private filtered(events: readonly RoomEvent[], filter: EventFilter | undefined): readonly RoomEvent[] {
    return filter === undefined ? events : filter.apply(events, this.parts.relations);
  }

  private stateBehind(
    last: RoomEvent,
    events: readonly ShownEvent[],
    filter: EventFilter | undefined,
  ): readonly RoomEvent[] {
    const { pastStates } = this.parts;
    if (filter?.lazyLoadMembers !== true) return pastStates.all(last.roomId, last.position);
    const senders = new Set<string>(events.map(({ event }) => event.sender));
    return pastStates.withMembers(last.roomId, last.position, senders);
  }

  /** The member events of those who sent the events, as they were after the first of them. */
  private sendersOf(events: readonly ShownEvent[]): readonly RoomEvent[] {
    const first = events[0]?.event;
    if (first === undefined) return [];
    return this.membersAt(first, new Set(events.map(({ event }) => event.sender)));
  }
}

/** Where reading goes on after an event. */
function nextPosition(last: RoomEvent | undefined, direction: 'f' | 'b'): number | undefined {
  if (last === undefined) return undefined;
  return direction === 'f' ? last.position : last.position - 1;
}

/** Where reading begins; those who left read no further back than from there. */
function startOf({ from, direction }: PageRequest, position: number, access: Access | undefined): number {
  if (direction === 'f') return from ?? 0;
  const start = from ?? position;
  return access?.membership === 'leave' && access.entry !== undefined ? Math.min(start, access.entry.position) : start;
}
