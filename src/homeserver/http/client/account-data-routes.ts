import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { parseRoomId, type RoomId, type UserId } from '../../../matrix/ids.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserHooks } from '../../users/user-hooks.js';
import type { AccountData } from '../../users/account-data.js';
import { roomIdIn } from './room-request.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly hooks: UserHooks;
  readonly accountData: AccountData;
}

const globalPath = '/user/:userId/account_data/:type';
const roomPath = '/user/:userId/rooms/:roomId/account_data/:type';
const tagsPath = '/user/:userId/rooms/:roomId/tags';

/** Account data and tags (`rest/client/account_data.py`, `tags.py`). */
export function accountDataRoutes(users: UserParts): Route[] {
  const maySendEmpty = users.context.config.experimentalFeatures['msc3391_enabled'] !== true;
  const routes = [globalPath, roomPath].flatMap((path): Route[] => [
    { method: 'GET', paths: clientPaths(path), handle: (call) => get(users, call, maySendEmpty) },
    { method: 'PUT', paths: clientPaths(path), handle: (call) => put(users, call, maySendEmpty) },
  ]);
  const deletions = [globalPath, roomPath].map((path): Route => ({
    method: 'DELETE',
    paths: clientPaths(`/org.matrix.msc3391${path}`, ['unstable']),
    handle: (call) => remove(users, call),
  }));
  return [...routes, ...(maySendEmpty ? [] : deletions), ...tagRoutes(users)];
}

async function get(users: UserParts, call: Call, maySendEmpty: boolean): Promise<Answer> {
  const { userId, roomId, type } = await parse(call, 'Cannot get account data for other users.');
  const content = users.accountData.get(userId, roomId, type);
  const isThere = content !== undefined && (maySendEmpty || Object.keys(content).length > 0);
  if (isThere) return content;
  throw new NotFoundError(roomId === null ? 'Account data not found' : 'Room account data not found');
}

async function put(users: UserParts, call: Call, maySendEmpty: boolean): Promise<Answer> {
  const { userId, roomId, type } = await parse(call, 'Cannot add account data for other users.');
  checkType(type);
  const body = await call.json();
  if (!maySendEmpty && Object.keys(body).length === 0) await users.accountData.delete(userId, roomId, type);
  else await users.accountData.set(userId, roomId, type, body);
  return {};
}

async function remove(users: UserParts, call: Call): Promise<Answer> {
  const { userId, roomId, type } = await parse(call, 'Cannot delete account data for other users.');
  checkType(type);
  await users.accountData.delete(userId, roomId, type);
  return {};
}

async function parse(
  call: Call,
  refusal: string,
): Promise<{ readonly userId: UserId; readonly roomId: RoomId | null; readonly type: string }> {
  const userId = await ownUser(call, refusal);
  const { roomId, type = '' } = call.params;
  return { userId, roomId: roomId === undefined ? null : parseRoom(roomId), type };
}

async function ownUser(call: Call, refusal: string): Promise<UserId> {
  const { userId } = await call.requester();
  if (call.params['userId'] !== userId) throw new AuthError(403, refusal);
  return userId;
}

function parseRoom(roomId: string): RoomId {
  try {
    return parseRoomId(roomId);
  } catch {
    throw new SynapseError(400, `${roomId} is not a valid room ID`, Codes.INVALID_PARAM);
  }
}

/** Some types have endpoints of their own. */
function checkType(type: string): void {
  if (type === 'm.fully_read') {
    const message = 'Cannot set m.fully_read through this API. Use /rooms/!roomId:server.name/read_markers';
    throw new SynapseError(405, message, Codes.BAD_JSON);
  }
  if (type === 'm.push_rules') {
    throw new SynapseError(405, 'Cannot set m.push_rules through this API. Use /pushrules', Codes.BAD_JSON);
  }
}

function tagRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths(tagsPath),
      handle: async (call) => {
        const userId = await ownUser(call, 'Cannot get tags for other users.');
        return { tags: users.accountData.tags(userId, roomIdIn(call)) };
      },
    },
    {
      method: 'PUT',
      paths: clientPaths(`${tagsPath}/:tag`),
      handle: async (call) => {
        const userId = await ownUser(call, 'Cannot add tags for other users.');
        const { tag = '' } = call.params;
        const roomId = roomIdIn(call);
        if (Buffer.byteLength(tag) > 255) {
          throw new SynapseError(400, "tag parameter's length is over 255 bytes", Codes.INVALID_PARAM);
        }
        if (!users.hooks.membershipsOf(userId).has(roomId)) {
          throw new AuthError(403, `User ${userId} has no membership in room ${roomId}`);
        }
        users.accountData.setTag(userId, roomId, tag, await call.json());
        return {};
      },
    },
    {
      method: 'DELETE',
      paths: clientPaths(`${tagsPath}/:tag`),
      handle: async (call) => {
        const userId = await ownUser(call, 'Cannot add tags for other users.');
        users.accountData.setTag(userId, roomIdIn(call), call.params['tag'] ?? '', undefined);
        return {};
      },
    },
  ];
}
