import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { ShadowBanError } from '../../rooms/sending/shadow-ban.js';
import { toUserId } from '../../rooms/model/untrusted-ids.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { requireParams } from '../server/fields.js';
import type { RequestTransactions } from './request-transactions.js';
import { hostsIn, pathParam, resolveRoom, roomIdIn, stringIn } from './room-request.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { StateStore } from '../../store/state-store.js';
import type { Memberships } from '../../rooms/sending/memberships.js';
import type { Directory } from '../../rooms/reading/directory.js';
import type { ThirdPartyInvites } from '../../rooms/sending/third-party-invites.js';

interface RoomParts {
  readonly states: StateStore;
  readonly memberships: Memberships;
  readonly directory: Directory;
  readonly thirdPartyInvites: ThirdPartyInvites;
}

const actions = ['join', 'invite', 'leave', 'ban', 'unban', 'kick'] as const;

/** Endpoints that change who is in a room (`rest/client/room.py`, `knock.py`). */
export function roomMembershipRoutes(services: RoomParts, transactions: RequestTransactions): Route[] {
  const membership = new MembershipRequests(services);
  return [
    ...transactions.routes('/join/:roomIdOrAlias', (call, requester, txnId) => membership.join(call, requester, txnId)),
    ...actions.flatMap((action) =>
      transactions.routes(`/rooms/:roomId/${action}`, (call, requester, txnId) =>
        membership.change(call, requester, action, txnId),
      ),
    ),
    ...transactions.routes('/rooms/:roomId/forget', async (call, requester) => membership.forget(call, requester), {
      allowGuest: false,
    }),
    {
      method: 'POST',
      paths: clientPaths('/knock/:roomIdOrAlias'),
      handle: async (call) => membership.knock(call, await call.requester()),
    },
    {
      method: 'GET',
      paths: clientPaths('/joined_rooms', oldestVersions),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: true });
        const joined = services.states.membershipsOf(userId).filter((entry) => entry.membership === 'join');
        return { joined_rooms: joined.map((entry) => entry.room_id) };
      },
    },
  ];
}

class MembershipRequests {
  constructor(private readonly services: RoomParts) {}

  async join(call: Call, requester: Requester, txnId?: string): Promise<Answer> {
    const content = await call.json({ allowEmpty: true });
    const { roomId, hosts } = await resolveRoom(
      this.services.directory,
      pathParam(call, 'roomIdOrAlias'),
      hostsIn(call),
    );
    await this.services.memberships.update(requester, requester.userId, roomId, 'join', {
      content,
      remoteHosts: hosts,
      ...(txnId !== undefined && { txnId }),
      ...(content['third_party_signed'] !== undefined && { thirdPartySigned: content['third_party_signed'] }),
    });
    return { room_id: roomId };
  }

  async knock(call: Call, requester: Requester): Promise<Answer> {
    const body = await call.json();
    const { roomId, hosts } = await resolveRoom(
      this.services.directory,
      pathParam(call, 'roomIdOrAlias'),
      hostsIn(call),
    );
    const content = 'reason' in body ? { reason: body['reason'] } : {};
    const options = { content, remoteHosts: hosts };
    await this.services.memberships.update(requester, requester.userId, roomId, 'knock', options);
    return { room_id: roomId };
  }

  forget(call: Call, requester: Requester): Answer {
    this.services.memberships.forget(requester.userId, roomIdIn(call));
    return {};
  }

  async change(call: Call, requester: Requester, action: (typeof actions)[number], txnId?: string): Promise<Answer> {
    if (requester.isGuest && action !== 'join' && action !== 'leave') {
      throw new AuthError(403, 'Guest access not allowed');
    }
    const body = await call.json({ allowEmpty: true });
    try {
      await this.apply(call, requester, action, body, txnId);
    } catch (error) {
      // A shadow-banned user is to believe that it worked.
      if (!(error instanceof ShadowBanError)) throw error;
    }
    return action === 'join' ? { room_id: roomIdIn(call) } : {};
  }

  private async apply(
    call: Call,
    requester: Requester,
    action: (typeof actions)[number],
    body: JsonObject,
    txnId?: string,
  ): Promise<void> {
    if (action === 'invite' && 'medium' in body && 'address' in body) {
      await this.inviteByAddress(call, requester, body, txnId);
      return;
    }
    const { reason, third_party_signed: thirdPartySigned } = body;
    await this.services.memberships.update(requester, targetOf(requester, action, body), roomIdIn(call), action, {
      ...(reason !== undefined && { content: { reason } }),
      ...(txnId !== undefined && { txnId }),
      ...(thirdPartySigned !== undefined && { thirdPartySigned }),
    });
  }

  private async inviteByAddress(call: Call, requester: Requester, body: JsonObject, txnId?: string): Promise<void> {
    if (!('id_server' in body && 'id_access_token' in body)) {
      throw new SynapseError(
        400,
        '`id_server` and `id_access_token` are required when doing 3pid invite',
        Codes.MISSING_PARAM,
      );
    }
    const invite = {
      medium: stringIn(body, 'medium'),
      address: stringIn(body, 'address'),
      idServer: stringIn(body, 'id_server'),
      idAccessToken: stringIn(body, 'id_access_token'),
    };
    const options = txnId === undefined ? {} : { txnId };
    await this.services.thirdPartyInvites.invite(requester, roomIdIn(call), invite, options);
  }
}

function targetOf(requester: Requester, action: string, body: JsonObject): Requester['userId'] {
  if (action === 'join' || action === 'leave') return requester.userId;
  requireParams(body, ['user_id']);
  return toUserId(body['user_id']);
}
