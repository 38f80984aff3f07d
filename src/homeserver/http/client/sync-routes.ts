import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import type { PresenceService } from '../../ephemeral/presence.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import { parseSyncToken } from '../../runtime/stream-token.js';
import { checkSyncFilter } from '../../sync/sync-filter.js';
import type { Sync } from '../../sync/sync.js';
import { SyncFilterSet } from '../../sync/sync-filter-set.js';
import { queryBoolean, queryInteger, queryString } from '../server/query.js';
import { type Answer, clientPaths, type Route } from '../server/route.js';

/** What `/sync` works with. */
export interface SyncRoutesDependencies {
  readonly sync: Sync;
  readonly presence: PresenceService;
  readonly limiters: RateLimiters;
  readonly findFilter: (userId: UserId, filterId: number) => JsonObject | undefined;
}

const LONGEST_WAIT = 2 ** 31 - 1;

/** `/sync` (`rest/client/sync.py: SyncRestServlet`). */
export function syncRoutes(dependencies: SyncRoutesDependencies): Route[] {
  const { sync, presence, limiters } = dependencies;
  return [
    {
      method: 'GET',
      paths: clientPaths('/sync'),
      handle: async (call): Promise<Answer> => {
        const { query } = call;
        if (query.has('from')) {
          throw new SynapseError(400, "'from' is not a valid query parameter. Did you mean 'since'?");
        }
        const requester = await call.requester({ allowGuest: true });
        const timeoutMs = Math.min(queryInteger(query, 'timeout') ?? 0, LONGEST_WAIT);
        const since = queryString(query, 'since');
        const wanted = queryString(query, 'set_presence', { allowed: ['offline', 'online', 'unavailable'] });
        const filter = queryString(query, 'filter', { encoding: 'utf-8' });
        const isFullState = queryBoolean(query, 'full_state') ?? false;
        const request = {
          requester,
          filters: new SyncFilterSet(readFilter(requester.userId, filter, dependencies)),
          since: since === undefined ? undefined : parseSyncToken(since),
          isFullState,
          timeoutMs,
          signal: call.signal,
        };
        const { isAllowed } = await limiters.presencePerUser.decide(requester);
        const state = isAllowed ? (wanted ?? 'online') : 'offline';
        const endSync = await presence.startSync(requester.userId, requester.deviceId, state);
        try {
          return await sync.answer(request);
        } finally {
          endSync();
        }
      },
    },
  ];
}

function readFilter(userId: UserId, filter: string | undefined, dependencies: SyncRoutesDependencies): JsonObject {
  if (filter === undefined) return {};
  if (filter.startsWith('{')) return parseFilter(filter);
  if (!/^\s*[+-]?\d+\s*$/.test(filter)) throw new SynapseError(400, 'Invalid filter ID', Codes.INVALID_PARAM);
  const found = dependencies.findFilter(userId, Number(filter));
  if (found === undefined) throw new SynapseError(400, 'No such filter', Codes.INVALID_PARAM);
  return found;
}

function parseFilter(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SynapseError(400, 'Invalid filter JSON', Codes.NOT_JSON, {}, {}, { cause: error });
  }
  if (!isJsonObject(value)) throw new SynapseError(400, 'Invalid filter JSON', Codes.NOT_JSON);
  checkSyncFilter(value);
  return value;
}
