import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { DelayedEvent } from '../../store/delayed-event-store.js';
import { pathParam } from './room-request.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { DelayedEvents } from '../../rooms/sending/delayed-events.js';

interface RoomParts {
  readonly limits: RateLimiters;
  readonly delayedEvents: DelayedEvents;
}

const path = '/org.matrix.msc4140/delayed_events';
const actions = ['cancel', 'restart', 'send'] as const;
type Action = (typeof actions)[number];

/** What is to be sent later (MSC4140, `rest/client/delayed_events.py`). Who knows the ID of a delay may manage it. */
export function delayedEventRoutes({ delayedEvents, limits }: RoomParts): Route[] {
  const act = async (call: Call, action: Action): Promise<JsonObject> => {
    const requester = hasToken(call) ? await call.requester() : undefined;
    await limits.delayedEventMgmt.check(requester, requester === undefined ? { key: call.ip } : {});
    await delayedEvents[action](pathParam(call, 'delayId'));
    return {};
  };
  return [
    {
      method: 'GET',
      paths: clientPaths(path, ['unstable']),
      handle: async (call) => {
        const requester = await call.requester();
        await limits.delayedEventMgmt.check(requester);
        const events = delayedEvents.ofUser(requester.userId);
        return { delayed_events: events.map(describeForOldClients) };
      },
    },
    {
      method: 'GET',
      paths: clientPaths(`${path}/:delayId`, ['unstable']),
      handle: async (call) => {
        const requester = await call.requester();
        await limits.delayedEventMgmt.check(requester);
        return describe(delayedEvents.find(requester.userId, pathParam(call, 'delayId')));
      },
    },
    {
      method: 'POST',
      paths: clientPaths(`${path}/:delayId`, ['unstable']),
      handle: async (call) => act(call, parseAction(await call.json())),
    },
    ...actions.map((action): Route => ({
      method: 'POST',
      paths: clientPaths(`${path}/:delayId/${action}`, ['unstable']),
      handle: (call) => act(call, action),
    })),
  ];
}

function hasToken(call: Call): boolean {
  return call.header('authorization') !== undefined || call.query.has('access_token');
}

function parseAction({ action }: JsonObject): Action {
  if (action === undefined) throw new SynapseError(400, "'action' is missing", Codes.MISSING_PARAM);
  const known = actions.find((each) => each === action);
  if (known !== undefined) return known;
  const list = actions.map((each) => `'${each}'`).join(', ');
  throw new SynapseError(400, `'action' is not one of ${list}`, Codes.INVALID_PARAM);
}

function describe({ delayId, roomId, type, stateKey, delay, sendTs, content }: DelayedEvent): JsonObject {
  return {
    delay_id: delayId,
    room_id: roomId,
    type,
    ...(stateKey !== null && { state_key: stateKey }),
    delay_ms: delay,
    delayed_since_ts: sendTs - delay,
    content,
  };
}

/** With the names of earlier revisions of the proposal. */
function describeForOldClients(event: DelayedEvent): JsonObject {
  return { ...describe(event), delay: event.delay, running_since: event.sendTs - event.delay };
}
