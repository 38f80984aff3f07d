import type { UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import { AuthError } from '../../parity/synapse-errors.js';
import type { Answer, Call, Method, Route } from '../server/route.js';

/** Knows who administrates the server. */
export interface Administrators {
  readonly isAdmin: (userId: UserId) => boolean;
}

/** Makes an endpoint for administrators; its path follows `/_synapse/admin`. */
export type AdminEndpoint = (
  method: Method,
  path: string,
  handle: (call: Call, admin: Requester) => Answer | Promise<Answer>,
) => Route;

/** Endpoints that only administrators may use; that is looked at first (`rest/admin/_base.py`). */
export function adminEndpoints(admins: Administrators): AdminEndpoint {
  return (method, path, handle) => ({
    method,
    paths: [`/_synapse/admin${path}`],
    handle: async (call) => {
      const requester = await call.requester();
      if (!admins.isAdmin(requester.userId)) throw new AuthError(403, 'You are not a server admin');
      return handle(call, requester);
    },
  });
}
