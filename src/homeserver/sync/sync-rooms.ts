import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { RelationBundler } from '../rooms/timeline/bundled-relations.js';
import type { ClientEvents, ShowOptions } from '../rooms/timeline/client-events.js';
import type { EventFilter } from '../rooms/timeline/event-filter.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { RelationStore } from '../store/relation-store.js';
import { streamToken } from '../runtime/stream-token.js';
import type { KnownMembers } from './lazy-members.js';
import type { RoomChanges, RoomEntry } from './room-changes.js';
import type { StateByKey, StateDeltaReader } from './room-state-delta.js';
import { summarize, type RoomSummary } from './room-summary.js';
import type { Timeline, TimelineReader } from './room-timeline.js';
import type { SyncFilterSet } from './sync-filter-set.js';
import { writeUnread } from './written-unread.js';
import type { UnreadCounts } from './unread-counts.js';

/** A piece of account data or something that passes, as clients get it. */
export interface RoomDatum {
  readonly type: string;
  readonly content: JsonObject;
}

/** What rooms have besides events. */
export interface RoomExtras {
  readonly ephemeral: ReadonlyMap<RoomId, readonly RoomDatum[]>;
  /** Changed account data, tags included. */
  readonly accountData: ReadonlyMap<RoomId, readonly RoomDatum[]>;
  /** All account data of a room. */
  readonly accountDataOf: (roomId: RoomId) => readonly RoomDatum[];
}

/** What all rooms of one sync share. */
export interface RoomsWish {
  readonly requester: Requester;
  readonly filters: SyncFilterSet;
  readonly timelineLimit: number;
  readonly known: KnownMembers | undefined;
  readonly isFullState: boolean;
  readonly ignored: ReadonlySet<string>;
}

/** One room of a sync, read from the store. */
export interface SyncedRoom {
  readonly entry: RoomEntry;
  readonly timeline: Timeline;
  readonly state: readonly RoomEvent[];
  readonly summary: RoomSummary | undefined;
  readonly ephemeral: readonly RoomDatum[];
  readonly accountData: readonly RoomDatum[];
}

/** Reads the rooms of a sync, and writes them for clients (`handlers/sync.py: _generate_room_entry`, `rest/client/sync.py: encode_room`). */
export class SyncRooms {
  constructor(
    private readonly rooms: Rooms,
    private readonly timelines: TimelineReader,
    private readonly deltas: StateDeltaReader,
    private readonly clientEvents: ClientEvents,
    private readonly bundler: RelationBundler,
    private readonly relations: RelationStore,
    private readonly unread: UnreadCounts,
  ) {}

  /** The rooms that have something to show. */
  read(changes: RoomChanges, extras: RoomExtras, wish: RoomsWish): SyncedRoom[] {
    return changes.entries
      .map((entry) => this.readRoom(entry, extras, wish))
      .filter((room) => wish.isFullState || hasSomething(room));
  }

  /** The sections `join` and `leave`. */
  async write(rooms: readonly SyncedRoom[], wish: RoomsWish): Promise<Record<'join' | 'leave', JsonObject>> {
    const sections: Record<'join' | 'leave', Record<string, JsonObject>> = { join: {}, leave: {} };
    for (const room of rooms) sections[room.entry.section][room.entry.roomId] = await this.writeRoom(room, wish);
    return sections;
  }

  /** The section `invite` or `knock`: what is shown of the room before one is in, and the event itself. */
  writeStripped(events: readonly RoomEvent[], section: 'invite_state' | 'knock_state'): Record<string, JsonObject> {
    return Object.fromEntries(
      events.map((event) => {
        const { sender, type, content, stateKey = '', metadata } = event;
        const own: JsonObject = { type, state_key: stateKey, content, sender };
        return [event.roomId, { [section]: { events: [...(metadata.strippedState ?? []), own] } }];
      }),
    );
  }

