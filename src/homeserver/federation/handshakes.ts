import type { Hook } from '../../dispatch/hook.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, parseUserId, serverIn, type ServerName, type UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import { checkEventAuth } from '../rooms/auth/event-auth.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import { type RoomState, StateHandle } from '../rooms/model/room-state.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { strippedEventsFor } from '../rooms/model/stripped-state.js';
import { NotFoundError } from '../parity/synapse-errors.js';
import type { Deliveries } from './deliveries.js';
import type { EventChecks } from './event-checks.js';
import { withSignature } from './federated-invites.js';
import type { AcceptedMembership, IncomingEvents } from './incoming-events.js';
import { parseReceivedEvent } from './received-event.js';
import { checkServerAcl, isServerIn, requireRoom } from './room-guards.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { EventBuilder } from '../rooms/model/event-builder.js';
import type { EventCreation } from '../rooms/sending/event-creation.js';
import type { RestrictedJoins } from '../rooms/auth/restricted-joins.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly limits: RateLimiters;
  readonly builder: EventBuilder;
  readonly rooms: Rooms;
  readonly creation: EventCreation;
  readonly restrictedJoins: RestrictedJoins;
}

/** Memberships that other servers prepare with this one and then hand in. */
export type HandshakeMembership = 'join' | 'leave' | 'knock';

/** What another server asks for before it signs a membership. */
export interface HandshakeRequest {
  readonly origin: ServerName;
  readonly roomId: string;
  readonly userId: string;
  /** The room versions that the other server knows; undefined for leaves. */
  readonly versions?: readonly string[];
}

/** A membership that another server signed. */
export interface HandedIn {
  readonly origin: ServerName;
  readonly roomId: string;
  readonly content: JsonObject;
}

/** How servers that are not in a room let their users join, leave and knock (`federation_server.py: on_make_..., on_send_...`). */
export class Handshakes {
  private readonly eventAllowed: Hook<'third_party_rules', 'check_event_allowed'>;

  constructor(
    private readonly services: RoomParts,
    private readonly checks: EventChecks,
    private readonly incoming: IncomingEvents,
    private readonly deliveries: Deliveries,
    /** Told of a membership, which goes on to the other servers of the room. */
    private readonly pass: (accepted: AcceptedMembership, origin: ServerName) => void,
  ) {
    this.eventAllowed = services.context.dispatch.hook('third_party_rules', 'check_event_allowed');
  }

  /** The event that the other server has to sign. */
  async make(membership: HandshakeMembership, request: HandshakeRequest): Promise<JsonObject> {
    const { origin } = request;
    const { rooms, limits, restrictedJoins } = this.services;
    checkServerAcl(rooms, request.roomId, origin);
    const room = membership === 'leave' ? undefined : requireRoom(rooms, request.roomId);
    if (room !== undefined) this.checkVersion(membership, room, request.versions ?? []);
    if (membership === 'join') await limits.joinsPerRoom.check(undefined, { key: request.roomId, update: false });
    const userId = parseUserId(request.userId);
    if (domainOf(userId) !== origin) throw new SynapseError(403, 'User not from origin', Codes.FORBIDDEN);
    const known = requireRoom(rooms, request.roomId);
    const event = await this.template(membership, known, userId);
    if (membership === 'knock') await this.askModules(event, known.state);
    if (membership === 'join') restrictedJoins.authoriserFor(known, userId);
    checkEventAuth(known.version, event, known.state);
    const { hashes: _hashes, signatures: _signatures, ...pdu } = parseStoredObject(event.json);
    return { event: pdu, room_version: known.version.id };
  }

  /** Takes a signed join in; gives the room's state before it. */
  async sendJoin(request: HandedIn): Promise<JsonObject> {
    await this.services.limits.joinsPerRoom.check(undefined, { key: request.roomId, update: false });
    const { event, stateBefore } = await this.send('join', request);
    const state = stateBefore.all();
    const authChain = this.incoming.graph.authChain(state);
    await this.deliveries.tell(request.origin, [event, ...state, ...authChain], 'SEND_JOIN');
    return {
      event: pduOf(event),
      members_omitted: false,
      state: state.map(pduOf),
      auth_chain: authChain.map(pduOf),
    };
  }

  /** Takes a signed leave in. */
  async sendLeave(request: HandedIn): Promise<JsonObject> {
    await this.send('leave', request);
    return {};
  }

  /** Takes a signed knock in; gives what those who knock may know of the room. */
  async sendKnock(request: HandedIn): Promise<JsonObject> {
    const { event, stateBefore } = await this.send('knock', request);
    const shown = strippedEventsFor(this.services.context.config.roomPrejoinState, stateBefore, event);
    return { knock_room_state: shown.map(pduOf) };
  }

