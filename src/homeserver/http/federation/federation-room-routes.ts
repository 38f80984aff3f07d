import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonValue } from '../../../matrix/json.js';
import { roomIdIn } from '../client/room-request.js';
import type { FederationCall, FederationEndpoints } from './federation-request.js';
import { queryInteger, queryStrings, requiredQueryInteger, requiredQueryString } from '../server/query.js';
import { jsonResponse } from '../server/responses.js';
import { JsonAnswer, type Route } from '../server/route.js';
import type { Handshakes } from '../../federation/handshakes.js';
import type { RoomReader } from '../../federation/room-reader.js';
import type { Transactions } from '../../federation/transactions.js';

interface FederationParts {
  readonly handshakes: Handshakes;
  readonly reader: RoomReader;
  readonly transactions: Transactions;
}

/** Transactions, and what servers read of rooms they are in (`federation/transport/server/federation.py`). */
export function federationRoomRoutes(endpoints: FederationEndpoints, services: FederationParts): Route[] {
  const { transactions, reader } = services;
  return [
    endpoints.route('PUT', '/v1/send/:txnId', async ({ origin, content, params }) => {
      const { status, body } = await transactions.receive({ origin, txnId: params['txnId'] ?? '', content });
      return new JsonAnswer(status, body);
    }),
    endpoints.route('GET', '/v1/event/:eventId', async ({ origin, params }) => {
      const found = await reader.event(origin, params['eventId'] ?? '');
      return found ?? jsonResponse(404, '');
    }),
    endpoints.route('GET', '/v1/state/:roomId', async (call) =>
      reader.state(call.origin, roomIdIn(call), requiredQueryString(call.query, 'event_id')),
    ),
    endpoints.route('GET', '/v1/state_ids/:roomId', async (call) =>
      reader.stateIds(call.origin, roomIdIn(call), requiredQueryString(call.query, 'event_id')),
    ),
    endpoints.route('GET', '/v1/event_auth/:roomId/:eventId', async (call) =>
      reader.eventAuth(call.origin, roomIdIn(call), call.params['eventId'] ?? ''),
    ),
    endpoints.route('GET', '/v1/backfill/:roomId', async (call) => {
      const from = queryStrings(call.query, 'v');
      if (from.length === 0) throw new SynapseError(400, "Missing string query parameter 'v'", Codes.MISSING_PARAM);
      const limit = queryInteger(call.query, 'limit') ?? 0;
      if (limit === 0) return new JsonAnswer(400, { error: 'Did not include limit param' });
      return reader.backfill(call.origin, roomIdIn(call), from, limit);
    }),
    endpoints.route('POST', '/v1/get_missing_events/:roomId', async (call) => {
      const { limit, earliest_events: earliest, latest_events: latest } = call.content;
      return reader.missingEvents(call.origin, roomIdIn(call), {
        earliest: eventIds(earliest, 'earliest_events'),
        latest: eventIds(latest, 'latest_events'),
        limit: typeof limit === 'number' && Number.isInteger(limit) ? limit : 10,
      });
    }),
    endpoints.route('GET', '/v1/timestamp_to_event/:roomId', async (call) => {
      const timestamp = requiredQueryInteger(call.query, 'ts');
      const direction = requiredQueryString(call.query, 'dir', { allowed: ['f', 'b'] });
      return reader.nearest(call.origin, roomIdIn(call), timestamp, direction);
    }),
  ];
}

/** How other servers let their users join, leave and knock. */
export function federationHandshakeRoutes(endpoints: FederationEndpoints, services: FederationParts): Route[] {
  const { handshakes } = services;
  const request = (call: FederationCall): { origin: FederationCall['origin']; roomId: string; userId: string } => ({
    origin: call.origin,
    roomId: roomIdIn(call),
    userId: call.params['userId'] ?? '',
  });
  const handedIn = (call: FederationCall): Parameters<typeof handshakes.sendJoin>[0] => ({
    origin: call.origin,
    roomId: roomIdIn(call),
    content: call.content,
  });
  return [
    endpoints.route('GET', '/v1/make_join/:roomId/:userId', async (call) => {
      const versions = queryStrings(call.query, 'ver', { encoding: 'utf-8' });
      return handshakes.make('join', { ...request(call), versions: versions.length === 0 ? ['1'] : versions });
    }),
    endpoints.route('GET', '/v1/make_leave/:roomId/:userId', async (call) => handshakes.make('leave', request(call))),
    endpoints.route('GET', '/v1/make_knock/:roomId/:userId', async (call) => {
      const versions = queryStrings(call.query, 'ver', { encoding: 'utf-8' });
      if (versions.length === 0) {
        throw new SynapseError(400, "Missing string query parameter 'ver'", Codes.MISSING_PARAM);
      }
      return handshakes.make('knock', { ...request(call), versions });
    }),
    // Version 1 of the answers is a list, by a mistake of long ago.
    endpoints.route(
      'PUT',
      '/v1/send_join/:roomId/:eventId',
      async (call) => new JsonAnswer(200, [200, await handshakes.sendJoin(handedIn(call))]),
    ),
    endpoints.route('PUT', '/v2/send_join/:roomId/:eventId', async (call) => handshakes.sendJoin(handedIn(call))),
    endpoints.route(
      'PUT',
      '/v1/send_leave/:roomId/:eventId',
      async (call) => new JsonAnswer(200, [200, await handshakes.sendLeave(handedIn(call))]),
    ),
    endpoints.route('PUT', '/v2/send_leave/:roomId/:eventId', async (call) => handshakes.sendLeave(handedIn(call))),
    endpoints.route('PUT', '/v1/send_knock/:roomId/:eventId', async (call) => handshakes.sendKnock(handedIn(call))),
  ];
}

function eventIds(value: JsonValue | undefined, name: string): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  throw new SynapseError(400, `'${name}' must be a list of event IDs`, Codes.BAD_JSON);
}
