import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, isOnServer, type RoomAlias, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomDeletion, RoomStore } from '../../store/room-store.js';
import type { CurrentMembership, StateStore } from '../../store/state-store.js';
import type { EventSender } from '../sending/event-sender.js';
import type { Memberships } from '../sending/memberships.js';
import type { RoomCreation } from './room-creation.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { Rooms } from '../model/rooms.js';
import { isRoomId } from '../model/untrusted-ids.js';

/** What rooms are shut down with. */
export interface RoomShutdownParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly roomStore: RoomStore;
  readonly states: StateStore;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly roomCreation: RoomCreation;
  readonly emitter: RoomEmitter;
}

/** How a room is shut down. */
export interface ShutdownWishes {
  /** Who does it; null for a module. */
  readonly requesterId: UserId | null;
  /** Makes a room for those who were in the old one, and tells them. */
  readonly newRoomUserId?: UserId;
  readonly newRoomName?: string;
  readonly message?: string;
  /** Nobody here may join the room again. */
  readonly block: boolean;
  /** Removes everything from the database. */
  readonly purge: boolean;
  /** Even if somebody could not be removed. */
  readonly forcePurge: boolean;
}

/** What a shutdown did so far. */
export interface ShutdownResult {
  readonly kicked_users: readonly string[];
  readonly failed_to_kick_users: readonly string[];
  readonly local_aliases: readonly RoomAlias[];
  readonly new_room_id: RoomId | null;
}

const nothingDone: ShutdownResult = {
  kicked_users: [],
  failed_to_kick_users: [],
  local_aliases: [],
  new_room_id: null,
};
const defaultMessage =
  'Sharing illegal content on this server is not permitted and rooms in violation will be blocked.';
const defaultRoomName = 'Content Violation Notification';

/** Shuts rooms down and removes them (`handlers/room.py: RoomShutdownHandler`, `handlers/pagination.py`). */
export class RoomShutdown {
  constructor(private readonly parts: RoomShutdownParts) {}

  /** Starts a deletion in the background; its ID. */
  start(roomId: RoomId, wishes: ShutdownWishes): string {
    const { roomStore, context } = this.parts;
    if (roomStore.deletionsOf(roomId).some((deletion) => deletion.status === 'active')) {
      throw new SynapseError(400, `Purge already in progress for ${roomId}`);
    }
    this.checkNewOwner(wishes.newRoomUserId);
    const deletion: RoomDeletion = {
      delete_id: randomBytes(12).toString('hex'),
      room_id: roomId,
      status: 'active',
      params: JSON.stringify(wishes),
      result: null,
      error: null,
      started_ts: context.clock.now(),
    };
    this.save(deletion);
    this.runInBackground(deletion, wishes);
    return deletion.delete_id;
  }

  /** Goes on with deletions that the last stop of the server interrupted. */
  resume(): void {
    for (const deletion of this.parts.roomStore.unfinishedDeletions()) {
      this.runInBackground(deletion, JSON.parse(deletion.params) as ShutdownWishes);
    }
  }

  /** Shuts a room down: everybody of this server leaves, into the new room if there is one. */
  async shutDown(
    roomId: RoomId,
    wishes: ShutdownWishes,
    before: ShutdownResult = nothingDone,
    report: (result: ShutdownResult) => void = () => {},
  ): Promise<ShutdownResult> {
    const { context, roomStore, states } = this.parts;
    const { requesterId } = wishes;
    if (!isRoomId(roomId)) throw new SynapseError(400, `${String(roomId)} is not a legal room ID`);
    await this.checkAllowed(requesterId, roomId);
    if (wishes.block && requesterId !== null) roomStore.block(roomId, requesterId);
    if (roomStore.find(roomId) === undefined) return before;
    const newRoomId = before.new_room_id ?? (await this.makeNewRoom(wishes));
    let result: ShutdownResult = { ...before, new_room_id: newRoomId, local_aliases: [] };
    report(result);
    const members = states.membershipsIn(roomId).filter(isRelated);
    for (const member of members.filter(({ user_id: userId }) => domainOf(userId) === context.serverName)) {
      const isMoved = await this.moveUser(member, newRoomId, wishes);
      result = withMoved(result, member.user_id, isMoved);
      report(result);
      await nextTurn();
    }
    if (newRoomId === null || wishes.newRoomUserId === undefined) return result;
    await this.sendNotice(newRoomId, wishes.newRoomUserId, wishes);
    const aliases = roomStore.aliasesOf(roomId);
    roomStore.moveAliases(roomId, newRoomId, requesterId ?? undefined);
    return { ...result, local_aliases: aliases };
  }

