import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import {
  domainOf,
  localpartOf,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from '../../../matrix/ids.js';
import { isJsonArray, itemsOf, type JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomStore } from '../../store/room-store.js';
import type { StateStore } from '../../store/state-store.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { isAllowedByRules } from './directory-rules.js';
import type { EventSender } from '../sending/event-sender.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomAccess } from '../auth/room-access.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import { StateHandle } from '../model/room-state.js';
import type { AliasTarget, RemoteRooms } from '../model/remote-rooms.js';
import type { RoomUsers } from '../model/room-users.js';
import type { Room, Rooms } from '../model/rooms.js';
import { ShadowBanError } from '../sending/shadow-ban.js';
import { refuseSpam } from '../sending/spam-refusal.js';
import { toRoomAlias } from '../model/untrusted-ids.js';

/** What the directory works with. */
export interface DirectoryParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly roomStore: RoomStore;
  readonly states: StateStore;
  readonly users: RoomUsers;
  readonly sender: EventSender;
  readonly access: RoomAccess;
  readonly remote: () => RemoteRooms;
  readonly emitter: RoomEmitter;
}

const maxAliasLength = 255;
const notListed = 'This user is not permitted to publish rooms to the room list';

/** Room aliases, and which rooms are listed in the room directory (`handlers/directory.py`). */
export class Directory {
  constructor(private readonly parts: DirectoryParts) {
    parts.emitter.onAsk('storing', (_requester, event, room) => {
      if (event.type === 'm.room.canonical_alias') {
        this.checkCanonicalAlias(event, room.state.get(event.type, event.stateKey ?? ''));
      }
      return undefined;
    });
  }

  /** The room behind an alias of whatever server: 404, or 502 when its server cannot be asked. */
  async resolve(alias: RoomAlias): Promise<AliasTarget> {
    const { context, remote } = this.parts;
    if (domainOf(alias) === context.serverName) return this.lookUp(alias);
    const found = await remote().lookUpAlias(alias);
    if (found === undefined) throw new SynapseError(404, `Room alias ${alias} not found`, Codes.NOT_FOUND);
    const servers = new Set([...this.serversIn(found.roomId), ...found.servers]);
    const others = [...servers].filter((server) => server !== context.serverName);
    return {
      roomId: found.roomId,
      servers: servers.has(context.serverName) ? [context.serverName, ...others] : others,
    };
  }

  /** The room behind an alias of this server: 404, or 502 for aliases of others. */
  lookUp(alias: RoomAlias): AliasTarget {
    const { serverName } = this.parts.context;
    if (domainOf(alias) !== serverName) throw new SynapseError(502, 'Failed to fetch alias');
    const found = this.parts.roomStore.findAlias(alias);
    if (found === undefined) throw new SynapseError(404, `Room alias ${alias} not found`, Codes.NOT_FOUND);
    const servers = new Set([...this.serversIn(found.room_id), ...(JSON.parse(found.servers) as ServerName[])]);
    const others = [...servers].filter((server) => server !== serverName);
    return { roomId: found.room_id, servers: servers.has(serverName) ? [serverName, ...others] : others };
  }

  /** Creates an alias, the modules permitting. */
  async createAlias(
    requester: Requester,
    alias: RoomAlias,
    roomId: RoomId,
    options: { readonly servers?: readonly ServerName[]; readonly isNewRoom?: boolean } = {},
  ): Promise<void> {
    const { context, users, states } = this.parts;
    const { userId } = requester;
    if (alias.length > maxAliasLength) {
      throw new SynapseError(400, "Can't create aliases longer than 255 characters", Codes.INVALID_PARAM);
    }
    if (requester.appServiceId === undefined) {
      const mustBeIn = context.config.requireMembershipForAliases && options.isNewRoom !== true;
      if (mustBeIn && !users.isAdmin(userId) && states.membership(userId, roomId)?.membership !== 'join') {
        throw new AuthError(403, 'You must be in the room to create an alias for it');
      }
      const outcome = await context.dispatch.ask('spam_checker', 'user_may_create_room_alias', userId, alias);
      refuseSpam(outcome, 'This user is not permitted to create this alias');
      if (!isAllowedByRules(context.config.aliasCreationRules, userId, roomId, [alias])) {
        throw new SynapseError(403, 'Not allowed to create alias');
      }
    }
    this.storeAlias(alias, roomId, userId, options.servers);
  }

