import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import { isUserId } from '../../rooms/model/untrusted-ids.js';
import { queryStrings } from '../server/query.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import type { StateStore } from '../../store/state-store.js';

interface RoomParts {
  readonly states: StateStore;
}

const limit = 100;
/** Tokens are no longer than the specification lets them be. */
const longestToken = 255;

/** The rooms that the requester shares with a user (`rest/client/mutual_rooms.py`). */
export function mutualRoomRoutes(services: RoomParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/mutual_rooms', ['v1', 'unstable']),
      handle: async (call) => mutualRooms(services, call),
    },
  ];
}

async function mutualRooms({ states }: RoomParts, call: Call): Promise<JsonObject> {
  const userId = userIn(call.query);
  const from = batchIn(call.query);
  const requester = await call.requester();
  if (userId === requester.userId) throw invalid('You cannot request a list of shared rooms with yourself');
  const joinedBy = (user: UserId): readonly string[] =>
    states
      .membershipsOf(user)
      .filter((entry) => entry.membership === 'join')
      .map((entry) => entry.room_id);
  const others = new Set(joinedBy(userId));
  const all = joinedBy(requester.userId)
    .filter((roomId) => others.has(roomId))
    .sort();
  const rest = from === undefined ? all : all.filter((roomId) => roomId > from);
  const joined = rest.slice(0, limit);
  const last = joined.at(-1);
  if (rest.length <= limit || last === undefined) return { joined, count: all.length };
  const next = Buffer.from(last).toString('base64url').slice(0, longestToken);
  return { joined, next_batch: next, count: all.length };
}

function userIn(query: URLSearchParams): UserId {
  const [userId, ...more] = queryStrings(query, 'user_id', { encoding: 'utf-8' });
  if (userId === undefined) {
    throw new SynapseError(400, "Missing string query parameter 'user_id'", Codes.MISSING_PARAM);
  }
  if (more.length > 0) throw invalid('Duplicate user_id query parameter');
  if (!isUserId(userId)) throw invalid('Invalid user_id query parameter');
  return userId;
}

function batchIn(query: URLSearchParams): string | undefined {
  const [from, ...more] = queryStrings(query, 'from');
  if (more.length > 0) throw invalid('Duplicate from query parameter');
  return from === undefined || from === '' ? undefined : Buffer.from(from, 'base64url').toString();
}

function invalid(message: string): SynapseError {
  return new SynapseError(400, message, Codes.INVALID_PARAM);
}
