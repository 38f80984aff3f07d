import type { Hook } from '../../../dispatch/hook.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import { isOnServer, type RoomId, type UserId, userIdOf } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { RoomStore } from '../../store/room-store.js';
import type { StateStore } from '../../store/state-store.js';
import { AuthError } from '../../parity/synapse-errors.js';
import type { AfarChange, AfarMemberships } from './afar-memberships.js';
import { type EventCreation, suspended } from './event-creation.js';
import type { EventSender } from './event-sender.js';
import { MembershipTurns } from './membership-turns.js';
import type { RoomEvent } from '../model/room-event.js';
import { endsToFollow, type RoomGraph } from '../auth/room-graph.js';
import type { RestrictedJoins } from '../auth/restricted-joins.js';
import type { RoomUsers } from '../model/room-users.js';
import type { Extremity, Room, Rooms } from '../model/rooms.js';
import { pretendToWork, ShadowBanError } from './shadow-ban.js';
import { refuseSpam } from './spam-refusal.js';
import type { ThirdPartyExchange } from './third-party-exchange.js';

/** How a membership changes differently. */
export interface MembershipOptions {
  readonly txnId?: string;
  /** Where the change waited to be made. */
  readonly delayId?: string;
  /** Further members of the event's content, `reason` for one. */
  readonly content?: JsonObject;
  /** False: rate limits do not apply. */
  readonly ratelimit?: boolean;
  /** Other servers that are said to be in the room. */
  readonly remoteHosts?: readonly string[];
  /** What an identity server signed for somebody invited by address. */
  readonly thirdPartySigned?: JsonValue;
  /** Milliseconds since 1970. */
  readonly originServerTs?: number;
}

/** What memberships are changed with. */
export interface MembershipsParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly roomStore: RoomStore;
  readonly states: StateStore;
  readonly users: RoomUsers;
  readonly creation: EventCreation;
  readonly sender: EventSender;
  readonly limits: RateLimiters;
  readonly restrictedJoins: RestrictedJoins;
  readonly exchange: ThirdPartyExchange;
  readonly afar: AfarMemberships;
}

const membershipNames = ['invite', 'join', 'knock', 'leave', 'ban'];
const maxDisplayName = 256;
const maxAvatarUrl = 1000;

/** One change of a membership on its way. */
interface Change {
  readonly requester: Requester;
  readonly target: UserId;
  readonly roomId: RoomId;
  readonly action: string;
  /** The membership that the action leads to. */
  readonly membership: string;
  /** Filled on the way. */
  readonly content: Record<string, JsonValue | undefined>;
  readonly options: MembershipOptions;
}

/** Changes who is in a room (`handlers/room_member.py: RoomMemberHandler`). */
export class Memberships {
  private readonly mayJoin: Hook<'spam_checker', 'user_may_join_room'>;
  private readonly mayInvite: Hook<'spam_checker', 'user_may_invite'>;
  private readonly turns = new MembershipTurns();

  constructor(private readonly parts: MembershipsParts) {
    const { dispatch } = parts.context;
    this.mayJoin = dispatch.hook('spam_checker', 'user_may_join_room');
    this.mayInvite = dispatch.hook('spam_checker', 'user_may_invite');
  }

  /** Changes a membership as a client asks for it; gives the member event, the old one when nothing changes. */
  async update(
    requester: Requester,
    target: UserId,
    roomId: RoomId,
    action: string,
    options: MembershipOptions = {},
  ): Promise<RoomEvent> {
    if (options.ratelimit !== false) await this.checkRate(requester, target, roomId, action);
    if (action === 'invite' && requester.shadowBanned) {
      await pretendToWork(this.parts.context.clock);
      throw new ShadowBanError();
    }
    return this.turns.take(roomId, async () => {
      const change = await this.prepare(requester, target, roomId, action, options);
      const found = this.parts.rooms.find(roomId);
      // From here on the change follows what is in the room now, whatever modules send while they are asked.
      const after = found === undefined ? [] : endsToFollow(found);
      const room = found !== undefined && isHostIn(found, this.parts.context.serverName) ? found : undefined;
      if (room !== undefined) {
        const same = checkAgainstOld(room, change);
        if (same !== undefined) return same;
        this.checkRejection(room, change);
      }
      return (await this.changeFromAfar(change, room, after)) ?? this.send(change, after);
    });
  }

  /** A membership in a room that is being made, after these events: the usual questions about joining are not asked. */
  async updateInNewRoom(
    requester: Requester,
    target: UserId,
    roomId: RoomId,
    action: 'join' | 'invite',
    content: JsonObject,
    after: readonly Extremity[],
  ): Promise<RoomEvent> {
    return this.turns.take(roomId, async () =>
      this.send(await this.prepare(requester, target, roomId, action, { content, ratelimit: false }), after),
    );
  }