  /** Removes an alias; the room's canonical alias is changed with it if the user may. */
  async deleteAlias(requester: Requester, alias: RoomAlias): Promise<void> {
    const found = this.parts.roomStore.findAlias(alias);
    if (found === undefined) throw new NotFoundError('Unknown room alias');
    const roomId = found.room_id;
    if (found.creator !== requester.userId && !this.mayChangeList(requester, roomId)) {
      throw new AuthError(403, "You don't have permission to delete the alias.");
    }
    this.parts.roomStore.removeAlias(alias);
    try {
      await this.removeFromCanonical(requester, roomId, alias);
    } catch (error) {
      // The alias is gone all the same, as in Synapse.
      if (!(error instanceof AuthError) && !(error instanceof ShadowBanError)) throw error;
    }
  }

  /** The aliases of a room, for members, admins and whoever may read it. */
  aliasesOf(requester: Requester, roomId: RoomId): readonly RoomAlias[] {
    if (!this.parts.users.isAdmin(requester.userId)) this.parts.access.checkInRoomOrReadable(requester, roomId);
    return this.parts.roomStore.aliasesOf(roomId);
  }

  /** Lists a room in the room directory or takes it out, the modules permitting. */
  async publish(requester: Requester, roomId: RoomId, visibility: 'public' | 'private'): Promise<void> {
    const { context, roomStore, rooms } = this.parts;
    const { dispatch, config } = context;
    const { userId } = requester;
    refuseSpam(await dispatch.ask('spam_checker', 'user_may_publish_room', userId, roomId), notListed);
    if (requester.isGuest) throw new AuthError(403, 'Guests cannot edit the published room list');
    if (visibility === 'public' && !config.enableRoomListSearch) throw new AuthError(403, notListed);
    const room = rooms.find(roomId);
    if (room === undefined) throw new SynapseError(400, 'Unknown room');
    if (!this.mayChangeList(requester, roomId)) {
      throw new AuthError(403, 'This server requires you to be a moderator in the room to edit its room list entry');
    }
    if (visibility === 'public') await this.checkMayPublish(userId, room);
    roomStore.setPublic(roomId, visibility === 'public');
  }

  /** Whether the configuration lets a user list a room. */
  isPublishingAllowed(userId: UserId, roomId: RoomId, aliases: readonly string[]): boolean {
    return isAllowedByRules(this.parts.context.config.roomListPublicationRules, userId, roomId, aliases);
  }

  /** Refuses an `m.room.canonical_alias` whose new aliases do not stand for the room. */
  private checkCanonicalAlias(event: RoomEvent, before: RoomEvent | undefined): void {
    this.checkMainAlias(event, before);
    const others = event.content['alt_aliases'] ?? [];
    if (!isJsonArray(others)) {
      throw new SynapseError(400, 'The alt_aliases property must be a list.', Codes.INVALID_PARAM);
    }
    const old = before?.content['alt_aliases'];
    const known = itemsOf(old);
    for (const other of others.filter((entry) => !known.includes(entry))) {
      if (typeof other !== 'string') {
        throw new SynapseError(400, 'Each alt_alias must be of type string.', Codes.INVALID_PARAM);
      }
      this.checkStandsFor(other, event.roomId);
    }
  }

