import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { checkEventAuth } from '../auth/event-auth.js';
import type { EventCreation, EventRequest } from './event-creation.js';
import type { EventSender } from './event-sender.js';
import type { IdentityServers } from './identity-server.js';
import { publicKeysOf } from '../auth/membership-auth.js';
import type { RoomGraph } from '../auth/room-graph.js';
import type { Room, Rooms } from '../model/rooms.js';
import { isSignedBy } from '../model/signing-key.js';
import { toUserId } from '../model/untrusted-ids.js';

/** What an identity server signed: that an invited address belongs to a user. */
interface Signed {
  readonly sender: UserId;
  readonly token: string;
  readonly whole: JsonObject;
}

/** What exchanges are made with. */
export interface ThirdPartyExchangeParts {
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly creation: EventCreation;
  readonly sender: EventSender;
  readonly identityServers: IdentityServers;
}

/** Turns an invite by address into one for the user it belongs to (`handlers/federation.py: exchange_third_party_invite`). */
export class ThirdPartyExchange {
  constructor(
    private readonly serverName: string,
    private readonly parts: ThirdPartyExchangeParts,
  ) {}

  /** Invites a user in the name of whoever invited the address. */
  async invite(target: UserId, roomId: RoomId, thirdPartySigned: JsonValue): Promise<void> {
    const signed = readSigned(thirdPartySigned);
    const room = this.parts.rooms.find(roomId);
    if (room === undefined) throw new SynapseError(502, 'Failed to forward third party invite');
    // The modules are asked twice, as in Synapse: before the name is known and after.
    await this.build(signed, target, room, {});
    const original = room.state.get('m.room.third_party_invite', signed.token);
    const displayName = original?.content['display_name'];
    const event = await this.build(
      signed,
      target,
      room,
      original === undefined ? {} : { display_name: displayName ?? null },
    );
    checkEventAuth(room.version, event, this.parts.graph.peekBefore(room, event));
    if (original === undefined) throw new AuthError(403, 'Could not find invite');
    await this.checkKeys(signed, original.content);
    await this.parts.sender.accept(requesterFor(target, this.serverName), [event], { extraUsers: [target] });
  }

  private async build(
    signed: Signed,
    target: UserId,
    room: Room,
    naming: JsonObject,
  ): ReturnType<EventCreation['create']> {
    const request: EventRequest = {
      type: 'm.room.member',
      roomId: room.roomId,
      sender: signed.sender,
      stateKey: target,
      content: { membership: 'invite', third_party_invite: { ...naming, signed: signed.whole } },
    };
    return this.parts.creation.create(requesterFor(signed.sender, this.serverName), request);
  }

  /** One key of the invite must have signed, and must still be valid where its server can be asked. */
  private async checkKeys(signed: Signed, invite: JsonObject): Promise<void> {
    const blocks = isJsonObject(signed.whole['signatures']) ? Object.entries(signed.whole['signatures']) : [];
    for (const { publicKey, validityUrl } of publicKeysOf(invite)) {
      const isRight = blocks.some(
        ([server, block]) =>
          isJsonObject(block) && Object.keys(block).some((keyId) => isSignedBy(signed.whole, server, keyId, publicKey)),
      );
      if (!isRight) continue;
      if (validityUrl !== undefined && !(await this.parts.identityServers.isKeyValid(validityUrl, publicKey))) {
        throw new AuthError(403, 'Third party certificate was invalid');
      }
      return;
    }
    throw new AuthError(403, 'You are not invited to this room.');
  }
}

function readSigned(value: JsonValue): Signed {
  const whole = isJsonObject(value) ? value : {};
  const { sender, mxid, token, signatures } = whole;
  if (typeof token !== 'string' || typeof mxid !== 'string' || !isJsonObject(signatures)) {
    throw new SynapseError(400, 'third_party_signed must hold mxid, token and signatures', Codes.BAD_JSON);
  }
  return { sender: toUserId(sender), token, whole };
}

function requesterFor(userId: UserId, serverName: string): Requester {
  return { userId, isGuest: false, shadowBanned: false, authenticatedEntity: serverName };
}
