import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { Rooms } from '../../rooms/model/rooms.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { RoomSummaries, RoomSummary } from '../../rooms/reading/room-summary.js';
import type { StateStore } from '../../store/state-store.js';
import { roomIdIn } from '../client/room-request.js';
import { queryBoolean, queryInteger, queryString } from '../server/query.js';
import type { Answer, Call, Route } from '../server/route.js';
import { adminEndpoints } from './admin-request.js';

/** What the list of rooms is made from. */
export interface RoomListParts {
  readonly users: RoomUsers;
  readonly states: StateStore;
  readonly rooms: Rooms;
  readonly summaries: RoomSummaries;
  readonly countDevices: (users: readonly UserId[]) => number;
}

/** Orders of the list of rooms, and whether the biggest comes first. */
const orders = {
  alphabetical: { of: (room: RoomSummary) => room.name, isDescending: false },
  size: { of: (room: RoomSummary) => room.joinedMembers, isDescending: true },
  name: { of: (room: RoomSummary) => room.name, isDescending: false },
  canonical_alias: { of: (room: RoomSummary) => room.canonicalAlias, isDescending: false },
  joined_members: { of: (room: RoomSummary) => room.joinedMembers, isDescending: true },
  joined_local_members: { of: (room: RoomSummary) => room.joinedLocalMembers, isDescending: true },
  version: { of: (room: RoomSummary) => room.version, isDescending: true },
  creator: { of: (room: RoomSummary) => room.creator, isDescending: false },
  encryption: { of: (room: RoomSummary) => room.encryption, isDescending: false },
  federatable: { of: (room: RoomSummary) => Number(room.isFederatable), isDescending: false },
  public: { of: (room: RoomSummary) => Number(room.isPublic), isDescending: false },
  join_rules: { of: (room: RoomSummary) => room.joinRule, isDescending: false },
  guest_access: { of: (room: RoomSummary) => room.guestAccess, isDescending: false },
  history_visibility: { of: (room: RoomSummary) => room.historyVisibility, isDescending: false },
  state_events: { of: (room: RoomSummary) => room.stateEvents, isDescending: true },
} as const;

const orderNames = Object.keys(orders) as (keyof typeof orders)[];

/** The list of rooms and the details of one, for administrators (`rest/admin/rooms.py`). */
export function adminRoomListRoutes(services: RoomListParts): Route[] {
  const endpoints = new RoomListEndpoints(services);
  const route = adminEndpoints(services.users);
  return [route('GET', '/v1/rooms', endpoints.list), route('GET', '/v1/rooms/:roomId', endpoints.details)];
}

class RoomListEndpoints {
  constructor(private readonly services: RoomListParts) {}

  readonly list = (call: Call): Answer => {
    const { query } = call;
    const start = queryInteger(query, 'from') ?? 0;
    const limit = queryInteger(query, 'limit') ?? 100;
    const order = orders[queryString(query, 'order_by', { allowed: orderNames }) ?? 'name'];
    const term = queryString(query, 'search_term', { encoding: 'utf-8' });
    if (term === '') throw new SynapseError(400, 'search_term cannot be an empty string', Codes.INVALID_PARAM);
    const isPublic = queryBoolean(query, 'public_rooms');
    const isEmpty = queryBoolean(query, 'empty_rooms');
    const isReversed = queryString(query, 'dir', { allowed: ['b', 'f'] as const }) === 'b';
    const rooms = this.services.summaries
      .all()
      .filter((room) => term === undefined || isNamed(room, term))
      .filter((room) => isPublic === undefined || room.isPublic === isPublic)
      .filter((room) => isEmpty === undefined || (room.joinedMembers === 0) === isEmpty)
      .sort((a, b) => compare(order.of(a), order.of(b)) || compare(a.roomId, b.roomId));
    if (order.isDescending !== isReversed) rooms.reverse();
    const end = start + limit;
    return {
      offset: start,
      rooms: rooms.slice(start, end).map(describe),
      total_rooms: rooms.length,
      ...(end < rooms.length && { next_batch: end }),
      ...(start > 0 && { prev_batch: Math.max(0, start - limit) }),
    };
  };

  readonly details = (call: Call): Answer => {
    const { summaries, rooms, states, users } = this.services;
    const roomId = roomIdIn(call);
    const summary = summaries.find(roomId);
    const room = rooms.find(roomId);
    if (summary === undefined || room === undefined) throw new NotFoundError('Room not found');
    const tombstone = room.state.get('m.room.tombstone', '');
    const local = states.membershipsIn(roomId).filter((entry) => users.exists(entry.user_id));
    const joined = room.state.usersWith('join');
    return {
      ...describe(summary),
      avatar: summary.avatar,
      topic: summary.topic,
      joined_local_devices: this.services.countDevices(joined),
      forgotten: local.length > 0 && local.every((entry) => entry.is_forgotten === 1),
      tombstoned: tombstone !== undefined,
      replacement_room: tombstone?.content['replacement_room'] ?? null,
    };
  };
}

function isNamed(room: RoomSummary, term: string): boolean {
  const wanted = term.toLowerCase();
  const localpart = room.canonicalAlias?.toLowerCase().replace(/^#/, '').split(':')[0];
  return (
    room.name?.toLowerCase().includes(wanted) === true || localpart?.includes(wanted) === true || room.roomId === term
  );
}

function compare(a: JsonValue, b: JsonValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function describe(room: RoomSummary): JsonObject {
  return {
    room_id: room.roomId,
    name: room.name,
    canonical_alias: room.canonicalAlias,
    joined_members: room.joinedMembers,
    joined_local_members: room.joinedLocalMembers,
    version: room.version,
    creator: room.creator,
    encryption: room.encryption,
    federatable: room.isFederatable,
    public: room.isPublic,
    join_rules: room.joinRule,
    guest_access: room.guestAccess,
    history_visibility: room.historyVisibility,
    state_events: room.stateEvents,
    room_type: room.roomType,
  };
}