  /** Refuses unless the modules allow the shutdown: 403. */
  async checkAllowed(requesterId: UserId | null, roomId: RoomId): Promise<void> {
    const { dispatch } = this.parts.context;
    if (await dispatch.ask('third_party_rules', 'check_can_shutdown_room', requesterId, roomId)) return;
    throw new SynapseError(403, 'Shutdown of this room is forbidden', Codes.FORBIDDEN);
  }

  /** Removes everything of a room. */
  purge(roomId: RoomId, isForced: boolean): void {
    const { context, rooms, roomStore, emitter } = this.parts;
    const joined = rooms.find(roomId)?.state.usersWith('join') ?? [];
    if (!isForced && joined.some((userId) => isOnServer(userId, context.serverName))) {
      throw new SynapseError(400, 'Users are still joined to this room');
    }
    context.database.transaction(() => {
      roomStore.purge(roomId);
      emitter.tell('purged', roomId);
    });
    rooms.drop(roomId);
  }

  private runInBackground(deletion: RoomDeletion, wishes: ShutdownWishes): void {
    this.parts.context.inBackground('shutdown_and_purge_room', async () => {
      // Who asked is answered first, and finds the deletion at work when they ask again at once.
      await nextTurn();
      let { result } = deletion;
      const report = (done: ShutdownResult): void => {
        result = JSON.stringify(done);
        this.save({ ...deletion, result });
      };
      try {
        const before = result === null ? nothingDone : (JSON.parse(result) as ShutdownResult);
        report(await this.shutDown(deletion.room_id, wishes, before, report));
        if (wishes.purge) this.purge(deletion.room_id, wishes.forcePurge);
        this.save({ ...deletion, status: 'complete', result });
      } catch (error) {
        this.save({ ...deletion, status: 'failed', result, error: String(error) });
        throw error;
      }
    });
  }

  private async makeNewRoom(wishes: ShutdownWishes): Promise<RoomId | null> {
    const { newRoomUserId } = wishes;
    if (newRoomUserId === undefined) return null;
    this.checkNewOwner(newRoomUserId);
    const { roomId } = await this.parts.roomCreation.create(
      requesterFor(newRoomUserId, wishes),
      {
        preset: 'public_chat',
        name: wishes.newRoomName ?? defaultRoomName,
        power_level_content_override: { users_default: -10 },
      },
      { ratelimit: false },
    );
    return roomId;
  }

  private async moveUser(member: CurrentMembership, to: RoomId | null, wishes: ShutdownWishes): Promise<boolean> {
    const { memberships, context } = this.parts;
    const { user_id: userId, room_id: from, membership } = member;
    const requester = requesterFor(userId, wishes);
    try {
      await memberships.update(requester, userId, from, 'leave', { ratelimit: false });
      memberships.forget(userId, from);
      if (to !== null && membership === 'join') {
        await memberships.update(requester, userId, to, 'join', { ratelimit: false });
      }
      return true;
    } catch (error) {
      context.log.error('Failed to leave old room and join new room', { userId, roomId: from, err: error });
      return false;
    }
  }

  private async sendNotice(roomId: RoomId, sender: UserId, wishes: ShutdownWishes): Promise<void> {
    const content: JsonObject = { body: wishes.message ?? defaultMessage, msgtype: 'm.text' };
    const request = { type: 'm.room.message', roomId, sender, content };
    await this.parts.sender.send(requesterFor(sender, wishes), request, { ratelimit: false });
  }

  private checkNewOwner(userId: UserId | undefined): void {
    if (userId === undefined || domainOf(userId) === this.parts.context.serverName) return;
    throw new SynapseError(400, `User must be our own: ${userId}`);
  }

  private save(deletion: RoomDeletion): void {
    this.parts.context.database.transaction(() => {
      this.parts.roomStore.saveDeletion(deletion);
    });
  }
}

function isRelated({ membership }: CurrentMembership): boolean {
  return membership === 'join' || membership === 'invite' || membership === 'knock';
}

function withMoved(result: ShutdownResult, userId: UserId, isMoved: boolean): ShutdownResult {
  return isMoved
    ? { ...result, kicked_users: [...result.kicked_users, userId] }
    : { ...result, failed_to_kick_users: [...result.failed_to_kick_users, userId] };
}

function requesterFor(userId: UserId, wishes: ShutdownWishes): Requester {
  return { userId, isGuest: false, shadowBanned: false, authenticatedEntity: wishes.requesterId ?? userId };
}
