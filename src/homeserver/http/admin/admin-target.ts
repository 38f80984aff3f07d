import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseUserId, type ServerName, type UserId } from '../../../matrix/ids.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { UserStore } from '../../store/user-store.js';
import type { Call } from '../server/route.js';

/** What the users that paths name are looked up with. */
export interface TargetParts {
  readonly context: { readonly serverName: ServerName };
  readonly store: UserStore;
}

/** The user that a path names, who must be of this server. */
export function localTarget(users: TargetParts, call: Call, refusal: string): UserId {
  const target = parseUserId(call.params['userId']);
  if (domainOf(target) !== users.context.serverName) throw new SynapseError(400, refusal);
  return target;
}

/** The same for a user that must exist. */
export function existingTarget(users: TargetParts, call: Call, refusal: string, unknown = 'User not found'): UserId {
  const target = localTarget(users, call, refusal);
  if (users.store.find(target) === undefined) throw new NotFoundError(unknown);
  return target;
}
