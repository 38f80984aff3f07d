import type { PublicRoomListManager } from '../../module-api/public-room-list-manager.js';
import type { RoomsApi, StateFilter } from '../../module-api/rooms-api.js';
import { HostError } from '../../errors/host-error.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { MatrixEvent, StateMap } from '../../matrix/event.js';
import {
  domainOf,
  type EventId,
  localpartOf,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import { requesterFor } from './embedded-module-api-users.js';
import type { EventRequest } from '../rooms/sending/event-creation.js';
import { toRoomAlias, toUserId } from '../rooms/model/untrusted-ids.js';
import type { RoomStore } from '../store/room-store.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { EventSender } from '../rooms/sending/event-sender.js';
import type { Memberships } from '../rooms/sending/memberships.js';
import type { RoomCreation } from '../rooms/lifecycle/room-creation.js';
import type { RoomShutdown } from '../rooms/lifecycle/room-shutdown.js';
import type { Directory } from '../rooms/reading/directory.js';
import type { Profiles } from '../users/profiles.js';
import type { HomeserverContext } from '../runtime/context.js';

interface RoomParts {
  readonly rooms: Rooms;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly roomCreation: RoomCreation;
  readonly shutdown: RoomShutdown;
  readonly roomStore: RoomStore;
  readonly directory: Directory;
}

interface UserParts {
  readonly profiles: Profiles;
}

/** The parts of a homeserver that {@link ModuleRooms} needs. */
export interface RoomsParts {
  readonly context: HomeserverContext;
  readonly users: UserParts;
  readonly rooms: RoomParts;
}

/** What `ModuleApi` does with rooms. */
export class ModuleRooms {
  constructor(private readonly services: RoomsParts) {}

  async create(
    userId: UserId,
    config: MutableJsonObject,
    options: Parameters<RoomsApi['createRoom']>[2] = {},
  ): Promise<readonly [RoomId, RoomAlias | null]> {
    if (!this.isLocal(userId)) {
      throw new HostError('RuntimeError', "Tried to create a room as a user that isn't local to this homeserver");
    }
    const { ratelimit = true, creatorJoinProfile } = options;
    const room = await this.services.rooms.roomCreation.create(requesterFor(toUserId(userId)), config, {
      ratelimit,
      ...(creatorJoinProfile !== undefined && { creatorJoinProfile }),
    });
    return [room.roomId, room.alias ?? null];
  }

  delete(roomId: RoomId): void {
    this.services.rooms.shutdown.start(roomId, { requesterId: null, block: false, purge: true, forcePurge: false });
  }

  async updateMembership(...args: Parameters<RoomsApi['updateRoomMembership']>): Promise<MatrixEvent> {
    const [sender, target, roomId, newMembership, { content = {}, remoteRoomHosts } = {}] = args;
    if (!this.isLocal(sender)) {
      throw new HostError('RuntimeError', "Tried to send an event as a user that isn't local to this homeserver");
    }
    const requester = requesterFor(toUserId(sender));
    this.addProfile(toUserId(target), content);
    return this.services.rooms.memberships.update(requester, target, roomId, newMembership, {
      content: content as JsonObject,
      ...(remoteRoomHosts !== undefined && { remoteHosts: remoteRoomHosts }),
    });
  }

  async send(eventDict: JsonObject): Promise<MatrixEvent> {
    const { context, rooms } = this.services;
    const sender = toUserId(required(eventDict, 'sender'));
    const request = requestOf(eventDict, sender);
    // A membership is refused before anybody looks at the sender.
    if (request.type !== 'm.room.member' && !this.isLocal(sender)) {
      throw new HostError('Exception', `Cannot call 'check_local_user_in_room' on non-local user ${sender}`);
    }
    return rooms.sender.send(requesterFor(sender, context.serverName), request, {
      ratelimit: false,
      ignoreShadowBan: true,
    });
  }

  state(roomId: RoomId, { eventFilter: filter }: { readonly eventFilter?: StateFilter } = {}): StateMap {
    const events = this.services.rooms.rooms.find(roomId)?.state.all() ?? [];
    // Synapse takes an empty filter for none.
    return new EventsByKey(filter === undefined || filter.length === 0 ? events : select(events, filter));
  }

  stateEvents(roomId: RoomId, types: StateFilter): readonly MatrixEvent[] {
    return select(this.services.rooms.rooms.find(roomId)?.state.all() ?? [], types);
  }

  async lookUpAlias(alias: RoomAlias): Promise<readonly [RoomId, readonly ServerName[]]> {
    const { roomId, servers } = await this.services.rooms.directory.resolve(toRoomAlias(alias));
    return [roomId, servers];
  }

  canonicalAlias(roomId: RoomId): RoomAlias | null {
    const event = this.services.rooms.rooms.find(roomId)?.state.get('m.room.canonical_alias', '');
    const alias = event?.content['alias'];
    return typeof alias === 'string' && alias !== '' ? toRoomAlias(alias) : null;
  }

  private isLocal(userId: UserId): boolean {
    return domainOf(userId) === this.services.context.serverName;
  }

  /** What the module did not say is filled in from the profile. */
  private addProfile(target: UserId, content: MutableJsonObject): void {
    if ('avatar_url' in content && 'displayname' in content) return;
    const profile = this.profileOf(target);
    for (const field of ['avatar_url', 'displayname']) {
      if (!(field in content) && field in profile) content[field] = profile[field];
    }
  }

  /** The profile as clients get it; where there is none to be had, Synapse takes the localpart for the name. */
  private profileOf(userId: UserId): JsonObject {
    try {
      return this.services.users.profiles.whole(userId);
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
      return { displayname: localpartOf(userId), avatar_url: null };
    }
  }
}

/** The public room list for modules; nobody is asked (`module_api/__init__.py: PublicRoomListManager`). */
export class ModulePublicRooms implements PublicRoomListManager {
  constructor(private readonly rooms: RoomStore) {}

  readonly roomIsInPublicRoomList = async (roomId: RoomId): Promise<boolean> =>
    this.rooms.find(roomId)?.is_public === 1;

  readonly addRoomToPublicRoomList = async (roomId: RoomId): Promise<void> => {
    this.rooms.setPublic(roomId, true);
  };

  readonly removeRoomFromPublicRoomList = async (roomId: RoomId): Promise<void> => {
    this.rooms.setPublic(roomId, false);
  };
}

class EventsByKey implements StateMap {
  private readonly events: ReadonlyMap<string, MatrixEvent>;

  constructor(events: readonly MatrixEvent[]) {
    this.events = new Map(events.map((event) => [keyOf(event.type, event.stateKey ?? ''), event]));
  }

  readonly get = async (type: string, stateKey: string): Promise<MatrixEvent | undefined> =>
    this.events.get(keyOf(type, stateKey));

  readonly keys = async (): Promise<readonly (readonly [string, string])[]> =>
    [...this.events.values()].map((event) => [event.type, event.stateKey ?? ''] as const);

  readonly all = async (): Promise<readonly MatrixEvent[]> => [...this.events.values()];
}

function keyOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey]);
}

function select(events: readonly MatrixEvent[], filter: StateFilter): readonly MatrixEvent[] {
  const wanted = filter.map((pair) => ('items' in pair ? pair.items : pair));
  return events.filter((event) =>
    wanted.some(([type, stateKey]) => type === event.type && (stateKey === null || stateKey === event.stateKey)),
  );
}

/** What somebody wants to send, from the dictionary that Synapse takes; what is missing is Python's `KeyError`. */
function requestOf(eventDict: JsonObject, sender: UserId): EventRequest {
  const { content, state_key: stateKey, redacts, origin_server_ts: originServerTs } = eventDict;
  return {
    type: String(required(eventDict, 'type')),
    roomId: required(eventDict, 'room_id') as RoomId,
    sender,
    content: isJsonObject(content) ? content : {},
    ...(typeof stateKey === 'string' && { stateKey }),
    ...(typeof redacts === 'string' && { redacts: redacts as EventId }),
    ...(typeof originServerTs === 'number' && { originServerTs }),
  };
}

function required(eventDict: JsonObject, key: string): unknown {
  if (eventDict[key] === undefined) throw new HostError('KeyError', `'${key}'`);
  return eventDict[key];
}