  private checkMainAlias(event: RoomEvent, before: RoomEvent | undefined): void {
    const { alias } = event.content;
    if (alias !== undefined && alias !== null && alias !== '' && alias !== before?.content['alias']) {
      if (typeof alias !== 'string') {
        throw new SynapseError(400, 'The alias must be of type string.', Codes.INVALID_PARAM);
      }
      this.checkStandsFor(alias, event.roomId);
    }
  }

  private checkStandsFor(text: string, roomId: RoomId): void {
    const alias = toRoomAlias(text);
    const isRight = (): boolean => {
      try {
        return this.lookUp(alias).roomId === roomId;
      } catch (error) {
        if (error instanceof SynapseError && error.status === 404) return false;
        throw error;
      }
    };
    if (!isRight()) throw new SynapseError(400, `Room alias ${text} does not point to the room`, Codes.BAD_ALIAS);
  }

  private storeAlias(alias: RoomAlias, roomId: RoomId, creator: UserId, servers?: readonly ServerName[]): void {
    const localpart = localpartOf(alias);
    // eslint-disable-next-line no-control-regex -- the characters of Python's string.whitespace
    if (/[ \t\n\r\x0b\f]/.test(localpart)) throw new SynapseError(400, 'Invalid characters in room alias');
    if (domainOf(alias) !== this.parts.context.serverName) throw new SynapseError(400, 'Room alias must be local');
    const known = servers !== undefined && servers.length > 0 ? servers : this.serversIn(roomId);
    if (known.length === 0) throw new SynapseError(400, 'Failed to get server list');
    this.parts.roomStore.addAlias({ alias, room_id: roomId, servers: JSON.stringify(known), creator });
  }

  private async checkMayPublish(userId: UserId, room: Room): Promise<void> {
    const { roomId } = room;
    const canonical = room.state.get('m.room.canonical_alias', '')?.content['alias'];
    const aliases: string[] = [...this.parts.roomStore.aliasesOf(roomId)];
    if (typeof canonical === 'string' && canonical !== '') aliases.push(canonical);
    const { dispatch } = this.parts.context;
    if (!this.isPublishingAllowed(userId, roomId, aliases)) throw new SynapseError(403, 'Not allowed to publish room');
    const state = new StateHandle(room.state.snapshot());
    if (!(await dispatch.ask('third_party_rules', 'check_visibility_can_be_modified', roomId, state, 'public'))) {
      throw new SynapseError(403, 'Not allowed to publish room');
    }
  }

  private mayChangeList(requester: Requester, roomId: RoomId): boolean {
    if (this.parts.users.isAdmin(requester.userId)) return true;
    this.parts.access.checkInRoom(requester, roomId);
    const levels = this.parts.rooms.find(roomId)?.state.powerLevels;
    if (levels === undefined) return false;
    return levels.ofUser(requester.userId) >= levels.toSend('m.room.canonical_alias', true);
  }

  private async removeFromCanonical(requester: Requester, roomId: RoomId, alias: RoomAlias): Promise<void> {
    const before = this.parts.rooms.find(roomId)?.state.get('m.room.canonical_alias', '')?.content;
    if (before === undefined) return;
    const content: Record<string, JsonValue | undefined> = { ...before };
    if (before['alias'] === alias) delete content['alias'];
    const others = before['alt_aliases'];
    if (isJsonArray(others) && others.includes(alias)) {
      const left = others.filter((entry) => entry !== alias);
      if (left.length > 0) content['alt_aliases'] = left;
      else delete content['alt_aliases'];
    } else if (before['alias'] !== alias) return;
    const request = {
      type: 'm.room.canonical_alias',
      roomId,
      sender: requester.userId,
      stateKey: '',
      content,
    };
    await this.parts.sender.send(requester, request, { ratelimit: false });
  }

  private serversIn(roomId: RoomId): ServerName[] {
    const users = this.parts.rooms.find(roomId)?.state.usersWith('join') ?? [];
    return [...new Set(users.map((userId) => domainOf(userId)))];
  }
}
