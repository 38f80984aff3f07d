import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { ClientEvents, ClientFormat } from '../../rooms/timeline/client-events.js';
import type { RoomEvent } from '../../rooms/model/room-event.js';
import type { HistoryPage, ReadingOptions, RoomHistory } from '../../rooms/timeline/room-history.js';
import { historyToken, parseHistoryToken } from '../../runtime/stream-token.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { filterIn, pageRequest } from '../server/page-request.js';
import { queryInteger, queryString, requiredQueryInteger } from '../server/query.js';
import { pathParam, roomIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { Rooms } from '../../rooms/model/rooms.js';
import type { RoomAccess } from '../../rooms/auth/room-access.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly access: RoomAccess;
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
}

/** Endpoints that read what happened in a room and who is in it (`rest/client/room.py`). */
export function roomHistoryRoutes(services: RoomParts): Route[] {
  const endpoints = new HistoryEndpoints(services);
  const get = (path: string, handle: (call: Call) => Promise<Answer>): Route => ({
    method: 'GET',
    paths: clientPaths(`/rooms/:roomId${path}`, oldestVersions),
    handle,
  });
  return [
    get('/messages', endpoints.messages),
    get('/context/:eventId', endpoints.context),
    get('/event/:eventId', endpoints.event),
    get('/members', endpoints.members),
    get('/joined_members', endpoints.joinedMembers),
    {
      method: 'GET',
      paths: ['/_matrix/client/v1/rooms/:roomId/timestamp_to_event'],
      handle: endpoints.timestampToEvent,
    },
  ];
}

/** A page of history as JSON (`encode_messages_response`). */
async function showPage(
  page: HistoryPage,
  clientEvents: ClientEvents,
  requester: Requester,
  format: ClientFormat,
): Promise<JsonObject> {
  const { events, bundled, start, end, members } = page;
  const chunk = await clientEvents.show(events, { requester, format, bundled });
  return {
    chunk,
    start: historyToken(start),
    ...(end !== undefined && { end: historyToken(end) }),
    ...(members !== undefined && { state: await clientEvents.showState(members, { requester, format }) }),
  };
}

/** The messages of a room that a request asks for, as JSON. */
export async function messagesFor(
  services: RoomParts,
  call: Call,
  requester: Requester,
  options: ReadingOptions = {},
): Promise<JsonObject> {
  const { history, clientEvents, context } = services;
  const request = pageRequest(call.query, { limit: 10 });
  const filter = filterIn(call.query);
  const isRaw = call.query.has('raw') || filter?.isFederationFormat === true;
  const page = history.page(requester, roomIdIn(call), request, context.stream.position, { ...options, filter });
  return showPage(page, clientEvents, requester, isRaw ? 'raw' : 'v1');
}

/** An event with what is around it, as JSON; 404 when there is none. */
export async function contextFor(
  services: RoomParts,
  call: Call,
  requester: Requester,
  options: ReadingOptions = {},
): Promise<JsonObject> {
  const { history, clientEvents } = services;
  const limit = queryInteger(call.query, 'limit') ?? 10;
  const filter = filterIn(call.query);
  const found = history.around(requester, roomIdIn(call), pathParam(call, 'eventId'), limit, { ...options, filter });
  if (found === undefined) throw notFound();
  const { before, event, after, bundled } = found;
  // One question to the modules for each list, as Synapse serializes them one by one.
  const show = { requester, bundled };
  const eventsBefore = await clientEvents.show(before, show);
  const [shown] = await clientEvents.show([event], show);
  return {
    events_before: eventsBefore,
    event: shown,
    events_after: await clientEvents.show(after, show),
    state: await clientEvents.showState(found.state, { requester }),
    start: historyToken(found.start),
    end: historyToken(found.end),
  };
}

class HistoryEndpoints {
  constructor(private readonly services: RoomParts) {}

  readonly messages = async (call: Call): Promise<Answer> =>
    messagesFor(this.services, call, await call.requester({ allowGuest: true }));

  readonly context = async (call: Call): Promise<Answer> =>
    contextFor(this.services, call, await call.requester({ allowGuest: true }));

  readonly event = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    const { history, clientEvents } = this.services;
    const event = this.visible(requester, roomIdIn(call), pathParam(call, 'eventId'));
    if (event === undefined) throw notFound();
    const [shown] = await clientEvents.show([event], { requester, bundled: history.bundle(requester, [event]) });
    return shown ?? {};
  };

  readonly members = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    const { query } = call;
    const token = queryString(query, 'at');
    const at = token === undefined ? undefined : parseHistoryToken(token);
    const membership = queryString(query, 'membership') ?? '';
    const notMembership = queryString(query, 'not_membership') ?? '';
    const state = this.services.history.state(requester, roomIdIn(call), at);
    const members = state.filter((event) => event.type === 'm.room.member');
    const events = await this.services.clientEvents.showState(members, { requester });
    const chunk = events.filter((_event, index) => {
      const value = members[index]?.content['membership'];
      if (membership !== '' && value !== membership) return false;
      return notMembership === '' || value !== notMembership;
    });
    return { chunk };
  };

  readonly joinedMembers = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const roomId = roomIdIn(call);
    const { access, rooms } = this.services;
    if (access.checkInRoomOrReadable(requester, roomId, true).membership !== 'join') {
      const message = 'Getting joined members while not being a current member of the room is forbidden.';
      throw new SynapseError(403, message, Codes.FORBIDDEN);
    }
    const members = [...(rooms.find(roomId)?.state.ofType('m.room.member').values() ?? [])];
    const joined = members.filter((event) => event.membership === 'join');
    return { joined: Object.fromEntries(joined.map((event) => [event.stateKey ?? '', profileIn(event)])) };
  };

  readonly timestampToEvent = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const roomId = roomIdIn(call);
    this.services.access.checkInRoomOrReadable(requester, roomId);
    const timestamp = requiredQueryInteger(call.query, 'ts');
    const direction = queryString(call.query, 'dir', { allowed: ['b', 'f'] as const }) ?? 'f';
    const { eventId, at } = this.services.history.nearest(roomId, timestamp, direction);
    return { event_id: eventId, origin_server_ts: at };
  };

  /** An event, where the requester may see it. */
  private visible(requester: Requester, roomId: RoomId, eventId: string): ReturnType<RoomParts['history']['event']> {
    try {
      return this.services.history.event(requester, roomId, eventId);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return undefined;
    }
  }
}

function profileIn(event: RoomEvent): JsonObject {
  const { displayname, avatar_url: avatar } = event.content;
  return {
    avatar_url: typeof avatar === 'string' ? avatar : null,
    display_name: typeof displayname === 'string' ? displayname : null,
  };
}

function notFound(): SynapseError {
  return new SynapseError(404, 'Event not found.', Codes.NOT_FOUND);
}
