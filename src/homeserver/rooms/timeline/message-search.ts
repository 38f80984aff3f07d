import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../../matrix/ids.js';
import { isJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { RelationStore } from '../../store/relation-store.js';
import type { SearchHit, SearchHits, SearchMark } from '../../store/search/search-hits.js';
import type { SearchStore } from '../../store/search/search-store.js';
import type { StateStore } from '../../store/state-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { ShownEvent } from './client-events.js';
import type { EventFilter } from './event-filter.js';
import type { RoomEvents } from '../model/room-events.js';
import type { Rooms } from '../model/rooms.js';
import type { SearchBatch, SearchRequest } from './search-request.js';
import { readSearchTerms } from './search-terms.js';
import type { Visibility } from './visibility.js';

/** What is searched with. */
export interface MessageSearchParts {
  readonly search: SearchStore;
  readonly states: StateStore;
  readonly relations: RelationStore;
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly visibility: Visibility;
}

/** One event that was found. */
export interface SearchResult {
  readonly shown: ShownEvent;
  readonly rank: number;
}

/** What a search found. */
export interface SearchResults {
  readonly results: readonly SearchResult[];
  readonly count: number;
  readonly highlights: readonly string[];
  /** Where the newest results go on, when there may be more. */
  readonly next?: string;
}

const maxRounds = 5;
const maxBest = 500;
const nothing: SearchResults = { results: [], count: 0, highlights: [] };

/** Searches the rooms that somebody is in (`handlers/search.py`). */
export class MessageSearch {
  constructor(private readonly parts: MessageSearchParts) {}

  async find({ userId }: Requester, request: SearchRequest, batch?: SearchBatch): Promise<SearchResults> {
    const filter = this.withPredecessors(request.filter);
    const rooms = this.roomsFor(userId, filter).filter((roomId) => batch?.group !== 'room_id' || roomId === batch.key);
    if (rooms.length === 0) return nothing;
    const { query, highlights } = readSearchTerms(request.term);
    await this.parts.search.catchUp();
    const hits = this.parts.search.find(query, { rooms, keys: request.keys });
    const found =
      request.orderBy === 'rank'
        ? this.best(userId, hits, filter)
        : this.newest(userId, hits, filter, batch?.token === undefined ? undefined : readMark(batch.token));
    return { ...found, count: hits.count, highlights };
  }

  private best(userId: UserId, hits: SearchHits, filter: EventFilter): Pick<SearchResults, 'results'> {
    return { results: this.shown(userId, hits.best(maxBest), filter).slice(0, filter.limit) };
  }

  private newest(
    userId: UserId,
    hits: SearchHits,
    filter: EventFilter,
    before: SearchMark | undefined,
  ): Pick<SearchResults, 'results' | 'next'> {
    const { limit } = filter;
    const newest = hits.newest(before)[Symbol.iterator]();
    const results: SearchResult[] = [];
    for (let round = 0; round < maxRounds && results.length < limit; round++) {
      const some = take(newest, limit * 2);
      if (some.length === 0) break;
      results.push(...this.shown(userId, some, filter));
    }
    const page = results.slice(0, limit);
    const end = page.length < limit ? undefined : page.at(-1)?.shown.event;
    return { results: page, ...(end !== undefined && { next: `${end.originServerTs},${end.position}` }) };
  }

  /** The events behind the hits that the user may see; redacted ones are not found. */
  private shown(userId: UserId, hits: readonly SearchHit[], filter: EventFilter): SearchResult[] {
    const { events, relations, visibility } = this.parts;
    const ranks = new Map<string, number>(hits.map((hit) => [hit.event_id, hit.rank]));
    const found = hits
      .map((hit) => events.findShown(hit.event_id))
      .filter((event) => event !== undefined)
      .filter((event) => event.metadata.redactedBy === undefined);
    return visibility
      .filter(userId, filter.apply(found, relations))
      .map((shown) => ({ shown, rank: ranks.get(shown.event.eventId) ?? 0 }));
  }

  private roomsFor(userId: UserId, filter: EventFilter): readonly RoomId[] {
    const joined = this.parts.states.membershipsOf(userId).filter((entry) => entry.membership === 'join');
    return joined.map((entry) => entry.room_id).filter((roomId) => filter.takesRoom(roomId));
  }

  /** Whoever names a room means the rooms that it replaced, too. */
  private withPredecessors(filter: EventFilter): EventFilter {
    return filter.withRooms(filter.namedRooms?.flatMap((roomId) => this.predecessorsOf(roomId)) ?? []);
  }

  private predecessorsOf(roomId: string): readonly RoomId[] {
    const found: RoomId[] = [];
    let room = this.parts.rooms.find(roomId);
    if (room === undefined) throw new NotFoundError(`Current state for room ${roomId} is empty`);
    while (room !== undefined) {
      const predecessor: unknown = room.state.get('m.room.create', '')?.content['predecessor'];
      const before: unknown = isJsonObject(predecessor) ? predecessor['room_id'] : undefined;
      room = typeof before === 'string' ? this.parts.rooms.find(before) : undefined;
      if (room !== undefined && found.includes(room.roomId)) room = undefined;
      if (room !== undefined) found.push(room.roomId);
    }
    return found;
  }
}

function readMark(token: string): SearchMark {
  const [timestamp, position] = /^(\d{1,15}),(\d{1,15})$/.exec(token)?.slice(1) ?? [];
  if (timestamp === undefined || position === undefined) throw new SynapseError(400, 'Invalid pagination token');
  return { origin_server_ts: Number(timestamp), position: Number(position) };
}

/** The next ones, as far as there are so many. */
function take<T>(source: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = source.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
