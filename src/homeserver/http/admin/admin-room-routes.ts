import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import { toUserId } from '../../rooms/model/untrusted-ids.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { adminDeletionRoutes, type RoomDeletionParts } from './admin-room-deletion-routes.js';
import { adminRoomListRoutes, type RoomListParts } from './admin-room-list-routes.js';
import { requireParams } from '../server/fields.js';
import { queryString, requiredQueryInteger } from '../server/query.js';
import { hierarchyQuery } from '../client/room-hierarchy-routes.js';
import { contextFor, messagesFor } from '../client/room-history-routes.js';
import { adminEndpoints } from './admin-request.js';
import { hostsIn, legalRoomIdIn, pathParam, resolveRoom, roomIdIn, stringIn } from '../client/room-request.js';
import type { Answer, Call, Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomEvents } from '../../rooms/model/room-events.js';
import type { RoomAccess } from '../../rooms/auth/room-access.js';
import type { Memberships } from '../../rooms/sending/memberships.js';
import type { Directory } from '../../rooms/reading/directory.js';
import type { RoomPowerGrant } from '../../rooms/lifecycle/room-power-grant.js';
import type { RoomHierarchy } from '../../rooms/reading/room-hierarchy.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';
import type { RoomHistory } from '../../rooms/timeline/room-history.js';

interface RoomParts extends RoomListParts, RoomDeletionParts {
  readonly context: HomeserverContext;
  readonly events: RoomEvents;
  readonly access: RoomAccess;
  readonly memberships: Memberships;
  readonly directory: Directory;
  readonly powerGrant: RoomPowerGrant;
  readonly hierarchy: RoomHierarchy;
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
}

/** Rooms, for administrators (`rest/admin/rooms.py`). */
export function adminRoomRoutes(services: RoomParts): Route[] {
  const endpoints = new AdminRoomEndpoints(services);
  const route = adminEndpoints(services.users);
  return [
    ...adminDeletionRoutes(services),
    ...adminRoomListRoutes(services),
    route('POST', '/v1/join/:roomIdOrAlias', endpoints.join),
    route('GET', '/v1/rooms/:roomId/members', endpoints.members),
    route('GET', '/v1/rooms/:roomId/state', endpoints.state),
    route('GET', '/v1/rooms/:roomId/messages', endpoints.messages),
    route('GET', '/v1/rooms/:roomId/context/:eventId', endpoints.context),
    route('GET', '/v1/rooms/:roomId/timestamp_to_event', endpoints.timestampToEvent),
    route('GET', '/v1/rooms/:roomId/hierarchy', endpoints.hierarchy),
    route('GET', '/v1/rooms/:roomId/block', endpoints.isBlocked),
    route('PUT', '/v1/rooms/:roomId/block', endpoints.block),
    route('GET', '/v1/rooms/:roomId/forward_extremities', endpoints.extremities),
    route('DELETE', '/v1/rooms/:roomId/forward_extremities', endpoints.deleteExtremities),
    route('POST', '/v1/rooms/:roomId/make_room_admin', endpoints.makeAdmin),
  ];
}

class AdminRoomEndpoints {
  constructor(private readonly services: RoomParts) {}

  readonly members = (call: Call): Answer => {
    const room = this.services.rooms.find(roomIdIn(call));
    if (room === undefined) throw new NotFoundError('Room not found');
    const members = room.state.usersWith('join');
    return { members, total: members.length };
  };

  readonly state = async (call: Call): Promise<Answer> => {
    const room = this.services.rooms.find(roomIdIn(call));
    if (room === undefined) throw new NotFoundError('Room not found');
    const type = queryString(call.query, 'type') ?? '';
    const events = type === '' ? room.state.sorted() : [...room.state.ofType(type).values()];
    return { state: await this.services.clientEvents.showState(events) };
  };

  readonly messages = (call: Call, admin: Requester): Promise<Answer> =>
    messagesFor(this.services, call, admin, { asAdmin: true });

