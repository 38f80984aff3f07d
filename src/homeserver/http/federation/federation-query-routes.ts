import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseRoomAlias, parseUserId, type UserId, userIdOf } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue, stringsOf } from '../../../matrix/json.js';
import type { DeviceKeys } from '../../encryption/device-keys.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { FederationCall, FederationEndpoints } from './federation-request.js';
import { queryInteger, queryString, requiredQueryString } from '../server/query.js';
import type { Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { Directory } from '../../rooms/reading/directory.js';
import type { PublicRooms } from '../../rooms/reading/public-rooms.js';
import type { DeviceStore } from '../../store/device-store.js';
import type { Profiles } from '../../users/profiles.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly directory: Directory;
  readonly publicRooms: PublicRooms;
}

interface UserParts {
  readonly deviceStore: DeviceStore;
  readonly profiles: Profiles;
}

/** What servers may ask about users, aliases and the room directory of this one. */
export interface FederationQueryDeps {
  readonly rooms: RoomParts;
  readonly users: UserParts;
  readonly keys: DeviceKeys;
}

/** Questions of other servers (`federation/transport/server/`). */
export function federationQueryRoutes(endpoints: FederationEndpoints, deps: FederationQueryDeps): Route[] {
  const { rooms, users, keys } = deps;
  const { serverName, config } = rooms.context;
  const localUser = (value: string): UserId => {
    const userId = parseUserId(value);
    if (domainOf(userId) === serverName) return userId;
    throw new SynapseError(400, 'User is not hosted on this homeserver');
  };
  const checkMayList = (call: FederationCall): void => {
    if (config.allowPublicRoomsOverFederation) return;
    throw new SynapseError(403, `Federation denied with ${call.origin}.`, Codes.FORBIDDEN);
  };
  return [
    endpoints.route('GET', '/v1/query/profile', async ({ query }) => {
      if (!config.allowProfileLookupOverFederation) {
        const message = 'Profile lookup over federation is disabled on this homeserver';
        throw new SynapseError(403, message, Codes.FORBIDDEN);
      }
      const userId = localUser(requiredQueryString(query, 'user_id', { encoding: 'utf-8' }));
      const field = queryString(query, 'field', { encoding: 'utf-8' });
      return profileOf(users, userId, field);
    }),
    endpoints.route('GET', '/v1/query/directory', async ({ query }) => {
      const alias = parseRoomAlias(requiredQueryString(query, 'room_alias', { encoding: 'utf-8' }));
      if (domainOf(alias) !== serverName) throw new SynapseError(400, 'Room Alias is not hosted on this homeserver');
      const { roomId, servers } = rooms.directory.lookUp(alias);
      return { room_id: roomId, servers };
    }),
    endpoints.route('GET', '/v1/query/:type', async ({ params }) => {
      throw new NotFoundError(`No handler for Query type '${params['type'] ?? ''}'`);
    }),
    endpoints.route('GET', '/v1/publicRooms', async (call) => {
      checkMayList(call);
      const limit = queryInteger(call.query, 'limit') ?? 0;
      const since = queryString(call.query, 'since');
      return rooms.publicRooms.list({ ...(limit !== 0 && { limit }), ...(since !== undefined && { since }) });
    }),
    endpoints.route('POST', '/v1/publicRooms', async (call) => {
      checkMayList(call);
      const { limit, since, filter } = call.content;
      return rooms.publicRooms.list({
        ...(typeof limit === 'number' && limit > 0 && { limit }),
        ...(typeof since === 'string' && { since }),
        ...(isJsonObject(filter) && { filter }),
      });
    }),
    endpoints.route('GET', '/v1/user/devices/:userId', async ({ params, origin }) => {
      const userId = localUser(params['userId'] ?? '');
      return devicesOf(userId, keys.query(userIdOf('', origin), { [userId]: [] }), users);
    }),
    endpoints.route('POST', '/v1/user/keys/query', async ({ content, origin }) => {
      const wanted = objectIn(content, 'device_keys');
      const devices = Object.entries(wanted).map(([id, list]) => [localUser(id), stringsOf(list)] as const);
      const found = keys.query(userIdOf('', origin), Object.fromEntries(devices));
      const { device_keys, master_keys, self_signing_keys } = found;
      return { device_keys, master_keys, self_signing_keys };
    }),
    endpoints.route('POST', '/v1/user/keys/claim', async ({ content }) => {
      const wanted = Object.entries(objectIn(content, 'one_time_keys')).map(([id, devices]) => {
        if (!isJsonObject(devices)) throw badJson('one_time_keys');
        const named = Object.entries(devices).filter(
          (entry): entry is [string, string] => typeof entry[1] === 'string',
        );
        return [localUser(id), Object.fromEntries(named)] as const;
      });
      return { one_time_keys: keys.claim(Object.fromEntries(wanted))['one_time_keys'] };
    }),
  ];
}

function profileOf({ profiles }: UserParts, userId: UserId, field: string | undefined): JsonObject {
  try {
    return field === undefined ? profiles.whole(userId) : profiles.field(userId, field);
  } catch (error) {
    if (error instanceof SynapseError && error.status === 404) throw new NotFoundError('Profile was not found');
    throw error;
  }
}

function devicesOf(userId: UserId, found: JsonObject, users: UserParts): JsonObject {
  const memberOf = (name: string): JsonValue | undefined => {
    const all = found[name];
    return isJsonObject(all) ? all[userId] : undefined;
  };
  const keys = memberOf('device_keys');
  const devices = users.deviceStore.ofUser(userId).map(({ device_id: id }) => {
    const uploaded = isJsonObject(keys) ? keys[id] : undefined;
    return { device_id: id, ...(uploaded !== undefined && { keys: uploaded }) };
  });
  return {
    user_id: userId,
    stream_id: 1,
    devices,
    master_key: memberOf('master_keys') ?? null,
    self_signing_key: memberOf('self_signing_keys') ?? null,
  };
}

function objectIn(content: JsonObject, name: string): JsonObject {
  const value = content[name] ?? {};
  if (isJsonObject(value)) return value;
  throw badJson(name);
}

function badJson(name: string): SynapseError {
  return new SynapseError(400, `'${name}' must be an object`, Codes.BAD_JSON);
}
