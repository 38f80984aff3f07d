import { domainOf, localpartOf, type RoomAlias, type UserId, userIdOf } from '../../../matrix/ids.js';
import type { MutableJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { Directory } from '../reading/directory.js';
import type { Memberships } from '../sending/memberships.js';
import type { RoomCreation } from './room-creation.js';
import type { Rooms } from '../model/rooms.js';
import { isRoomAlias, toRoomAlias } from '../model/untrusted-ids.js';

/** What new users are brought into rooms with. */
export interface AutoJoinParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly directory: Directory;
  readonly memberships: Memberships;
  readonly roomCreation: RoomCreation;
}

/** Brings new users into the rooms of `auto_join_rooms` (`handlers/register.py: _auto_join_rooms`). */
export class AutoJoin {
  constructor(private readonly parts: AutoJoinParts) {}

  /** Joins a user; `isFirst` makes the rooms that are missing. What fails is logged, and the next room is tried. */
  async join(userId: UserId, isFirst: boolean): Promise<void> {
    const { config, log } = this.parts.context;
    for (const name of config.autoJoinRooms) {
      try {
        const isMade = isFirst && config.autocreateAutoJoinRooms && this.isLocal(name);
        await (isMade ? this.create(toRoomAlias(name), userId) : this.enter(toRoomAlias(name), userId));
      } catch (error) {
        log.error(`Failed to join new user to '${name}'`, { userId, err: error });
      }
    }
  }

  private isLocal(name: string): boolean {
    return isRoomAlias(name) && domainOf(name) === this.parts.context.serverName;
  }

  private async create(alias: RoomAlias, userId: UserId): Promise<void> {
    const { context, roomCreation, memberships } = this.parts;
    const { config } = context;
    const owner = this.owner;
    const needsInvite = config.autocreateAutoJoinRoomPreset !== 'public_chat';
    const body: MutableJsonObject = {
      preset: config.autocreateAutoJoinRoomPreset,
      room_alias_name: localpartOf(alias),
      ...(!config.autocreateAutoJoinRoomsFederated && { creation_content: { 'm.federate': false } }),
      ...(owner !== undefined && needsInvite && { invite: [userId] }),
    };
    const { roomId } = await roomCreation.create(this.requesterFor(owner ?? userId), body, { ratelimit: false });
    if (owner === undefined) return;
    await memberships.update(this.requesterFor(userId), userId, roomId, 'join', { ratelimit: false });
  }

  private async enter(alias: RoomAlias, userId: UserId): Promise<void> {
    const { directory, rooms, memberships } = this.parts;
    const { roomId, servers: remoteHosts } = directory.lookUp(alias);
    const joinRule = rooms.find(roomId)?.state.get('m.room.join_rules', '')?.content['join_rule'] ?? 'public';
    const { owner } = this;
    const options = { ratelimit: false, remoteHosts };
    if (joinRule !== 'public' && owner !== undefined) {
      await memberships.update(this.requesterFor(owner), userId, roomId, 'invite', options);
    }
    await memberships.update(this.requesterFor(userId), userId, roomId, 'join', options);
  }

  private get owner(): UserId | undefined {
    const { config, serverName } = this.parts.context;
    const localpart = config.autoJoinMxidLocalpart;
    return localpart === undefined ? undefined : userIdOf(localpart, serverName);
  }

  private requesterFor(userId: UserId): Requester {
    return { userId, isGuest: false, shadowBanned: false, authenticatedEntity: this.parts.context.serverName };
  }
}
