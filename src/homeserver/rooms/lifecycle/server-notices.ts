import { SynapseError } from '../../../errors/synapse-error.js';
import { type RoomId, type UserId, userIdOf } from '../../../matrix/ids.js';
import type { JsonObject, MutableJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { StateStore } from '../../store/state-store.js';
import type { EventSender } from '../sending/event-sender.js';
import type { Memberships } from '../sending/memberships.js';
import type { RoomCreation } from './room-creation.js';
import type { RoomEvent } from '../model/room-event.js';

/** What notices are sent with. */
export interface ServerNoticesParts {
  readonly context: HomeserverContext;
  readonly states: StateStore;
  readonly roomCreation: RoomCreation;
  readonly memberships: Memberships;
  readonly sender: EventSender;
  /** Marks a room of a user. */
  readonly setTag: (userId: UserId, roomId: RoomId, tag: string) => void;
}

/** What the server has to say to a user. */
export interface Notice {
  readonly type: string;
  readonly content: JsonObject;
  readonly stateKey?: string;
  readonly txnId?: string;
}

/** Tells users what the server has to say, in a room of their own (`server_notices/server_notices_manager.py`). */
export class ServerNotices {
  private readonly rooms = new Map<UserId, RoomId>();

  constructor(private readonly parts: ServerNoticesParts) {}

  get isEnabled(): boolean {
    return this.parts.context.config.serverNotices !== undefined;
  }

  /** Sends a notice; the room is made with the first, and the user is invited until they are in it. */
  async send(userId: UserId, notice: Notice): Promise<RoomEvent> {
    const { memberships, sender } = this.parts;
    const author = this.author();
    const roomId = this.roomOf(userId, author) ?? (await this.makeRoom(userId, author));
    this.rooms.set(userId, roomId);
    if (!this.isWith(userId, roomId)) {
      await memberships.update(author, userId, roomId, 'invite', { ratelimit: false });
      if (this.config.autoJoin) {
        const user = { ...author, userId };
        await memberships.update(user, userId, roomId, 'join', { ratelimit: false });
      }
    }
    const { type, content, stateKey, txnId } = notice;
    const event = { type, roomId, sender: author.userId, content, ...(stateKey !== undefined && { stateKey }) };
    return sender.send(author, event, { ratelimit: false, ...(txnId !== undefined && { txnId }) });
  }

  private get config() {
    const { serverNotices } = this.parts.context.config;
    if (serverNotices === undefined) throw new SynapseError(400, 'Server notices are not enabled on this server');
    return serverNotices;
  }

  private author(): Requester {
    const { serverName } = this.parts.context;
    const userId = userIdOf(this.config.systemMxidLocalpart, serverName);
    return { userId, isGuest: false, shadowBanned: false, authenticatedEntity: serverName };
  }

  /** A room that the user is invited to or in, and the author is in. */
  private roomOf(userId: UserId, author: Requester): RoomId | undefined {
    const known = this.rooms.get(userId);
    if (known !== undefined) return known;
    const { states } = this.parts;
    const rooms = states.membershipsOf(userId).filter(({ room_id: roomId }) => this.isWith(userId, roomId));
    return rooms.find(({ room_id: roomId }) => states.membership(author.userId, roomId)?.membership === 'join')
      ?.room_id;
  }

  private isWith(userId: UserId, roomId: RoomId): boolean {
    const membership = this.parts.states.membership(userId, roomId)?.membership;
    return membership === 'join' || membership === 'invite';
  }

  private async makeRoom(userId: UserId, author: Requester): Promise<RoomId> {
    const { roomName, roomTopic, roomAvatarUrl, systemMxidDisplayName, systemMxidAvatarUrl } = this.config;
    const wishes: MutableJsonObject = {
      preset: 'private_chat',
      power_level_content_override: { users_default: -10 },
      ...(roomName !== '' && { name: roomName }),
      ...(roomTopic !== undefined && { topic: roomTopic }),
      ...(roomAvatarUrl !== undefined && {
        initial_state: [{ type: 'm.room.avatar', state_key: '', content: { url: roomAvatarUrl } }],
      }),
    };
    const hasProfile = systemMxidDisplayName !== undefined || systemMxidAvatarUrl !== undefined;
    const { roomId } = await this.parts.roomCreation.create(author, wishes, {
      ratelimit: false,
      ignoreForcedEncryption: true,
      ...(hasProfile && {
        creatorJoinProfile: { displayname: systemMxidDisplayName ?? null, avatar_url: systemMxidAvatarUrl ?? null },
      }),
    });
    this.parts.setTag(userId, roomId, 'm.server_notice');
    return roomId;
  }
}
