import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { type EventId, isOnServer, type RoomId, type ServerName } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomState } from '../rooms/model/room-state.js';
import type { RoomGraph } from '../rooms/auth/room-graph.js';
import { NotFoundError } from '../parity/synapse-errors.js';
import type { Deliveries } from './deliveries.js';
import { pduOf } from './handshakes.js';
import { checkServerAcl, checkServerIn } from './room-guards.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RoomUsers } from '../rooms/model/room-users.js';
import type { EventStore } from '../store/event-store.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly users: RoomUsers;
  readonly eventStore: EventStore;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
}

const maxBackfill = 100;
const maxMissing = 20;

/** What servers that are in a room read of it (`federation/federation_server.py`, `handlers/federation.py`). */
export class RoomReader {
  constructor(
    private readonly services: RoomParts,
    private readonly graph: RoomGraph,
    private readonly deliveries: Deliveries,
  ) {}

  /** One event, or undefined when it is unknown. */
  async event(origin: ServerName, eventId: string): Promise<JsonObject | undefined> {
    const event = this.services.events.find(eventId);
    if (event === undefined) return undefined;
    checkServerIn(this.services.rooms, event.roomId, origin);
    const shown = this.visibleTo(origin, event);
    await this.deliveries.tell(origin, [shown], 'EVENT');
    return this.asTransaction([shown]);
  }

  /** The state before an event, and what authorises it. */
  async state(origin: ServerName, roomId: RoomId, eventId: string): Promise<JsonObject> {
    const state = this.stateBefore(origin, roomId, eventId).all();
    const authChain = this.graph.authChain(state);
    await this.deliveries.tell(origin, [...state, ...authChain], 'STATE');
    return { pdus: state.map(pduOf), auth_chain: authChain.map(pduOf) };
  }

  /** The same, as IDs. */
  stateIds(origin: ServerName, roomId: RoomId, eventId: string): JsonObject {
    const state = this.stateBefore(origin, roomId, eventId).all();
    const idsOf = (events: readonly RoomEvent[]): readonly EventId[] => events.map((event) => event.eventId);
    return { pdu_ids: idsOf(state), auth_chain_ids: idsOf(this.graph.authChain(state)) };
  }

  /** What authorises an event. */
  async eventAuth(origin: ServerName, roomId: RoomId, eventId: string): Promise<JsonObject> {
    this.checkMayRead(origin, roomId);
    const authChain = this.graph.authChain([this.require(roomId, eventId)]);
    await this.deliveries.tell(origin, authChain, 'EVENT_AUTH');
    return { auth_chain: authChain.map(pduOf) };
  }

  /** Some events and those before them. */
  async backfill(origin: ServerName, roomId: RoomId, from: readonly string[], limit: number): Promise<JsonObject> {
    checkServerAcl(this.services.rooms, roomId, origin);
    checkServerIn(this.services.rooms, roomId, origin);
    const events = this.walkBack(roomId, from, Math.min(limit, maxBackfill), () => false);
    const shown = events.map((event) => this.visibleTo(origin, event));
    await this.deliveries.tell(origin, shown, 'BACKFILL');
    return this.asTransaction(shown);
  }

  /** The events between those that a server has and others. */
  async missingEvents(
    origin: ServerName,
    roomId: RoomId,
    range: { readonly earliest: readonly string[]; readonly latest: readonly string[]; readonly limit: number },
  ): Promise<JsonObject> {
    checkServerAcl(this.services.rooms, roomId, origin);
    checkServerIn(this.services.rooms, roomId, origin);
    const earliest = new Set(range.earliest);
    const start = range.latest.flatMap((id) => this.services.events.find(id)?.prevEvents ?? []);
    const events = this.walkBack(roomId, start, Math.min(range.limit, maxMissing), (id) => earliest.has(id)).reverse();
    const shown = events.map((event) => this.visibleTo(origin, event));
    await this.deliveries.tell(origin, shown, 'GET_MISSING_EVENTS');
    return { events: shown.map(pduOf) };
  }

  /** The event nearest in time. */
  nearest(origin: ServerName, roomId: RoomId, timestamp: number, direction: 'f' | 'b'): JsonObject {
    checkServerIn(this.services.rooms, roomId, origin);
    checkServerAcl(this.services.rooms, roomId, origin);
    const found = this.services.eventStore.nearestInTime(roomId, timestamp, direction);
    if (found !== undefined) return { event_id: found.event_id, origin_server_ts: found.origin_server_ts };
    // Python prints the member of the enumeration.
    const name = direction === 'f' ? 'Direction.FORWARDS' : 'Direction.BACKWARDS';
    const message = `Unable to find event from ${timestamp} in direction ${name}`;
    throw new SynapseError(404, message, Codes.NOT_FOUND);
  }

  private stateBefore(origin: ServerName, roomId: RoomId, eventId: string): RoomState {
    this.checkMayRead(origin, roomId);
    const event = this.require(roomId, eventId);
    const room = this.services.rooms.find(roomId);
    if (event.metadata.isOutlier === true || room === undefined) {
      throw new NotFoundError(`State not known at event ${eventId}`);
    }
    return this.graph.stateBefore(room, event);
  }

  private checkMayRead(origin: ServerName, roomId: RoomId): void {
    checkServerIn(this.services.rooms, roomId, origin);
    checkServerAcl(this.services.rooms, roomId, origin);
  }

  private require(roomId: RoomId, eventId: string): RoomEvent {
    const event = this.services.events.findShown(eventId);
    if (event?.roomId !== roomId) throw new NotFoundError(`Could not find event ${eventId}`);
    return event;
  }

  private walkBack(
    roomId: RoomId,
    from: readonly string[],
    limit: number,
    isEnd: (id: string) => boolean,
  ): RoomEvent[] {
    const found = new Map<string, RoomEvent>();
    let open = [...from];
    while (open.length > 0 && found.size < limit) {
      const next: string[] = [];
      for (const id of open) {
        const event = found.has(id) || isEnd(id) ? undefined : this.services.events.findShown(id);
        if (event?.roomId !== roomId || event.metadata.isOutlier === true || found.size >= limit) continue;
        found.set(id, event);
        next.push(...event.prevEvents);
      }
      open = next;
    }
    return [...found.values()].sort((a, b) => b.depth - a.depth || b.position - a.position);
  }

  /** The event, redacted when the room's history was not for this server then. */
  private visibleTo(origin: ServerName, event: RoomEvent): RoomEvent {
    const { events, users } = this.services;
    if (event.metadata.isOutlier === true) return event;
    if (users.isErased(event.sender)) return events.pruned(event);
    const state = events.allStateAfter(event);
    const visibility = state.get('m.room.history_visibility', '')?.content['history_visibility'] ?? 'shared';
    if (visibility !== 'invited' && visibility !== 'joined') return event;
    const enough = visibility === 'invited' ? ['join', 'invite'] : ['join'];
    for (const [userId, member] of state.ofType('m.room.member')) {
      if (isOnServer(userId, origin) && enough.includes(member.membership ?? '')) return event;
    }
    return events.pruned(event);
  }

  private asTransaction(events: readonly RoomEvent[]): JsonObject {
    const { serverName, clock } = this.services.context;
    return { origin: serverName, origin_server_ts: clock.now(), pdus: events.map(pduOf) };
  }
}