  /** Puts a room out of a user's sight: 400 for rooms they are in. */
  forget(userId: UserId, roomId: RoomId): void {
    const membership = this.parts.rooms.find(roomId)?.state.membershipOf(userId);
    if (membership !== undefined && membership !== 'leave' && membership !== 'ban') {
      throw new SynapseError(400, `User ${userId} in room ${roomId}`);
    }
    this.parts.context.database.transaction(() => {
      this.parts.states.setForgotten(userId, roomId);
    });
  }

  /** What comes before the room is looked at: the profile, blocked rooms, whether the invite is wanted. */
  private async prepare(
    requester: Requester,
    target: UserId,
    roomId: RoomId,
    action: string,
    options: MembershipOptions,
  ): Promise<Change> {
    const content: Change['content'] = { ...options.content };
    const membership = action === 'kick' || action === 'unban' ? 'leave' : action;
    const change: Change = { requester, target, roomId, action, membership, content, options };
    this.checkSuspended(change);
    this.checkProfile(change);
    delete content['join_authorised_via_users_server'];
    if (!membershipNames.includes(membership)) throw new SynapseError(400, 'Invalid membership key');
    this.addProfile(change);
    const { thirdPartySigned } = options;
    if (thirdPartySigned !== undefined && thirdPartySigned !== null) {
      await this.parts.exchange.invite(target, roomId, thirdPartySigned);
    }
    const keepsOut = membership === 'leave' || membership === 'ban';
    if (!keepsOut && this.parts.roomStore.blockedBy(roomId) !== undefined) {
      throw new SynapseError(403, 'This room has been blocked on this server');
    }
    if (membership === 'invite') await this.checkInvite(change);
    return change;
  }

  private async checkRate(requester: Requester, target: UserId, roomId: RoomId, action: string): Promise<void> {
    const { limits, states } = this.parts;
    if (action === 'join') {
      if (states.membership(requester.userId, roomId)?.membership === 'join') return;
      await limits.joinsLocal.check(requester);
      await limits.joinsPerRoom.check(requester, { key: roomId, update: false });
    } else if (action === 'invite') {
      await limits.invitesPerRoom.check(requester, { key: roomId });
      await limits.invitesPerUser.check(requester, { key: target });
      await limits.invitesPerIssuer.check(requester);
    }
  }

  private checkSuspended({ requester, target, action }: Change): void {
    if (requester.authenticatedEntity === this.parts.context.serverName) return;
    const { users } = this.parts;
    if (action === 'invite' && users.isSuspended(requester.userId)) {
      throw suspended('Sending invites while account is suspended is not allowed.');
    }
    if (action === 'join' && users.isSuspended(target)) {
      throw suspended('Joining rooms while account is suspended is not allowed.');
    }
    if (action === 'knock' && users.isSuspended(target)) {
      throw suspended('Knocking on rooms while account is suspended is not allowed.');
    }
  }

  private checkProfile({ requester, content }: Change): void {
    if (!this.parts.context.config.allowPerRoomProfiles || requester.shadowBanned) {
      delete content['displayname'];
      delete content['avatar_url'];
    }
    checkText(content['displayname'], 'Displayname', maxDisplayName);
    checkText(content['avatar_url'], 'Avatar URL', maxAvatarUrl);
    const avatar = content['avatar_url'];
    if (typeof avatar === 'string' && !this.parts.users.mayUseAvatar(avatar)) {
      throw new SynapseError(403, 'This avatar is not allowed', Codes.FORBIDDEN);
    }
  }

  private addProfile({ membership, content, target }: Change): void {
    const isShown =
      membership === 'join' ||
      membership === 'knock' ||
      (membership === 'invite' && this.parts.context.config.includeProfileDataOnInvite);
    if (!isShown) return;
    const profile = this.parts.users.profileOf(target);
    if (!Object.hasOwn(content, 'displayname') && profile.displayName !== null) {
      content['displayname'] = profile.displayName;
    }
    if (!Object.hasOwn(content, 'avatar_url') && profile.avatarUrl !== null) content['avatar_url'] = profile.avatarUrl;
  }

  private async checkInvite({ requester, target, roomId }: Change): Promise<void> {
    const { config } = this.parts.context;
    if (this.isNoticesUser(target)) throw new SynapseError(403, 'Cannot invite this user');
    if (this.isTrusted(requester)) return;
    const refusal = 'Invites have been disabled on this server';
    if (this.mayInvite.isUsed) refuseSpam(await this.mayInvite.ask(requester.userId, target, roomId), refusal);
    if (config.blockNonAdminInvites) throw new SynapseError(403, refusal, Codes.FORBIDDEN);
    if (!this.parts.users.takesInvitesFrom(target, requester.userId)) {
      throw new SynapseError(403, 'You are not permitted to invite this user.', Codes.INVITE_BLOCKED);
    }
  }

  private async checkJoin(change: Change, room: Room | undefined): Promise<void> {
    const { requester, target, roomId } = change;
    const guestAccess = room?.state.get('m.room.guest_access', '')?.content['guest_access'];
    if (requester.isGuest && guestAccess !== 'can_join') throw new AuthError(403, 'Guest access not allowed');
    if (this.mayJoin.isUsed && !this.isTrusted(requester)) {
      const isInvited = this.parts.states.membership(target, roomId)?.membership === 'invite';
      refuseSpam(await this.mayJoin.ask(target, roomId, isInvited), 'Not allowed to join this room');
    }
  }

