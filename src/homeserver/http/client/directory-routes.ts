import { Codes } from '../../../errors/matrix-codes.js';
import { InvalidClientCredentialsError, SynapseError } from '../../../errors/synapse-error.js';
import type { RoomAlias, ServerName } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { PublicRoomsQuery, PublicRooms } from '../../rooms/reading/public-rooms.js';
import { isRoomAlias, isServerName, toRoomAlias } from '../../rooms/model/untrusted-ids.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { optionalText, text, texts } from '../server/fields.js';
import { queryInteger, queryString } from '../server/query.js';
import { pathParam, roomIdIn } from './room-request.js';
import { type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomStore } from '../../store/room-store.js';
import type { Rooms } from '../../rooms/model/rooms.js';
import type { Directory } from '../../rooms/reading/directory.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly roomStore: RoomStore;
  readonly rooms: Rooms;
  readonly directory: Directory;
  readonly publicRooms: PublicRooms;
}

/** Aliases and the room directory (`rest/client/directory.py`, `room.py: PublicRoomListRestServlet`). */
export function directoryRoutes(services: RoomParts): Route[] {
  return [...aliasRoutes(services), ...listRoutes(services), ...publicRoomsRoutes(services)];
}

function aliasRoutes(services: RoomParts): Route[] {
  const { directory, rooms } = services;
  const paths = clientPaths('/directory/room/:roomAlias', oldestVersions);
  return [
    {
      method: 'GET',
      paths,
      handle: async (call) => {
        const target = await directory.resolve(aliasIn(call));
        return { room_id: target.roomId, servers: target.servers };
      },
    },
    {
      method: 'PUT',
      paths,
      handle: async (call) => {
        const alias = aliasIn(call);
        const body = await call.json();
        const room = rooms.find(text(body, 'room_id'));
        const servers = body['servers'] === undefined || body['servers'] === null ? [] : texts(body, 'servers');
        if (room === undefined) throw new SynapseError(400, 'Room does not exist');
        const requester = await call.requester();
        await directory.createAlias(requester, alias, room.roomId, { servers: servers as readonly ServerName[] });
        return {};
      },
    },
    {
      method: 'DELETE',
      paths,
      handle: async (call) => {
        const alias = aliasIn(call);
        await directory.deleteAlias(await call.requester(), alias);
        return {};
      },
    },
    {
      method: 'GET',
      paths: [
        ...clientPaths('/rooms/:roomId/aliases', ['r0', 'v3']),
        '/_matrix/client/unstable/org.matrix.msc2432/rooms/:roomId/aliases',
      ],
      handle: async (call) => {
        const requester = await call.requester();
        return { aliases: directory.aliasesOf(requester, roomIdIn(call)) };
      },
    },
  ];
}

function listRoutes({ directory, roomStore }: RoomParts): Route[] {
  const paths = clientPaths('/directory/list/room/:roomId', oldestVersions);
  const refuseOthers = async (call: Call): Promise<never> => {
    await call.requester();
    throw new AuthError(403, 'Only appservices can edit the appservice published room list');
  };
  const servicePaths = clientPaths('/directory/list/appservice/:networkId/:roomId', oldestVersions);
  return [
    {
      method: 'GET',
      paths,
      handle: async (call) => {
        const room = roomStore.find(roomIdIn(call));
        if (room === undefined) throw new NotFoundError('Unknown room');
        return { visibility: room.is_public === 1 ? 'public' : 'private' };
      },
    },
    {
      method: 'PUT',
      paths,
      handle: async (call) => {
        const requester = await call.requester();
        const visibility = (await call.json())['visibility'] ?? 'public';
        if (visibility !== 'public' && visibility !== 'private') {
          throw new SynapseError(400, "visibility: Input should be 'public' or 'private'", Codes.BAD_JSON);
        }
        await directory.publish(requester, roomIdIn(call), visibility);
        return {};
      },
    },
    { method: 'PUT', paths: servicePaths, handle: refuseOthers },
    { method: 'DELETE', paths: servicePaths, handle: refuseOthers },
  ];
}

function publicRoomsRoutes({ publicRooms, context }: RoomParts): Route[] {
  const paths = clientPaths('/publicRooms', oldestVersions);
  return [
    {
      method: 'GET',
      paths,
      handle: async (call) => {
        const server = queryString(call.query, 'server');
        await checkRequester(call, context.config.allowPublicRoomsWithoutAuth && server === undefined);
        refuseOtherServers(server, context.serverName);
        const limit = queryInteger(call.query, 'limit') ?? 0;
        const since = queryString(call.query, 'since');
        return publicRooms.list({ ...(limit !== 0 && { limit }), ...(since !== undefined && { since }) });
      },
    },
    {
      method: 'POST',
      paths,
      handle: async (call) => {
        await call.requester({ allowGuest: true });
        const server = queryString(call.query, 'server');
        const query = readQuery(await call.json());
        refuseOtherServers(server, context.serverName);
        return publicRooms.list(query);
      },
    },
  ];
}

async function checkRequester(call: Call, isOpen: boolean): Promise<void> {
  try {
    await call.requester({ allowGuest: true });
  } catch (error) {
    if (!isOpen || !(error instanceof InvalidClientCredentialsError)) throw error;
  }
}

function refuseOtherServers(server: string | undefined, serverName: string): void {
  if (server === undefined || server === '' || server === serverName) return;
  if (!isServerName(server)) throw new SynapseError(400, `Invalid server name: ${server}`, Codes.INVALID_PARAM);
  throw new SynapseError(502, 'Failed to fetch room list');
}

function readQuery(body: JsonObject): PublicRoomsQuery {
  const { limit = 100, include_all_networks: everywhere, third_party_instance_id: network } = body;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0) {
    throw new SynapseError(400, 'limit must be a positive integer', Codes.BAD_JSON);
  }
  if (everywhere === true && network !== undefined && network !== null) {
    throw new SynapseError(400, "Can't use include_all_networks with an explicit network");
  }
  const since = optionalText(body, 'since');
  const filter = readFilter(body['filter']);
  return {
    ...(limit !== 0 && { limit }),
    ...(since !== null && { since }),
    ...(filter !== undefined && { filter }),
    ...(readNetwork(network) !== undefined && { isOfNetwork: true }),
  };
}

function readNetwork(network: JsonValue | undefined): string | undefined {
  if (network === undefined || network === null) return undefined;
  if (typeof network === 'string' && network.includes('|')) return network;
  throw new SynapseError(400, `Invalid ID ${pythonRepr(network)}`);
}

function readFilter(filter: JsonValue | undefined): JsonObject | undefined {
  if (filter === undefined || filter === null) return undefined;
  if (isJsonObject(filter)) return filter;
  throw new SynapseError(400, 'filter must be an object', Codes.BAD_JSON);
}

function aliasIn(call: Call): RoomAlias {
  const alias = pathParam(call, 'roomAlias');
  if (!isRoomAlias(alias)) throw new SynapseError(400, 'Room alias invalid', Codes.INVALID_PARAM);
  return toRoomAlias(alias);
}
