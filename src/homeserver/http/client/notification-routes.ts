import { SynapseError } from '../../../errors/synapse-error.js';
import type { Notifications } from '../../sync/notifications.js';
import { queryInteger, queryString } from '../server/query.js';
import { clientPaths, type Route } from '../server/route.js';

const defaultLimit = 50;
const maxLimit = 500;

/** What users were notified of (`rest/client/notifications.py`). */
export function notificationRoutes(notifications: Notifications): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/notifications'),
      handle: async (call) => {
        const requester = await call.requester();
        const from = queryString(call.query, 'from');
        // Python's int() takes single underscores between the digits.
        if (from !== undefined && !/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(from)) {
          throw new SynapseError(400, 'Query parameter "from" contains unrecognised token');
        }
        const limit = Math.min(queryInteger(call.query, 'limit') ?? defaultLimit, maxLimit);
        return notifications.list(requester, {
          before: Number(from?.replaceAll('_', '') ?? 0) || Number.MAX_SAFE_INTEGER,
          limit,
          isHighlightedOnly: queryString(call.query, 'only') === 'highlight',
        });
      },
    },
  ];
}
