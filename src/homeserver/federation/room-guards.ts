import { isOnServer, type RoomId } from '../../matrix/ids.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { serverMatchesAcl } from '../rooms/model/server-acl.js';
import { AuthError, NotFoundError } from '../parity/synapse-errors.js';

/** Refuses a server that the room's ACL keeps out: 403. */
export function checkServerAcl(rooms: Rooms, roomId: string, server: string): void {
  const acl = rooms.find(roomId)?.state.get('m.room.server_acl', '');
  if (acl !== undefined && !serverMatchesAcl(acl.content, server)) {
    throw new AuthError(403, 'Server is banned from room');
  }
}

/** Whether somebody of a server is in a room. */
export function isServerIn(room: Room, server: string): boolean {
  for (const [userId, event] of room.state.ofType('m.room.member')) {
    if (event.membership === 'join' && isOnServer(userId, server)) return true;
  }
  return false;
}

/** Refuses a server of which nobody is in the room: 403. */
export function checkServerIn(rooms: Rooms, roomId: RoomId, server: string): void {
  const room = rooms.find(roomId);
  if (room === undefined || !isServerIn(room, server)) throw new AuthError(403, 'Host not in room.');
}

/** A room that this server knows, or 404. */
export function requireRoom(rooms: Rooms, roomId: string): Room {
  const room = rooms.find(roomId);
  if (room === undefined) throw new NotFoundError(`Could not find room_version for ${roomId}`);
  return room;
}