  private checkVersion(membership: HandshakeMembership, room: Room, versions: readonly string[]): void {
    if (!versions.includes(room.version.id)) {
      const message = 'Your homeserver does not support the features required to interact with this room';
      throw new SynapseError(400, message, Codes.INCOMPATIBLE_ROOM_VERSION, { room_version: room.version.id });
    }
    if (membership === 'knock' && !room.version.allowsKnock) throw noKnocking();
  }

  private async template(membership: HandshakeMembership, room: Room, userId: UserId): Promise<RoomEvent> {
    const { context, creation, restrictedJoins } = this.services;
    if (membership === 'join' && !isServerIn(room, context.serverName)) {
      throw new NotFoundError('Not an active room on this server');
    }
    const voucher = membership === 'join' ? restrictedJoins.voucherFor(room, userId) : undefined;
    if (voucher === null) {
      throw new SynapseError(400, 'Unable to find a user which could issue an invite', Codes.UNABLE_TO_GRANT_JOIN);
    }
    const requester = { userId, isGuest: false, shadowBanned: false, authenticatedEntity: userId };
    return creation.create(requester, {
      type: 'm.room.member',
      roomId: room.roomId,
      sender: userId,
      stateKey: userId,
      content: { membership, ...(voucher !== undefined && { join_authorised_via_users_server: voucher }) },
    });
  }

  private async send(membership: HandshakeMembership, request: HandedIn): Promise<AcceptedMembership> {
    const { origin, content } = request;
    const { rooms } = this.services;
    if (!Object.hasOwn(content, 'room_id')) {
      throw new SynapseError(400, "Missing params: ['room_id']", Codes.MISSING_PARAM);
    }
    if (content['room_id'] !== request.roomId) {
      throw new SynapseError(400, 'Room ID in body does not match that in request path', Codes.BAD_JSON);
    }
    const room = requireRoom(rooms, request.roomId);
    if (membership === 'knock' && !room.version.allowsKnock) throw noKnocking();
    const received = parseReceivedEvent(content, room.version, this.services.builder.sign);
    if (received.type !== 'm.room.member' || !received.isState()) {
      throw new SynapseError(400, 'Not an m.room.member event', Codes.BAD_JSON);
    }
    if (received.membership !== membership) {
      throw new SynapseError(400, `Not a ${membership} event`, Codes.BAD_JSON);
    }
    checkServerAcl(rooms, room.roomId, origin);
    const event = await this.checks.checkBrought(this.vouchedFor(room, received));
    if (domainOf(event.sender) !== origin) throw new SynapseError(403, 'User not from origin', Codes.FORBIDDEN);
    if (event.sender !== event.stateKey) {
      throw new SynapseError(400, 'state_key and sender must match', Codes.BAD_JSON);
    }
    const accepted = await this.incoming.acceptMembership(origin, room, event, async (state) => {
      if (membership === 'join') this.services.restrictedJoins.authoriserFor({ ...room, state }, event.sender);
      if (membership === 'knock') await this.askModules(event, state);
    });
    this.pass(accepted, origin);
    return accepted;
  }

  /** The event with this server's signature where one of its users vouches for the join. */
  private vouchedFor(room: Room, event: RoomEvent): RoomEvent {
    const voucher = event.content['join_authorised_via_users_server'];
    if (!room.version.allowsRestricted || event.membership !== 'join' || typeof voucher !== 'string') return event;
    const server = serverIn(voucher);
    if (server !== this.services.context.serverName) {
      const message = `Cannot authorise membership event for ${server}. We can only authorise requests from our own homeserver`;
      throw new SynapseError(400, message);
    }
    return withSignature(event, this.services.builder.sign(room.version, parseStoredObject(event.json)));
  }

  private async askModules(event: RoomEvent, state: RoomState): Promise<void> {
    if (!this.eventAllowed.isUsed) return;
    const { allowed } = await this.eventAllowed.ask(event, new StateHandle(state.snapshot()));
    if (!allowed) throw new SynapseError(403, 'This event is not allowed in this context', Codes.FORBIDDEN);
  }
}

/** An event as servers exchange it. */
export function pduOf(event: RoomEvent): JsonObject {
  const { unsigned: _unsigned, ...pdu } = event.signedPdu();
  return pdu;
}

function noKnocking(): SynapseError {
  return new SynapseError(403, 'This room version does not support knocking', Codes.FORBIDDEN);
}