  readonly context = (call: Call, admin: Requester): Promise<Answer> =>
    contextFor(this.services, call, admin, { asAdmin: true });

  readonly timestampToEvent = (call: Call): Answer => {
    const timestamp = requiredQueryInteger(call.query, 'ts');
    const direction = queryString(call.query, 'dir', { allowed: ['b', 'f'] as const }) ?? 'f';
    const { eventId, at } = this.services.history.nearest(roomIdIn(call), timestamp, direction);
    return { event_id: eventId, origin_server_ts: at };
  };

  readonly hierarchy = async (call: Call, { userId }: Requester): Promise<Answer> => {
    return this.services.hierarchy.walk(userId, roomIdIn(call), { ...hierarchyQuery(call), asAdmin: true });
  };

  readonly isBlocked = (call: Call): Answer => {
    const userId = this.services.roomStore.blockedBy(legalRoomIdIn(call));
    return { block: userId !== undefined, ...(userId !== undefined && { user_id: userId }) };
  };

  readonly block = async (call: Call, { userId }: Requester): Promise<Answer> => {
    const body = await call.json();
    const roomId = legalRoomIdIn(call);
    requireParams(body, ['block']);
    const { block } = body;
    if (typeof block !== 'boolean') throw new SynapseError(400, "Param 'block' must be a boolean.", Codes.BAD_JSON);
    const { roomStore } = this.services;
    if (block) roomStore.block(roomId, userId);
    else roomStore.unblock(roomId);
    return { block };
  };

  readonly extremities = async (call: Call): Promise<Answer> => {
    const { roomId } = await this.resolve(call, 'roomId');
    const extremities = this.services.rooms.find(roomId)?.extremities ?? [];
    const results = extremities.map(({ eventId, depth }) => {
      const event = this.services.events.find(eventId);
      return {
        event_id: eventId,
        state_group: event?.position ?? 0,
        depth,
        received_ts: event?.originServerTs ?? 0,
      };
    });
    return { count: results.length, results };
  };

  /** This server merges extremities with the next event; there is nothing to delete. */
  readonly deleteExtremities = async (call: Call): Promise<Answer> => {
    await this.resolve(call, 'roomId');
    return { deleted: 0 };
  };

  readonly makeAdmin = async (call: Call, admin: Requester): Promise<Answer> => {
    const body = await call.json({ allowEmpty: true });
    const { roomId } = await this.resolve(call, 'roomId');
    const userId = body['user_id'] === undefined ? admin.userId : toUserId(body['user_id']);
    await this.services.powerGrant.grant(admin, roomId, userId);
    return {};
  };

  readonly join = async (call: Call, admin: Requester): Promise<Answer> => {
    const body = await call.json();
    requireParams(body, ['user_id']);
    const target = toUserId(stringIn(body, 'user_id'));
    const { context, users, rooms, memberships } = this.services;
    if (domainOf(target) !== context.serverName) {
      throw new SynapseError(400, 'This endpoint can only be used with local users');
    }
    if (!users.exists(target)) throw new NotFoundError('User not found');
    const { roomId, hosts } = await this.resolve(call, 'roomIdOrAlias');
    const options = { remoteHosts: hosts, ratelimit: false };
    const joinRule = rooms.find(roomId)?.state.get('m.room.join_rules', '');
    if (joinRule !== undefined && joinRule.content['join_rule'] !== 'public') {
      await memberships.update(admin, target, roomId, 'invite', options);
    }
    const puppet: Requester = {
      userId: target,
      isGuest: false,
      shadowBanned: false,
      authenticatedEntity: admin.authenticatedEntity,
    };
    await memberships.update(puppet, target, roomId, 'join', options);
    return { room_id: roomId };
  };

  private resolve(call: Call, param: string): ReturnType<typeof resolveRoom> {
    return resolveRoom(this.services.directory, pathParam(call, param), hostsIn(call));
  }
}
