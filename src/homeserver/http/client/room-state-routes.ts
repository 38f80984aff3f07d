import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { queryString } from '../server/query.js';
import { pathParam, roomIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, JsonAnswer, oldestVersions, type Route } from '../server/route.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';
import type { RoomHistory } from '../../rooms/timeline/room-history.js';

interface RoomParts {
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
}

/** Endpoints that read the state of a room (`rest/client/room.py: RoomStateRestServlet, RoomStateEventRestServlet`). */
export function roomStateRoutes({ history, clientEvents }: RoomParts): Route[] {
  const one = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    const format = queryString(call.query, 'format', { allowed: ['content', 'event'] as const }) ?? 'content';
    const event = history.stateEvent(
      requester,
      roomIdIn(call),
      pathParam(call, 'eventType'),
      pathParam(call, 'stateKey'),
    );
    if (event === undefined) throw new SynapseError(404, 'Event not found.', Codes.NOT_FOUND);
    if (format === 'content') return event.content;
    const [shown] = await clientEvents.showState([event], { requester, format: 'v2' });
    return shown ?? {};
  };
  return [
    {
      method: 'GET',
      paths: clientPaths('/rooms/:roomId/state', oldestVersions),
      handle: async (call) => {
        const requester = await call.requester({ allowGuest: true });
        const state = history.state(requester, roomIdIn(call));
        return new JsonAnswer(200, await clientEvents.showState(state, { requester }));
      },
    },
    { method: 'GET', paths: clientPaths('/rooms/:roomId/state/:eventType', oldestVersions), handle: one },
    { method: 'GET', paths: clientPaths('/rooms/:roomId/state/:eventType/:stateKey', oldestVersions), handle: one },
  ];
}
