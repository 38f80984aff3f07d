import type { Hook } from '../../dispatch/hook.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import { domainOf, type ServerName, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import { isMemberEvent, type MemberEvent, RoomEvent } from '../rooms/model/room-event.js';
import { findRoomVersion, type RoomVersion } from '../rooms/model/room-version.js';
import { refuseSpam } from '../rooms/sending/spam-refusal.js';
import type { EventChecks } from './event-checks.js';
import type { EventNews } from './event-news.js';
import { checkServerAcl } from './room-guards.js';
import { parseReceivedEvent } from './received-event.js';
import { readStrippedState } from './stripped-state.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RoomUsers } from '../rooms/model/room-users.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { RoomStore } from '../store/room-store.js';
import type { EventBuilder } from '../rooms/model/event-builder.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { EventPersistence } from '../rooms/sending/event-persistence.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly users: RoomUsers;
  readonly limits: RateLimiters;
  readonly roomStore: RoomStore;
  readonly builder: EventBuilder;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly persistence: EventPersistence;
}

/** An invite as another server sends it. */
export interface ReceivedInvite {
  readonly origin: ServerName;
  /** The room and event that the path of the request names. */
  readonly roomId: string;
  readonly eventId: string;
  readonly event: JsonValue | undefined;
  readonly roomVersion: JsonValue | undefined;
}

/** Invites from other servers to users of this one (`federation_server.py` and `handlers/federation.py: on_invite_request`). */
export class FederatedInvites {
  private readonly shouldDrop: Hook<'spam_checker', 'should_drop_federated_event'>;
  private readonly mayInvite: Hook<'spam_checker', 'federated_user_may_invite'>;
  private readonly userMayInvite: Hook<'spam_checker', 'user_may_invite'>;

  constructor(
    private readonly services: RoomParts,
    private readonly checks: EventChecks,
    private readonly news: EventNews,
  ) {
    const { dispatch } = services.context;
    this.shouldDrop = dispatch.hook('spam_checker', 'should_drop_federated_event');
    this.mayInvite = dispatch.hook('spam_checker', 'federated_user_may_invite');
    this.userMayInvite = dispatch.hook('spam_checker', 'user_may_invite');
  }

  /** Takes an invite in; gives it back signed by this server too. */
  async receive(invite: ReceivedInvite): Promise<JsonObject> {
    const version = findRoomVersion(invite.roomVersion);
    if (version === undefined) {
      const message = 'Homeserver does not support this room version';
      throw new SynapseError(400, message, Codes.UNSUPPORTED_ROOM_VERSION);
    }
    const event = parseReceivedEvent(invite.event, version, this.services.builder.sign);
    checkServerAcl(this.services.rooms, event.roomId, invite.origin);
    checkNames(event, invite);
    if (this.shouldDrop.isUsed && Boolean(await this.shouldDrop.ask(event))) {
      // Synapse gives the code as the text.
      throw new SynapseError(403, Codes.FORBIDDEN.value);
    }
    const checked = await this.checks.checkBrought(event);
    return this.store(await this.checkWanted(checked, invite.origin), version);
  }

  private async checkWanted(event: RoomEvent, origin: ServerName): Promise<MemberEvent> {
    const { context, roomStore, users, limits } = this.services;
    if (event.stateKey === undefined) throw new SynapseError(400, 'The invite event did not have a state key');
    if (roomStore.blockedBy(event.roomId) !== undefined) {
      throw new SynapseError(403, 'This room has been blocked on this server');
    }
    if (context.config.blockNonAdminInvites) {
      throw new SynapseError(403, 'This server does not accept room invites');
    }
    await this.askModules(event, event.stateKey as UserId);
    if (!isMemberEvent(event) || event.membership !== 'invite') {
      throw new SynapseError(400, 'The event was not an m.room.member invite event');
    }
    if (domainOf(event.sender) !== origin) {
      throw new SynapseError(400, 'The invite event was not from the server sending it');
    }
    const target = event.stateKey;
    if (domainOf(target) !== context.serverName) {
      throw new SynapseError(400, 'The invite event must be for this server');
    }
    const notices = context.config.serverNotices?.systemMxidLocalpart;
    if (notices !== undefined && target === `@${notices}:${context.serverName}`) {
      throw new SynapseError(403, 'Cannot invite this user');
    }
    if (!users.takesInvitesFrom(target, event.sender)) {
      throw new SynapseError(403, 'You are not permitted to invite this user.', Codes.INVITE_BLOCKED);
    }
    // Modules are asked for other limits only where there is a requester.
    await limits.invitesPerUser.check(undefined, { key: target });
    return event;
  }

  private async askModules(event: RoomEvent, target: UserId): Promise<void> {
    const refusal = 'This user is not permitted to send invites to this server/user';
    if (this.mayInvite.isUsed) refuseSpam(await this.mayInvite.ask(event), refusal);
    if (!this.userMayInvite.isUsed) return;
    refuseSpam(await this.userMayInvite.ask(event.sender, target, event.roomId), refusal);
  }

  private async store(event: MemberEvent, version: RoomVersion): Promise<JsonObject> {
    const { rooms, persistence, builder } = this.services;
    const signed = withSignature(event, builder.sign(version, parseStoredObject(event.json)));
    const { strippedState } = event.metadata;
    if (strippedState !== undefined) {
      signed.note({ strippedState: await readStrippedState(strippedState, event, this.checks, builder.sign) });
    }
    if (rooms.find(event.roomId) === undefined) rooms.create(event.roomId, version, '', false);
    if (this.services.events.find(event.eventId) === undefined) persistence.storeOutlier(signed, true);
    await this.news.tell(signed, [event.stateKey]);
    return parseStoredObject(signed.json);
  }
}

/** The event with further signatures. */
export function withSignature(event: RoomEvent, more: JsonObject): RoomEvent {
  const { signatures, ...pdu } = parseStoredObject(event.json);
  const { eventId, roomId, version, metadata, position } = event;
  return new RoomEvent({
    eventId,
    roomId,
    version,
    metadata,
    position,
    json: encodeCanonicalJson({ ...pdu, signatures: { ...(isJsonObject(signatures) && signatures), ...more } }),
    sign: () => more,
  });
}

function checkNames(event: RoomEvent, { eventId, roomId }: ReceivedInvite): void {
  const inRequest = 'specified in the federation `/invite` request';
  if (event.eventId !== eventId) {
    throw new SynapseError(400, `Invite event ID must match event ID ${inRequest}`, Codes.INVALID_PARAM);
  }
  if (event.roomId !== roomId) {
    const message = `The room_id specified in the invite event must match room ID ${inRequest}`;
    throw new SynapseError(400, message, Codes.INVALID_PARAM);
  }
}