  /** Who is invited to what the server has to tell them cannot say no, but leave again. */
  private checkRejection(room: Room, { target, membership }: Change): void {
    if (membership !== 'leave' || room.state.membershipOf(target) !== 'invite') return;
    const { noticesUser } = this;
    if (noticesUser === undefined || room.state.membershipOf(noticesUser) !== 'join') return;
    throw new SynapseError(403, 'You cannot reject this invite', Codes.CANNOT_LEAVE_SERVER_NOTICE_ROOM);
  }

  /** What only another server can do, done; undefined for what is done here. */
  private async changeFromAfar(
    change: Change,
    room: Room | undefined,
    after: readonly Extremity[],
  ): Promise<RoomEvent | undefined> {
    const { target, membership, options } = change;
    const { afar, restrictedJoins } = this.parts;
    const wish: AfarChange = { ...change, hosts: options.remoteHosts };
    if (membership !== 'join') return room === undefined ? afar.change(wish) : undefined;
    await this.checkJoin(change, room);
    const authoriser =
      room === undefined
        ? null
        : restrictedJoins.authoriserFor({ ...room, state: this.parts.graph.stateAt(room, after) }, target);
    if (authoriser === null) return afar.join(wish);
    if (authoriser !== undefined) change.content['join_authorised_via_users_server'] = authoriser;
    return undefined;
  }

  private async send(change: Change, after: readonly Extremity[]): Promise<RoomEvent> {
    const { requester, target, roomId, membership, content, options } = change;
    const { creation, sender } = this.parts;
    content['membership'] = membership;
    if (requester.isGuest) content['kind'] = 'guest';
    const { txnId, delayId, originServerTs, ratelimit } = options;
    const sent = txnId === undefined ? undefined : sender.findSent(requester, roomId, txnId);
    if (sent !== undefined) return sent;
    const request = {
      type: 'm.room.member',
      roomId,
      sender: requester.userId,
      stateKey: target,
      content,
      ...(originServerTs !== undefined && { originServerTs }),
    };
    const event = await creation.create(requester, request, {
      ...(txnId !== undefined && { txnId }),
      ...(delayId !== undefined && { delayId }),
      after,
    });
    return sender.accept(requester, [event], { extraUsers: [target], ...(ratelimit !== undefined && { ratelimit }) });
  }

  private isTrusted(requester: Requester): boolean {
    return this.isNoticesUser(requester.userId) || this.parts.users.isAdmin(requester.userId);
  }

  private isNoticesUser(userId: UserId): boolean {
    return userId === this.noticesUser;
  }

  private get noticesUser(): UserId | undefined {
    const { config, serverName } = this.parts.context;
    const localpart = config.serverNotices?.systemMxidLocalpart;
    return localpart === undefined ? undefined : userIdOf(localpart, serverName);
  }
}

/** Whether somebody of this server is in the room; a room with nothing but its beginning counts. */
function isHostIn(room: Room, serverName: string): boolean {
  if (room.state.size === 1 && room.state.get('m.room.create', '') !== undefined) return true;
  for (const [userId, event] of room.state.ofType('m.room.member')) {
    if (event.membership === 'join' && isOnServer(userId, serverName)) return true;
  }
  return false;
}

/** Refuses what makes no sense after the old membership; gives the old event when it says the same. */
function checkAgainstOld(room: Room, change: Change): RoomEvent | undefined {
  const { action, target } = change;
  const old = room.state.get('m.room.member', target);
  const before = old?.membership ?? 'None';
  if (old !== undefined) checkBan(action, before);
  if (old !== undefined && isSame(old, change)) return old;
  if (action === 'kick' && (old === undefined || before === 'ban' || before === 'leave')) {
    throw new AuthError(403, 'The target user is not in the room');
  }
  return undefined;
}

function checkBan(action: string, before: string): void {
  if (action === 'unban' && before !== 'ban') {
    throw badState(`Cannot unban user who was not banned (membership=${before})`);
  }
  if (before === 'ban' && !['ban', 'unban', 'leave'].includes(action)) {
    throw badState(`Cannot ${action} user who was banned`);
  }
}

function isSame(old: RoomEvent, { membership, requester, content }: Change): boolean {
  if (old.membership !== membership || old.sender !== requester.userId) return false;
  return encodeCanonicalJson(content) === encodeCanonicalJson(old.content);
}

function badState(message: string): SynapseError {
  return new SynapseError(403, message, Codes.BAD_STATE);
}

function checkText(value: unknown, name: string, limit: number): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') throw new SynapseError(400, `${name} must be a string`, Codes.BAD_JSON);
  if (value.length > limit) throw new SynapseError(400, `${name} is too long (max ${limit})`, Codes.BAD_JSON);
}
