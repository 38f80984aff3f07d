import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { PresenceService } from '../ephemeral/presence.js';
import type { Receipts } from '../ephemeral/receipts.js';
import type { Typing } from '../ephemeral/typing.js';
import type { ShownEvent, ClientEvents } from '../rooms/timeline/client-events.js';
import { isMemberEvent, type RoomEvent } from '../rooms/model/room-event.js';
import { type HistoryPlace, positionOf } from '../store/history-range.js';
import { historyToken, streamToken } from '../runtime/stream-token.js';
import { AuthError } from '../parity/synapse-errors.js';
import type { AccountDataSource } from './account-data-source.js';
import { presenceEvents, receiptEvents } from './ephemeral-events.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RoomStore } from '../store/room-store.js';
import type { EventStore } from '../store/event-store.js';
import type { StateStore } from '../store/state-store.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { RoomAccess } from '../rooms/auth/room-access.js';
import type { Visibility } from '../rooms/timeline/visibility.js';
import type { RoomHistory } from '../rooms/timeline/room-history.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly roomStore: RoomStore;
  readonly eventStore: EventStore;
  readonly states: StateStore;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly access: RoomAccess;
  readonly clientEvents: ClientEvents;
  readonly visibility: Visibility;
  readonly history: RoomHistory;
}

/** What a client asks of `/events`. */
export interface EventStreamRequest {
  readonly requester: Requester;
  /** Where the last answer ended; undefined for now. */
  readonly from: HistoryPlace | undefined;
  /** How many room events at once. */
  readonly limit: number;
  /** How long to wait when there is nothing to tell. */
  readonly timeoutMs: number;
  /** Only this room, which need not be joined when everybody may read it. */
  readonly roomId: RoomId | undefined;
  /** Events are shown as servers exchange them. */
  readonly isRaw: boolean;
  readonly signal: AbortSignal;
}

/** What the stream is put together from. */
export interface EventStreamParts {
  readonly rooms: RoomParts;
  readonly accountData: AccountDataSource;
  readonly presence: PresenceService;
  readonly typing: Typing;
  readonly receipts: Receipts;
}

/** The rooms that a request reads. */
interface Reach {
  readonly roomIds: ReadonlySet<RoomId>;
  readonly isPeeking: boolean;
}

/** Events as they happen, for clients older than `/sync` (`handlers/events.py`, `notifier.py: get_events_for`). */
export class EventStream {
  constructor(private readonly parts: EventStreamParts) {}

  /** The answer to `/events`: at once, or when there is something to tell, or when the time is over. */
  async answer(request: EventStreamRequest): Promise<JsonObject> {
    const { clock, notifier, stream } = this.parts.rooms.context;
    const start = request.from ?? stream.position;
    const from = positionOf(start);
    const reach = this.reachOf(request);
    const until = clock.now() + request.timeoutMs;
    for (;;) {
      const upTo = stream.position;
      const { chunk, end } = await this.read(request, reach, from, upTo);
      const remaining = until - clock.now();
      if (chunk.length > 0 || remaining <= 0 || request.signal.aborted) {
        return { chunk, start: historyToken(start), end: streamToken(end) };
      }
      if (stream.position === upTo) {
        await notifier.wait(request.requester.userId, reach.roomIds, remaining, request.signal);
      }
    }
  }

  private reachOf({ requester, roomId }: EventStreamRequest): Reach {
    const { states, rooms } = this.parts.rooms;
    const joined = states.membershipsOf(requester.userId).filter((entry) => entry.membership === 'join');
    const roomIds = new Set(joined.map((entry) => entry.room_id));
    if (roomId === undefined) return { roomIds, isPeeking: false };
    if (roomIds.has(roomId)) return { roomIds: new Set([roomId]), isPeeking: false };
    const visibility = rooms.find(roomId)?.state.get('m.room.history_visibility', '')?.content['history_visibility'];
    if (visibility === 'world_readable') return { roomIds: new Set([roomId]), isPeeking: true };
    throw new AuthError(403, 'Non-joined access not allowed');
  }

  private async read(
    request: EventStreamRequest,
    reach: Reach,
    from: number,
    upTo: number,
  ): Promise<{ readonly chunk: readonly JsonObject[]; readonly end: number }> {
    if (from >= upTo) return { chunk: [], end: from };
    const { rooms, presence, typing, receipts } = this.parts;
    const { requester, limit, isRaw } = request;
    const { userId } = requester;
    const events = this.roomEvents(request, reach, from, upTo);
    const end = events.length < limit ? upTo : (events.at(-1)?.position ?? upTo);
    const shown = rooms.visibility.filter(userId, events, { isPeeking: reach.isPeeking });
    const now = rooms.context.clock.now();
    const changed = presence.isEnabled ? await presence.changesFor(userId, from, true) : [];
    const typists = [...reach.roomIds].flatMap((roomId) => {
      const users = typing.changedSince(roomId, from);
      return users === undefined ? [] : [{ type: 'm.typing', room_id: roomId, content: { user_ids: users } }];
    });
    const chunk = [
      ...(await rooms.clientEvents.show(shown, { requester, format: isRaw ? 'raw' : 'v1' })),
      ...presenceEvents(changed, now),
      ...typists,
      ...receiptEvents(receipts, reach.roomIds, from, userId),
      ...this.accountData(userId, from),
      ...presenceEvents(presence.statesOf(this.comers(userId, shown), true), now),
    ];
    return { chunk, end };
  }

  /** What happened in the rooms, and the user's own memberships everywhere. */
  private roomEvents(request: EventStreamRequest, reach: Reach, from: number, upTo: number): readonly RoomEvent[] {
    const { events, eventStore, states } = this.parts.rooms;
    const { limit } = request;
    const found = new Map<string, RoomEvent>();
    for (const { event_id: eventId } of states.membershipChanges(request.requester.userId, from, upTo)) {
      const event = events.find(eventId);
      if (event !== undefined) found.set(eventId, event);
    }
    for (const roomId of eventStore.changedRooms.after(from)) {
      if (!reach.roomIds.has(roomId)) continue;
      for (const event of events.read({ roomId, direction: 'f', from, to: upTo, limit }))
        found.set(event.eventId, event);
    }
    return [...found.values()].sort((one, other) => one.position - other.position).slice(0, limit);
  }

  private accountData(userId: UserId, from: number): JsonObject[] {
    const { global, rooms } = this.parts.accountData.since(userId, from);
    const inRooms = [...rooms].flatMap(([roomId, data]) =>
      data.map(({ type, content }) => ({ type, content, room_id: roomId })),
    );
    const isTag = ({ type }: { readonly type: string }): boolean => type === 'm.tag';
    return [
      ...inRooms.filter(isTag),
      ...global.filter(({ type }) => type !== 'm.push_rules').map(({ type, content }) => ({ type, content })),
      ...inRooms.filter((datum) => !isTag(datum)),
    ];
  }

  /** Who came into rooms: their presence is told; that of everybody in a room that the user joined. */
  private comers(userId: UserId, shown: readonly ShownEvent[]): ReadonlySet<UserId> {
    const comers = new Set<UserId>();
    for (const { event } of shown) {
      if (!isMemberEvent(event) || event.membership !== 'join') continue;
      const members =
        event.stateKey === userId
          ? this.parts.rooms.rooms.find(event.roomId)?.state.usersWith('join')
          : [event.stateKey];
      for (const member of members ?? []) comers.add(member);
    }
    return comers;
  }
}
