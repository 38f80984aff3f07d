import type { Requester } from '../../matrix/requester.js';
import type { RoomServices } from '../rooms/room-services.js';
import { AuthError } from '../synapse-errors.js';
import type { Call } from './route.js';

/** The requester, who must be an administrator (`rest/admin/_base.py`). */
export async function roomAdmin({ users }: RoomServices, call: Call): Promise<Requester> {
  const requester = await call.requester();
  if (!users.isAdmin(requester.userId)) throw new AuthError(403, 'You are not a server admin');
  return requester;
}
