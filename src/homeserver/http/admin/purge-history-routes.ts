import { isTruthy } from '../../../callbacks/truthiness.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { adminEndpoints } from './admin-request.js';
import { pathParam, roomIdIn } from '../client/room-request.js';
import type { Answer, Call, Route } from '../server/route.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { EventStore } from '../../store/event-store.js';
import type { RoomEvents } from '../../rooms/model/room-events.js';
import type { HistoryPurge } from '../../rooms/lifecycle/history-purge.js';

interface RoomParts {
  readonly users: RoomUsers;
  readonly eventStore: EventStore;
  readonly events: RoomEvents;
  readonly historyPurge: HistoryPurge;
}

const path = '/v1/purge_history';

/** Removal of old history, for administrators (`rest/admin/__init__.py`). */
export function purgeHistoryRoutes(services: RoomParts): Route[] {
  const route = adminEndpoints(services.users);
  const purge = async (call: Call): Promise<Answer> => {
    const body = await call.json({ allowEmpty: true });
    const roomId = roomIdIn(call);
    const depth = depthIn(services, call, body);
    return { purge_id: services.historyPurge.start(roomId, depth, isTruthy(body['delete_local_events'])) };
  };
  return [
    route('POST', `${path}/:roomId`, purge),
    route('POST', `${path}/:roomId/:eventId`, purge),
    route('GET', `${path}_status/:purgeId`, (call) => {
      const purgeId = pathParam(call, 'purgeId');
      const status = services.historyPurge.statusOf(purgeId);
      if (status === undefined) throw new NotFoundError(`purge id '${purgeId}' not found`);
      return { ...status };
    }),
  ];
}

/** How deep the first event is that stays. */
function depthIn(services: RoomParts, call: Call, body: JsonObject): number {
  const eventId = call.params['eventId'] ?? body['purge_up_to_event_id'];
  return eventId === undefined || eventId === null
    ? depthAt(services, roomIdIn(call), body['purge_up_to_ts'])
    : depthOf(services, roomIdIn(call), eventId);
}

function depthOf({ events }: RoomParts, roomId: RoomId, eventId: JsonValue): number {
  const event = typeof eventId === 'string' ? events.findShown(eventId) : undefined;
  if (event === undefined) {
    throw new NotFoundError(`Could not find event ${typeof eventId === 'string' ? eventId : pythonRepr(eventId)}`);
  }
  if (event.roomId !== roomId) throw new SynapseError(400, 'Event is for wrong room.');
  return event.depth;
}

function depthAt({ events, eventStore }: RoomParts, roomId: RoomId, time: JsonValue | undefined): number {
  if (time === undefined) {
    throw new SynapseError(400, 'must specify purge_up_to_event_id or purge_up_to_ts', Codes.BAD_JSON);
  }
  if (typeof time !== 'number' || !Number.isInteger(time)) {
    throw new SynapseError(400, 'purge_up_to_ts must be an int', Codes.BAD_JSON);
  }
  const last = eventStore.nearestInTime(roomId, time, 'b')?.event_id;
  const event = last === undefined ? undefined : events.find(last);
  if (event === undefined) throw new NotFoundError('there is no event to be purged');
  return event.depth;
}
