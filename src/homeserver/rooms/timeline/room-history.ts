import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { EventId, RoomId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { EventStore } from '../../store/event-store.js';
import { type HistoryPlace, type HistoryRange, isBehind, placeBehind, positionOf } from '../../store/history-range.js';
import type { RelationStore } from '../../store/relation-store.js';
import type { StateStore } from '../../store/state-store.js';
import { historyToken } from '../../runtime/stream-token.js';
import { AuthError, noRowFound, NotFoundError } from '../../parity/synapse-errors.js';
import type { BundledRelations, RelationBundler } from './bundled-relations.js';
import type { ShownEvent } from './client-events.js';
import type { EventFilter } from './event-filter.js';
import type { PastStates } from '../model/past-states.js';
import type { Access, RoomAccess } from '../auth/room-access.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import type { RoomUsers } from '../model/room-users.js';
import type { Rooms } from '../model/rooms.js';
import type { Visibility } from './visibility.js';

/** Which part of a history is wanted; places as in `HistoryRange`. */
export interface PageRequest {
  readonly from?: HistoryPlace | undefined;
  readonly to?: HistoryPlace | undefined;
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
  readonly start: HistoryPlace;
  /** Where the next page begins; undefined at the end of the history. */
  readonly end?: HistoryPlace;
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
  readonly start: HistoryPlace;
  readonly end: HistoryPlace;
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
    const start = this.startOf(roomId, request, position, access);
    const read = this.read({ roomId, direction, from: start, limit, ...(to !== undefined && { to }) }, filter);
    if (read.length === 0 && limit > 0) return { events: [], bundled: nothing, start };
    const end = behindLast(read, direction) ?? to ?? start;
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
    const { before, after, start, end } = this.neighbours(event, beforeLimit, limit - beforeLimit, filter);
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
      start,
      end,
    };
  }

  /** What a member may see right before and after an event. */
  neighboursOf(
    requester: Requester,
    event: RoomEvent,
    beforeLimit: number,
    afterLimit: number,
  ): Pick<EventContext, 'before' | 'after' | 'start' | 'end'> {
    const { before, after, start, end } = this.neighbours(event, beforeLimit, afterLimit, undefined);
    const { visibility } = this.parts;
    return {
      before: visibility.filter(requester.userId, before),
      after: visibility.filter(requester.userId, after),
      start,
      end,
    };
  }

  /** The member events of these users as they were after an event. */
  membersAt(event: RoomEvent, userIds: ReadonlySet<string>): readonly RoomEvent[] {
    const then = this.parts.visibility.stateAfter(event);
    return [...userIds].map((userId) => then('m.room.member', userId)).filter((member) => member !== undefined);
  }

  /** One event: undefined when it is not in this room, 403 when the requester may not see it. */
  event(requester: Requester, roomId: RoomId, eventId: string): ShownEvent | undefined {
    const event = this.parts.events.findShown(eventId);
    if (event?.roomId !== roomId) return undefined;
    const [shown] = this.shown(requester, [event], this.peekingAccess(requester, roomId), false);
    if (shown === undefined) throw new AuthError(403, noAccess);
    return shown;
  }

  /** The deepest events up to a position, the least deep first (`get_recent_events_for_room`). */
  newest(requester: Requester, roomId: RoomId, position: number, limit: number, access: Access): HistoryPage {
    const read = this.parts.events.readHistory({ roomId, direction: 'b', from: position, limit });
    const start = behindLast(read, 'b') ?? position;
    const events = this.shown(requester, read.reverse(), access, false);
    return { events, bundled: nothing, start, end: position };
  }

  /** The state of a room as the requester may see it: as it is, as it was when they left, or as it was at a place. */
  state(requester: Requester, roomId: RoomId, at?: HistoryPlace): readonly RoomEvent[] {
    const { rooms, events, access } = this.parts;
    if (at !== undefined) return this.stateAt(requester, roomId, at);
    const { membership, entry } = access.checkInRoomOrReadable(requester, roomId, true);
    const leave = membership === 'join' || entry === undefined ? undefined : events.find(entry.event_id);
    return (leave === undefined ? rooms.find(roomId)?.state : events.allStateAfter(leave))?.sorted() ?? [];
  }

  /** One state event, as `state` would give it. */
  stateEvent(requester: Requester, roomId: RoomId, type: string, stateKey: string): RoomEvent | undefined {
    const { rooms, events, access, visibility } = this.parts;
    const { membership, entry } = access.checkInRoomOrReadable(requester, roomId, true);
    const leave = membership === 'join' || entry === undefined ? undefined : events.find(entry.event_id);
    if (leave === undefined) return rooms.find(roomId)?.state.get(type, stateKey);
    return visibility.stateAfter(leave)(type, stateKey);
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

  /** The state after the newest event up to a place; where that lies behind the place by depth, Synapse finds none. */
  private stateAt({ userId }: Requester, roomId: RoomId, at: HistoryPlace): readonly RoomEvent[] {
    const { eventStore, events, visibility } = this.parts;
    const stored = eventStore.newestIn(roomId, positionOf(at));
    const token = historyToken(at);
    if (stored === undefined || isBehind(stored, at)) throw new NotFoundError(`Can't find event for token ${token}`);
    const last = events.fromRow(stored);
    if (!visibility.maySeeState(userId, last)) {
      throw new AuthError(403, `User ${userId} not allowed to view events in room ${roomId} at token ${token}`);
    }
    return events.allStateAfter(last).sorted();
  }

  /** Where no membership is needed to ask: only members count as being in the room. */
  private peekingAccess(requester: Requester, roomId: RoomId): Access {
    const entry = this.parts.states.membership(requester.userId, roomId);
    return entry?.membership === 'join' ? { membership: 'join', entry } : { membership: 'join' };
  }

  /**
   * What is right before and after an event, nearest first: before it what is less deep, of the next depth only what came
   * earlier (`_get_events_around_txn`).
   */
  private neighbours(
    { roomId, depth, position }: RoomEvent,
    beforeLimit: number,
    afterLimit: number,
    filter: EventFilter | undefined,
  ): Record<'before' | 'after', readonly RoomEvent[]> & Record<'start' | 'end', HistoryPlace> {
    const lessDeep = { depth: depth - 1, position };
    const here = { depth, position };
    const before = this.read({ roomId, direction: 'b', from: lessDeep, limit: beforeLimit }, filter);
    const after = this.read({ roomId, direction: 'f', from: here, limit: afterLimit }, filter);
    return { before, after, start: behindLast(before, 'b') ?? lessDeep, end: behindLast(after, 'f') ?? here };
  }

  /** Where reading begins; those who left read no further back than from there. */
  private startOf(
    roomId: RoomId,
    { from, direction }: PageRequest,
    position: number,
    access: Access | undefined,
  ): HistoryPlace {
    if (direction === 'f') return from ?? 0;
    const { eventStore, events } = this.parts;
    const start = from ?? eventStore.endOf(roomId, position);
    const left = access?.membership === 'leave' ? access.entry : undefined;
    const leave = left === undefined ? undefined : events.find(left.event_id);
    if (leave === undefined) return start;
    const depth = typeof start === 'number' ? eventStore.depthFrom(roomId, start) : start.depth;
    return leave.depth < depth ? { depth: leave.depth, position: leave.position } : start;
  }

  private read(range: HistoryRange, filter: EventFilter | undefined): RoomEvent[] {
    const { events } = this.parts;
    if (filter === undefined) return events.readHistory(range);
    return filter.isForOthers(range.roomId) ? [] : events.readHistory(range, filter.selection);
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
    if (filter?.lazyLoadMembers !== true) return pastStates.after(last);
    const senders = new Set<string>(events.map(({ event }) => event.sender));
    return pastStates.afterWithMembers(last, senders);
  }

  /** The member events of those who sent the events, as they were after the first of them. */
  private sendersOf(events: readonly ShownEvent[]): readonly RoomEvent[] {
    const first = events[0]?.event;
    if (first === undefined) return [];
    return this.membersAt(first, new Set(events.map(({ event }) => event.sender)));
  }
}

/** Where reading goes on behind the last of some events. */
function behindLast(events: readonly RoomEvent[], direction: 'f' | 'b'): HistoryPlace | undefined {
  const last = events.at(-1);
  return last === undefined ? undefined : placeBehind(last, direction);
}
