import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { EventId, RoomId, UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Directory } from '../../rooms/reading/directory.js';
import { isRoomAlias, isRoomId, toRoomAlias } from '../../rooms/model/untrusted-ids.js';
import type { Call } from '../server/route.js';

/** A path parameter. The room ID is not checked: an unknown room is answered as Synapse does, whatever its ID looks like. */
export function roomIdIn(call: Call): RoomId {
  return pathParam(call, 'roomId') as RoomId;
}

/** A user ID in the path, as unchecked as the room ID: nobody has another. */
export function userIdIn(call: Call): UserId {
  return pathParam(call, 'userId') as UserId;
}

/** An event ID in the path, as unchecked as the room ID. */
export function eventIdIn(call: Call): EventId {
  return pathParam(call, 'eventId') as EventId;
}

/** The same, checked as administrators' endpoints do: 400 where it cannot be a room ID. */
export function legalRoomIdIn(call: Call): RoomId {
  const roomId = roomIdIn(call);
  if (!isRoomId(roomId)) throw new SynapseError(400, `${String(roomId)} is not a legal room ID`);
  return roomId;
}

/** A parameter of the path; the router has put it there. */
export function pathParam(call: Call, name: string): string {
  return call.params[name] ?? '';
}

/** A room named by ID or alias (`http/servlet.py: ResolveRoomIdMixin`), and the servers that may help to join it. */
export async function resolveRoom(
  directory: Directory,
  name: string,
  hosts: readonly string[],
): Promise<{ readonly roomId: RoomId; readonly hosts: readonly string[] }> {
  if (isRoomId(name)) return { roomId: name, hosts };
  if (!isRoomAlias(name)) throw new SynapseError(400, `${name} was not legal room ID or room alias`);
  const target = await directory.resolve(toRoomAlias(name));
  return { roomId: target.roomId, hosts: target.servers };
}

/** The servers named in the query: `via`, or `server_name` as it was called before. */
export function hostsIn(call: Call): readonly string[] {
  const via = call.query.getAll('via');
  return via.length > 0 ? via : call.query.getAll('server_name');
}

/** A text in a body that may be missing; 400 `M_BAD_JSON` for anything else. */
export function stringIn(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string') return value;
  throw new SynapseError(400, `${name} must be a string`, Codes.BAD_JSON);
}
