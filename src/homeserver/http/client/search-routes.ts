import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { BundledRelations } from '../../rooms/timeline/bundled-relations.js';
import type { EventContext, RoomHistory } from '../../rooms/timeline/room-history.js';
import type { SearchResult, MessageSearch } from '../../rooms/timeline/message-search.js';
import {
  readSearchBatch,
  readSearchRequest,
  type SearchBatch,
  type SearchContextRequest,
  type SearchRequest,
  writeSearchBatch,
} from '../../rooms/timeline/search-request.js';
import { historyToken } from '../../runtime/stream-token.js';
import { queryString } from '../server/query.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { Rooms } from '../../rooms/model/rooms.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
  readonly search: MessageSearch;
}

/** The endpoint that searches messages (`rest/client/room.py: SearchRestServlet`). */
export function searchRoutes(services: RoomParts): Route[] {
  const endpoint = new SearchEndpoint(services);
  return [{ method: 'POST', paths: clientPaths('/search', oldestVersions), handle: endpoint.search }];
}

/** What is around a result. */
interface Surroundings extends Pick<EventContext, 'before' | 'after' | 'start' | 'end'> {
  readonly profiles?: JsonObject;
}

class SearchEndpoint {
  constructor(private readonly services: RoomParts) {}

  readonly search = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const body = await call.json();
    const token = queryString(call.query, 'next_batch') ?? '';
    const batch = token === '' ? undefined : readSearchBatch(token);
    if (!this.services.context.config.enableSearch) {
      throw new SynapseError(400, 'Search is disabled on this homeserver');
    }
    const request = readSearchRequest(body);
    const { results, count, highlights, next } = await this.services.search.find(requester, request, batch);
    const around = this.surroundings(requester, results, request.context);
    const shown = await this.show(requester, results, around);
    return {
      search_categories: {
        room_events: {
          results: shown,
          count,
          highlights,
          ...(await this.stateFor(requester, results, request)),
          ...groupsFor(results, request, next),
          ...(next !== undefined && { next_batch: nextBatch(next, batch) }),
        },
      },
    };
  };

  private surroundings(
    requester: Requester,
    results: readonly SearchResult[],
    wanted: SearchContextRequest | undefined,
  ): readonly Surroundings[] {
    if (wanted === undefined) return [];
    const { history } = this.services;
    return results.map(({ shown }) => {
      const around = history.neighboursOf(requester, shown.event, wanted.before, wanted.after);
      if (!wanted.includeProfile) return around;
      const all = [...around.before, shown, ...around.after];
      const last = around.after.at(-1)?.event ?? shown.event;
      const members = history.membersAt(last, new Set(all.map(({ event }) => event.sender)));
      const profiles = members.map(({ stateKey = '', content }) => {
        const { displayname = null, avatar_url: avatarUrl = null } = content;
        return [stateKey, { displayname, avatar_url: avatarUrl }] as const;
      });
      return { ...around, profiles: Object.fromEntries(profiles) };
    });
  }

  private async show(
    requester: Requester,
    results: readonly SearchResult[],
    around: readonly Surroundings[],
  ): Promise<readonly JsonObject[]> {
    const { clientEvents, history } = this.services;
    const all = [...around.flatMap(({ before, after }) => [...before, ...after]), ...results.map(({ shown }) => shown)];
    const show = { requester, bundled: history.bundle(requester, all) };
    const contexts: JsonObject[] = [];
    for (const surroundings of around) contexts.push(await this.showAround(surroundings, show));
    const shown: JsonObject[] = [];
    for (const [index, result] of results.entries()) {
      const [event] = await clientEvents.show([result.shown], show);
      shown.push({ rank: result.rank, result: event, context: contexts[index] ?? {} });
    }
    return shown;
  }

  private async showAround(
    { before, after, start, end, profiles }: Surroundings,
    show: { readonly requester: Requester; readonly bundled: ReadonlyMap<string, BundledRelations> },
  ): Promise<JsonObject> {
    const { clientEvents } = this.services;
    return {
      events_before: await clientEvents.show(before, show),
      events_after: await clientEvents.show(after, show),
      start: historyToken(start),
      end: historyToken(end),
      ...(profiles !== undefined && { profile_info: profiles }),
    };
  }

  private async stateFor(
    requester: Requester,
    results: readonly SearchResult[],
    { includeState }: SearchRequest,
  ): Promise<JsonObject> {
    if (!includeState || results.length === 0) return {};
    const state: Record<string, readonly JsonObject[]> = {};
    for (const roomId of new Set(results.map(({ shown }) => shown.event.roomId))) {
      const events = this.services.rooms.find(roomId)?.state.sorted() ?? [];
      state[roomId] = await this.services.clientEvents.showState(events, { requester });
    }
    return { state };
  }
}

/** The results by room and by sender, as far as they are asked for. */
function groupsFor(results: readonly SearchResult[], request: SearchRequest, next: string | undefined): JsonObject {
  const isRanked = request.orderBy === 'rank';
  const groups: Record<string, JsonObject> = {};
  if (request.groupBy.includes('room_id') && results.length > 0) {
    groups['room_id'] = groupBy(
      results,
      ({ shown }) => shown.event.roomId,
      isRanked,
      (roomId) =>
        next === undefined ? {} : { next_batch: writeSearchBatch({ group: 'room_id', key: roomId, token: next }) },
    );
  }
  if (request.groupBy.includes('sender') && isRanked && results.length > 0) {
    groups['sender'] = groupBy(
      results,
      ({ shown }) => shown.event.sender,
      isRanked,
      () => ({}),
    );
  }
  return Object.keys(groups).length > 0 ? { groups } : {};
}

function groupBy(
  results: readonly SearchResult[],
  keyOf: (result: SearchResult) => string,
  isRanked: boolean,
  more: (key: string) => JsonObject,
): JsonObject {
  const groups = new Map<string, { readonly rank: number; readonly ids: string[] }>();
  for (const result of results) {
    const { eventId } = result.shown.event;
    const group = groups.get(keyOf(result));
    if (group === undefined) groups.set(keyOf(result), { rank: result.rank, ids: [eventId] });
    else group.ids.push(eventId);
  }
  const entries = [...groups].map(([key, { rank, ids }]) => {
    return [key, { results: ids, ...(isRanked && { order: rank }), ...more(key) }] as const;
  });
  return Object.fromEntries(entries);
}

/** A group that was gone on with goes on as that group. */
function nextBatch(token: string, batch: SearchBatch | undefined): string {
  const isGroup = batch !== undefined && batch.group !== '' && batch.key !== '';
  return writeSearchBatch({ group: isGroup ? batch.group : 'all', key: isGroup ? batch.key : '', token });
}
