import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { EventSender } from './event-sender.js';
import type { IdentityServers } from './identity-server.js';
import type { Memberships } from './memberships.js';
import type { RoomEvent } from '../model/room-event.js';
import { RoomState, StateHandle } from '../model/room-state.js';
import type { RoomUsers } from '../model/room-users.js';
import { findRoomVersion } from '../model/room-version.js';
import type { Extremity, Rooms } from '../model/rooms.js';
import { pretendToWork, ShadowBanError } from './shadow-ban.js';
import { refuseSpam } from './spam-refusal.js';
import { toUserId } from '../model/untrusted-ids.js';

/** An invite by address. */
export interface ThirdPartyInvite {
  /** `email` or `msisdn`. */
  readonly medium: string;
  readonly address: string;
  readonly idServer: string;
  readonly idAccessToken: string;
}

/** How an invite by address is sent differently. */
export interface ThirdPartyInviteOptions {
  readonly txnId?: string;
  /** It follows these events, whatever came into the room since. */
  readonly after?: readonly Extremity[];
}

/** What invites by address are made with. */
export interface ThirdPartyInvitesParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly users: RoomUsers;
  readonly limits: RateLimiters;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly identityServers: IdentityServers;
}

/** Invites people by mail address or telephone number (`handlers/room_member.py: do_3pid_invite`). */
export class ThirdPartyInvites {
  constructor(private readonly parts: ThirdPartyInvitesParts) {}

  async invite(
    requester: Requester,
    roomId: RoomId,
    invite: ThirdPartyInvite,
    options: ThirdPartyInviteOptions = {},
  ): Promise<RoomEvent> {
    const { context, users, limits, identityServers } = this.parts;
    const { config, dispatch } = context;
    const { medium, address, idServer, idAccessToken } = invite;
    if (config.blockNonAdminInvites && !users.isAdmin(requester.userId)) {
      throw new SynapseError(403, 'Invites have been disabled on this server', Codes.FORBIDDEN);
    }
    if (requester.shadowBanned) {
      await pretendToWork(context.clock);
      throw new ShadowBanError();
    }
    await limits.thirdPartyInvite.check(requester);
    const state = this.stateOf(roomId);
    const handle = new StateHandle(state.snapshot());
    if (!(await dispatch.ask('third_party_rules', 'check_threepid_can_be_invited', medium, address, handle))) {
      const message = 'This third-party identifier can not be invited in this room';
      throw new SynapseError(403, message, Codes.FORBIDDEN);
    }
    if (!config.enable3pidLookup) {
      throw new SynapseError(403, 'Looking up third-party identifiers is denied from this server');
    }
    const found = await identityServers.lookUp(idServer, medium, address, idAccessToken);
    if (found !== undefined) {
      const { txnId } = options;
      const sent = txnId === undefined ? {} : { txnId };
      return this.parts.memberships.update(requester, toUserId(found), roomId, 'invite', sent);
    }
    const { userId } = requester;
    const outcome = await dispatch.ask('spam_checker', 'user_may_send_3pid_invite', userId, medium, address, roomId);
    refuseSpam(outcome, 'Cannot send threepid invite');
    const stored = await identityServers.storeInvite(idServer, idAccessToken, this.describe(requester, roomId, invite));
    const content: JsonObject = {
      display_name: stored.displayName,
      public_keys: stored.publicKeys,
      key_validity_url: stored.keyValidityUrl,
      public_key: stored.publicKey,
    };
    return this.parts.sender.send(
      requester,
      { type: 'm.room.third_party_invite', roomId, sender: userId, stateKey: stored.token, content },
      { ratelimit: false, ...options },
    );
  }

  /** What the identity server tells the invited person. */
  private describe(requester: Requester, roomId: RoomId, invite: ThirdPartyInvite): JsonObject {
    const state = this.stateOf(roomId);
    const member = state.get('m.room.member', requester.userId)?.content ?? {};
    const name = member['displayname'] ?? '';
    const text = (type: string, key: string): JsonValue => state.get(type, '')?.content[key] ?? '';
    const roomType = state.get('m.room.create', '')?.content['type'];
    const { webClientLocation } = this.parts.context.config;
    return {
      medium: invite.medium,
      address: invite.address,
      room_id: roomId,
      room_alias: text('m.room.canonical_alias', 'alias'),
      room_avatar_url: text('m.room.avatar', 'url'),
      room_join_rules: text('m.room.join_rules', 'join_rule'),
      room_name: text('m.room.name', 'name'),
      sender: requester.userId,
      sender_display_name: name === '' ? requester.userId : name,
      sender_avatar_url: member['avatar_url'] ?? '',
      ...(roomType !== undefined && { room_type: roomType }),
      ...(webClientLocation !== undefined && { 'org.matrix.web_client_location': webClientLocation }),
    };
  }

  private stateOf(roomId: RoomId): RoomState {
    const state = this.parts.rooms.find(roomId)?.state;
    if (state !== undefined) return state;
    const version = findRoomVersion(this.parts.context.config.defaultRoomVersion);
    if (version === undefined) throw new Error('The default room version is unknown');
    return new RoomState(version);
  }
}
