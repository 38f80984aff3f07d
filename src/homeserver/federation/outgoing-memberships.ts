import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, isOnServer, type RoomAlias, type RoomId, type ServerName, type UserId } from '../../matrix/ids.js';
import { isJsonArray, isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { AliasTarget } from '../rooms/model/remote-rooms.js';
import type { RemoteChange, RemoteRooms } from '../rooms/model/remote-rooms.js';
import type { RoomEmitter } from '../rooms/model/room-emitter.js';
import { isMemberEvent, type MemberEvent, type RoomEvent } from '../rooms/model/room-event.js';
import { RoomState } from '../rooms/model/room-state.js';
import type { RoomVersion } from '../rooms/model/room-version.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { isAllowed } from '../rooms/auth/event-allowed.js';
import { strippedEventsFor } from '../rooms/model/stripped-state.js';
import type { EventChecks } from './event-checks.js';
import { type FederationClient, federationPath, UnreachableServerError } from './federation-client.js';
import { pduOf } from './handshakes.js';
import type { IncomingEvents } from './incoming-events.js';
import type { PeerEvents } from './peer-events.js';
import { type PreparingParts, PreparedMemberships } from './prepared-memberships.js';
import { parseReceivedEvent } from './received-event.js';
import { isServerIn } from './room-guards.js';
import { readStrippedState } from './stripped-state.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { EventCreation } from '../rooms/sending/event-creation.js';
import type { EventPersistence } from '../rooms/sending/event-persistence.js';

interface RoomParts extends PreparingParts {
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly creation: EventCreation;
  readonly persistence: EventPersistence;
  readonly emitter: RoomEmitter;
}

/** Memberships of users from here in rooms of other servers (`handlers/federation.py`, `federation/federation_client.py`). */
export class OutgoingMemberships implements RemoteRooms {
  private readonly prepared: PreparedMemberships;

  constructor(
    private readonly services: RoomParts,
    private readonly client: FederationClient,
    private readonly checks: EventChecks,
    private readonly incoming: IncomingEvents,
    private readonly peerEvents: PeerEvents,
  ) {
    this.prepared = new PreparedMemberships(services, client);
    services.emitter.onAsk('storing', (_requester, event, room) => {
      if (!isMemberEvent(event) || (event.membership !== 'invite' && event.membership !== 'knock')) return undefined;
      return isOnServer(event.stateKey, services.context.serverName) ? undefined : this.sendInvite(room, event);
    });
  }

  readonly lookUpAlias = async (alias: RoomAlias): Promise<AliasTarget | undefined> => {
    const path = `/_matrix/federation/v1/query/directory?room_alias=${encodeURIComponent(alias)}`;
    try {
      const answer = await this.client.object('GET', domainOf(alias), path);
      const { room_id: roomId, servers } = answer;
      if (typeof roomId !== 'string' || !isJsonArray(servers)) return undefined;
      return { roomId: roomId as RoomId, servers: servers.filter(isServer) };
    } catch (error) {
      if (error instanceof SynapseError && error.status === 404) return undefined;
      if (!(error instanceof SynapseError) && !(error instanceof UnreachableServerError)) throw error;
      throw new SynapseError(502, 'Failed to fetch alias', Codes.UNKNOWN, {}, {}, { cause: error });
    }
  };

  readonly profileOf = async (userId: UserId, field: string | undefined): Promise<JsonObject> => {
    const query = new URLSearchParams({ user_id: userId, ...(field !== undefined && { field }) });
    try {
      const profile = await this.client.object(
        'GET',
        domainOf(userId),
        `/_matrix/federation/v1/query/profile?${query.toString()}`,
      );
      if (field === undefined) return profile;
      return Object.hasOwn(profile, field) ? { [field]: profile[field] } : {};
    } catch (error) {
      const isRefusal = error instanceof SynapseError;
      if (!isRefusal && !(error instanceof UnreachableServerError)) throw error;
      if (isRefusal && (error.status === 403 || error.status === 404)) throw error;
      throw new SynapseError(502, 'Failed to fetch profile', Codes.UNKNOWN, {}, {}, { cause: error });
    }
  };

  readonly join = async (change: RemoteChange): Promise<RoomEvent> => {
    const { server, event } = await this.prepared.prepare('join', change);
    const answer = await this.reach(() => this.prepared.handIn(server, '/v2/send_join', event));
    const joined = this.signedAnew(event, answer['event']);
    const known = new Map<string, RoomEvent>();
    for (const list of [answer['auth_chain'], answer['state']]) {
      const unknown = itemsOf(list).filter((pdu) => !known.has(this.idOf(pdu, event.version)));
      for (const found of await this.peerEvents.checked(unknown, event.version)) known.set(found.eventId, found);
    }
    const listed = itemsOf(answer['state']);
    const state = listed.flatMap((pdu) => known.get(this.idOf(pdu, event.version)) ?? []);
    const room = this.services.rooms.find(joined.roomId);
    if (room === undefined || !isServerIn(room, this.services.context.serverName)) {
      return this.enter(joined, state, [...known.values()]);
    }
    // Somebody from here is in the room already, but only another server could vouch for the join.
    await this.incoming.process(server, joined);
    return joined;
  };

  readonly knock = async (change: RemoteChange): Promise<RoomEvent> => {
    const { server, event } = await this.prepared.prepare('knock', change);
    const answer = await this.reach(() => this.prepared.handIn(server, '/v1/send_knock', event));
    const shown = answer['knock_room_state'];
    if (Array.isArray(shown)) {
      event.note({ strippedState: await readStrippedState(shown, event, this.checks, this.services.builder.sign) });
    }
    this.knowRoom(event);
    await this.incoming.storeOutOfBand(event);
    return event;
  };

  /** Synapse declines by itself when the other server cannot be told. */
  readonly leave = async (change: RemoteChange, current: RoomEvent): Promise<RoomEvent> => {
    const event = (await this.leaveThere(change)) ?? (await this.leaveHere(change, current));
    await this.incoming.storeOutOfBand(event);
    return event;
  };

  /** Hands an invite to the server of the invited user; throws when that refuses or is out of reach. */
  private async sendInvite(room: Room, event: MemberEvent): Promise<void> {
    const server = domainOf(event.stateKey);
    const shown = strippedEventsFor(this.services.context.config.roomPrejoinState, room.state, event);
    const content = { event: pduOf(event), invite_room_state: shown.map(pduOf), room_version: room.version.id };
    const answer = await this.reach(() =>
      this.client.object('PUT', server, federationPath('/v2/invite', room.roomId, event.eventId), content),
    );
    await this.checks.check(parseReceivedEvent(answer['event'], room.version, this.services.builder.sign));
  }

  private async leaveThere(change: RemoteChange): Promise<RoomEvent | undefined> {
    try {
      const { server, event } = await this.prepared.prepare('leave', change);
      await this.reach(() => this.prepared.handIn(server, '/v2/send_leave', event));
      return event;
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
      this.services.context.log.warn('An invite was declined without telling the server it came from', { err: error });
      return undefined;
    }
  }

  private async leaveHere({ requester, target, content }: RemoteChange, current: RoomEvent): Promise<RoomEvent> {
    const { version, roomId, eventId, depth } = current;
    const draft = {
      type: 'm.room.member',
      sender: target,
      stateKey: target,
      content: { ...content, membership: 'leave' },
    };
    const place = {
      version,
      roomId,
      prevEvents: [eventId],
      authEvents: [...current.authEvents, eventId],
      depth: depth + 1,
    };
    return this.services.creation.createOutOfBand(requester, draft, place);
  }

  /** The event as the other server gave it back: it may have vouched for it. */
  private signedAnew(event: RoomEvent, given: JsonValue | undefined): RoomEvent {
    if (!isJsonObject(given)) return event;
    const parsed = parseReceivedEvent(given, event.version, this.services.builder.sign);
    return parsed.eventId === event.eventId ? parsed : event;
  }

  private async enter(event: RoomEvent, state: readonly RoomEvent[], known: readonly RoomEvent[]): Promise<RoomEvent> {
    const create = state.find((found) => found.type === 'm.room.create' && found.stateKey === '');
    if (create === undefined) throw new SynapseError(400, 'No create event in state');
    if ((create.content['room_version'] ?? '1') !== event.version.id) {
      throw new SynapseError(400, 'Room version mismatch');
    }
    this.knowRoom(event);
    this.incoming.storeOutliers(known);
    const { rooms, events, persistence } = this.services;
    const stored = state.flatMap((found) => events.find(found.eventId) ?? []);
    const before = new RoomState(
      event.version,
      stored.filter((found) => found.metadata.isRejected !== true),
    );
    if (!isAllowed(event.version, event, before)) throw new SynapseError(403, 'Join event was rejected');
    const room = rooms.find(event.roomId);
    if (room === undefined) throw new Error(`There is no room ${event.roomId}`);
    persistence.storeState(room, before);
    const after = before.snapshot();
    after.set(event);
    const extremities = [{ eventId: event.eventId, depth: event.depth }];
    const outcome = { before, state: after, extremities, isFork: false, appliesRedaction: false };
    persistence.storeOutcomes(room, [{ event, outcome }]);
    await this.incoming.tell(event);
    return event;
  }

  private knowRoom({ roomId, version }: RoomEvent): void {
    if (this.services.rooms.find(roomId) === undefined) this.services.rooms.create(roomId, version, '', false);
  }

  private idOf(pdu: JsonValue, version: RoomVersion): string {
    try {
      return parseReceivedEvent(pdu, version, this.services.builder.sign).eventId;
    } catch (error) {
      if (error instanceof SynapseError) return '';
      throw error;
    }
  }

  private async reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnreachableServerError)) throw error;
      throw new SynapseError(502, error.message, Codes.UNKNOWN, {}, {}, { cause: error });
    }
  }
}

function isServer(value: JsonValue): value is JsonValue & ServerName {
  return typeof value === 'string';
}
