import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { DepthPlace } from '../../store/history-range.js';
import { historyToken } from '../../runtime/stream-token.js';
import { pageRequest } from '../server/page-request.js';
import { queryBoolean, queryInteger, queryString } from '../server/query.js';
import { pathParam, roomIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';
import type { RoomHistory } from '../../rooms/timeline/room-history.js';
import type { RelatedEvents } from '../../rooms/timeline/related-events.js';

interface RoomParts {
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
  readonly relatedEvents: RelatedEvents;
}

const maxLimit = 1000;
/** How deep relations of relations are followed: what Synapse says of itself. */
const recursionDepth = 3;

/** Relations between events, and threads (`rest/client/relations.py`). */
export function relationRoutes(services: RoomParts): Route[] {
  const endpoints = new RelationEndpoints(services);
  const relations = '/rooms/:roomId/relations/:eventId';
  const versions = ['v1', 'unstable'];
  const paths = ['', '/:relType', '/:relType/:eventType'].flatMap((end) => clientPaths(`${relations}${end}`, versions));
  return [
    { method: 'GET', paths, handle: endpoints.relations },
    { method: 'GET', paths: clientPaths('/rooms/:roomId/threads', ['v1']), handle: endpoints.threads },
  ];
}

class RelationEndpoints {
  constructor(private readonly services: RoomParts) {}

  readonly relations = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    const { direction, from, to, limit } = pageRequest(call.query, { limit: 5, direction: 'b' });
    const isRecursive =
      queryBoolean(call.query, 'recurse') === true || queryBoolean(call.query, 'org.matrix.msc3981.recurse') === true;
    const { relType, eventType } = call.params;
    const { relatedEvents, history, clientEvents } = this.services;
    const { events, next } = relatedEvents.of(requester, roomIdIn(call), pathParam(call, 'eventId'), {
      direction,
      limit,
      isRecursive,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(relType !== undefined && { relType }),
      ...(eventType !== undefined && { type: eventType }),
    });
    return {
      chunk: await clientEvents.show(events, { requester, bundled: history.bundle(requester, events) }),
      ...(isRecursive && { recursion_depth: recursionDepth }),
      ...(call.request.url.includes('/_matrix/client/unstable/') && {
        original_event: await this.original(call, requester),
      }),
      ...(next !== undefined && { next_batch: historyToken(next) }),
      ...(from !== undefined && { prev_batch: historyToken(from) }),
    };
  };

  readonly threads = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const limit = Math.min(queryInteger(call.query, 'limit') ?? 5, maxLimit);
    const from = queryString(call.query, 'from');
    const include = queryString(call.query, 'include', { allowed: ['all', 'participated'] as const }) ?? 'all';
    const { relatedEvents, history, clientEvents } = this.services;
    const { events, next } = relatedEvents.threads(requester, roomIdIn(call), {
      limit,
      onlyParticipated: include === 'participated',
      ...(from !== undefined && from !== '' && { before: threadsToken(from) }),
    });
    return {
      chunk: await clientEvents.show(events, { bundled: history.bundle(requester, events) }),
      ...(next !== undefined && { next_batch: `${next.depth}_${next.position}` }),
    };
  };

  private async original(call: Call, requester: Requester): Promise<JsonValue> {
    const { history, clientEvents } = this.services;
    const event = history.event(requester, roomIdIn(call), pathParam(call, 'eventId'));
    const [shown] = await clientEvents.show(event === undefined ? [] : [event], { requester });
    return shown ?? null;
  }
}

/** The place that a token of threads names (`ThreadsNextBatch`), or 400. */
function threadsToken(text: string): DepthPlace {
  const [, depth, position] = /^(\d{1,16})_(\d{1,15})$/.exec(text) ?? [];
  if (depth === undefined || position === undefined)
    throw new SynapseError(400, 'Invalid threads token', Codes.UNKNOWN);
  return { depth: Number(depth), position: Number(position) };
}
