import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { parseStoredObject } from '../../../matrix/stored-json.js';
import type { ShutdownWishes, RoomShutdown } from '../../rooms/lifecycle/room-shutdown.js';
import type { RoomDeletion, RoomStore } from '../../store/room-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { optionalText } from '../server/fields.js';
import { adminEndpoints } from './admin-request.js';
import { legalRoomIdIn, pathParam, roomIdIn } from '../client/room-request.js';
import type { Route } from '../server/route.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';

/** What the endpoints that delete rooms work with. */
export interface RoomDeletionParts {
  readonly users: RoomUsers;
  readonly roomStore: RoomStore;
  readonly shutdown: RoomShutdown;
}

/** Deletion of rooms, at once (v1) or in the background (v2) (`rest/admin/rooms.py`). */
export function adminDeletionRoutes(services: RoomDeletionParts): Route[] {
  const { shutdown, roomStore } = services;
  const route = adminEndpoints(services.users);
  return [
    route('DELETE', '/v1/rooms/:roomId', async (call, admin) => {
      const wishes = readWishes(admin, await call.json());
      const roomId = roomIdIn(call);
      const result = await shutdown.shutDown(roomId, wishes);
      if (wishes.purge) shutdown.purge(roomId, wishes.forcePurge);
      return { ...result };
    }),
    route('DELETE', '/v2/rooms/:roomId', async (call, admin) => {
      const wishes = readWishes(admin, await call.json());
      const roomId = legalRoomIdIn(call);
      await shutdown.checkAllowed(admin.userId, roomId);
      return { delete_id: shutdown.start(roomId, wishes) };
    }),
    route('GET', '/v2/rooms/:roomId/delete_status', (call) => {
      const roomId = legalRoomIdIn(call);
      const deletions = roomStore.deletionsOf(roomId);
      if (deletions.length === 0) throw new NotFoundError(`No delete task for room_id '${roomId}' found`);
      return { results: deletions.map(describeDeletion) };
    }),
    route('GET', '/v2/rooms/delete_status/:deleteId', (call) => {
      const deleteId = pathParam(call, 'deleteId');
      const deletion = roomStore.findDeletion(deleteId);
      if (deletion === undefined) throw new NotFoundError(`delete id '${deleteId}' not found`);
      return describeDeletion(deletion);
    }),
  ];
}

/** A deletion as the admin API shows it. */
function describeDeletion(deletion: RoomDeletion): JsonObject {
  return {
    delete_id: deletion.delete_id,
    room_id: deletion.room_id,
    status: deletion.status,
    shutdown_room: deletion.result === null ? null : parseStoredObject(deletion.result),
  };
}

function readWishes(admin: Requester, body: JsonObject): ShutdownWishes {
  const block = readFlag(body, 'block', false);
  const purge = readFlag(body, 'purge', true);
  const forcePurge = readFlag(body, 'force_purge', false);
  const newRoomUserId = optionalText(body, 'new_room_user_id');
  const newRoomName = optionalText(body, 'room_name');
  const message = optionalText(body, 'message');
  return {
    requesterId: admin.userId,
    block,
    purge,
    forcePurge,
    ...(newRoomUserId !== null && { newRoomUserId: newRoomUserId as UserId }),
    ...(newRoomName !== null && newRoomName !== '' && { newRoomName }),
    ...(message !== null && message !== '' && { message }),
  };
}

function readFlag(body: JsonObject, name: string, absent: boolean): boolean {
  const value = body[name];
  if (value === undefined) return absent;
  if (typeof value === 'boolean') return value;
  throw new SynapseError(400, `Param '${name}' must be a boolean, if given`, Codes.BAD_JSON);
}