  private readRoom(entry: RoomEntry, extras: RoomExtras, wish: RoomsWish): SyncedRoom {
    const { filters, requester, timelineLimit, known } = wish;
    const { userId } = requester;
    const timeline = this.timelines.read(entry, {
      userId,
      limit: timelineLimit,
      filter: filters.timeline,
    });
    const lazy =
      known === undefined ? undefined : { userId, known, isRedundant: filters.state.includeRedundantMembers };
    const delta = this.deltas.read(entry, timeline, lazy);
    const summary = lazy === undefined ? undefined : this.summaryOf(entry, timeline, delta, userId);
    if (known !== undefined) addHeroes(delta, timeline, summary, known, entry.upTo);
    const isWhole = entry.isFull || entry.isNewlyJoined;
    const data = isWhole ? extras.accountDataOf(entry.roomId) : (extras.accountData.get(entry.roomId) ?? []);
    const ephemeral = entry.section === 'join' ? (extras.ephemeral.get(entry.roomId) ?? []) : [];
    return {
      entry,
      timeline,
      state: filters.state
        .apply([...delta.values()], this.relations)
        .filter((event) => event.type !== 'm.room.aliases'),
      summary,
      ephemeral: select(filters.ephemeral, entry.roomId, ephemeral),
      accountData: select(filters.roomAccountData, entry.roomId, data),
    };
  }

  private summaryOf(entry: RoomEntry, timeline: Timeline, delta: StateByKey, userId: UserId): RoomSummary | undefined {
    const isMember = (event: RoomEvent): boolean => event.type === 'm.room.member';
    const isWanted =
      entry.since === undefined ||
      timeline.events.some(({ event }) => isMember(event)) ||
      (timeline.isLimited && [...delta.values()].some(isMember));
    const room = isWanted ? this.rooms.find(entry.roomId) : undefined;
    return room === undefined ? undefined : summarize(room.state, userId);
  }

  private async writeRoom(room: SyncedRoom, wish: RoomsWish): Promise<JsonObject> {
    const { entry, timeline, summary } = room;
    const options: ShowOptions = {
      requester: wish.requester,
      format: wish.filters.isFederationFormat ? 'raw' : 'sync',
      fields: wish.filters.eventFields,
    };
    const events = timeline.events.map(({ event }) => event);
    const bundled = timeline.isLimited
      ? { bundled: this.bundler.bundle(events, wish.requester.userId, wish.ignored) }
      : {};
    // Modules are asked about the state first, as in Synapse.
    const state = await this.clientEvents.showState(room.state, options);
    const result: Record<string, JsonObject> = {
      timeline: {
        events: await this.clientEvents.show(timeline.events, { ...options, ...bundled }),
        prev_batch: streamToken(timeline.prevBatch),
        limited: timeline.isLimited,
      },
      state: { events: state },
      account_data: { events: room.accountData.map(written) },
    };
    if (entry.section === 'leave') return result;
    const unread = this.unread.byThread(wish.requester.userId, entry.roomId, entry.upTo);
    return {
      ...result,
      ephemeral: { events: room.ephemeral.map(written) },
      ...writeUnread(unread, wish.filters.timeline.unreadThreadNotifications),
      summary: summary === undefined ? {} : writeSummary(summary),
    };
  }
}

function select(filter: EventFilter, roomId: RoomId, items: readonly RoomDatum[]): readonly RoomDatum[] {
  return filter.takesRoom(roomId) ? items.filter(({ type }) => filter.matchesPlain(type)) : [];
}

function hasSomething(room: SyncedRoom): boolean {
  return [room.timeline.events, room.state, room.ephemeral, room.accountData].some((part) => part.length > 0);
}

/** The member events of the heroes are shown, because the client names the room after them. */
function addHeroes(
  delta: StateByKey,
  timeline: Timeline,
  summary: RoomSummary | undefined,
  known: KnownMembers,
  upTo: number,
): void {
  const shown = new Set(
    [...delta.values(), ...timeline.events.map(({ event }) => event)].map((event) => event.eventId),
  );
  for (const hero of summary?.heroes ?? []) {
    if (shown.has(hero.eventId) || known.has(hero.eventId)) continue;
    known.add(hero.eventId, upTo);
    delta.set(`${hero.type}\n${hero.stateKey ?? ''}`, hero);
  }
}

function writeSummary({ joined, invited, heroes }: RoomSummary): JsonObject {
  return {
    'm.joined_member_count': joined,
    'm.invited_member_count': invited,
    ...(heroes !== undefined && { 'm.heroes': heroes.map((event) => event.stateKey ?? '') }),
  };
}

function written({ type, content }: RoomDatum): JsonObject {
  return { type, content };
}
