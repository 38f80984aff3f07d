import { SynapseError } from '../../../errors/synapse-error.js';
import { parseUserId, type UserId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import { checkSyncFilter } from '../../sync/sync-filter.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { FilterStore } from '../../store/filter-store.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly filters: FilterStore;
}

/** Stored filters (`rest/client/filter.py`). */
export function filterRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'POST',
      paths: clientPaths('/user/:userId/filter'),
      handle: async (call) => {
        const userId = await ownUser(call, 'Cannot create filters for other users');
        const filter = limitTimeline(await call.json(), users.context.config.filterTimelineLimit);
        checkSyncFilter(filter);
        return { filter_id: String(users.filters.add(userId, filter)) };
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/user/:userId/filter/:filterId'),
      handle: async (call) => {
        const userId = await ownUser(call, 'Cannot get filters for other users');
        const { filterId = '' } = call.params;
        if (!/^\s*[+-]?\d+\s*$/.test(filterId)) throw new SynapseError(400, 'Invalid filter_id');
        const number = Number(filterId);
        const filter = Number.isSafeInteger(number) ? users.filters.find(userId, number) : undefined;
        if (filter === undefined) throw new NotFoundError('No such filter');
        return filter;
      },
    },
  ];
}

async function ownUser(call: Call, refusal: string): Promise<UserId> {
  const target = parseUserId(call.params['userId']);
  const { userId } = await call.requester();
  if (target !== userId) throw new AuthError(403, refusal);
  return userId;
}

/** The filter with its `room.timeline.limit` no higher than the server allows. */
function limitTimeline(filter: JsonObject, limit: number): JsonObject {
  const { room } = filter;
  const timeline = isJsonObject(room) ? room['timeline'] : undefined;
  if (limit < 0 || !isJsonObject(room) || !isJsonObject(timeline) || typeof timeline['limit'] !== 'number')
    return filter;
  return { ...filter, room: { ...room, timeline: { ...timeline, limit: Math.min(timeline['limit'], limit) } } };
}
