import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonValue } from '../../../matrix/json.js';
import { clientPaths, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { UserDirectory } from '../../users/user-directory.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly limits: RateLimiters;
  readonly directory: UserDirectory;
}

/** The search for users (`rest/client/user_directory.py`). */
export function userDirectoryRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'POST',
      paths: clientPaths('/user_directory/search'),
      handle: async (call) => {
        const requester = await call.requester();
        if (!users.context.config.userDirectory.enabled) return { limited: false, results: [] };
        await users.limits.userDirectory.check(requester);
        const body = await call.json();
        const limit = parseLimit(body['limit']);
        const { search_term: term } = body;
        if (term === undefined) throw new SynapseError(400, '`search_term` is required field');
        if (typeof term !== 'string') {
          throw new SynapseError(400, '`search_term` must be a string', Codes.INVALID_PARAM);
        }
        const { limited, results } = await users.directory.search(requester.userId, term, limit);
        return { limited, results: results.map((profile) => ({ ...profile })) };
      },
    },
  ];
}

function parseLimit(value: JsonValue | undefined): number {
  if (value === undefined) return 10;
  const limit = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof limit !== 'number') throw new SynapseError(400, '`limit` must be a number', Codes.INVALID_PARAM);
  return Math.max(Math.min(Math.trunc(limit), 50), 0);
}
