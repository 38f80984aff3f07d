import type { UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import { AuthError } from '../synapse-errors.js';
import type { Call } from './route.js';

/** Knows who administrates the server. */
export interface Administrators {
  readonly isAdmin: (userId: UserId) => boolean;
}

/** The requester, who must be an administrator (`rest/admin/_base.py`). */
export async function adminRequester(admins: Administrators, call: Call): Promise<Requester> {
  const requester = await call.requester();
  if (!admins.isAdmin(requester.userId)) throw new AuthError(403, 'You are not a server admin');
  return requester;
}
