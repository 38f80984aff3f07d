import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, isOnServer, type RoomId, type ServerName } from '../../matrix/ids.js';
import { BranchedEvents } from '../rooms/sending/branched-events.js';
import { authTypesFor } from '../rooms/auth/event-auth.js';
import { isMemberEvent, type RoomEvent } from '../rooms/model/room-event.js';
import { isAtTheEnd, type RoomGraph } from '../rooms/auth/room-graph.js';
import type { RoomState } from '../rooms/model/room-state.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { isAllowed } from '../rooms/auth/event-allowed.js';
import { claimedStateOf } from '../rooms/auth/state-resolution.js';
import { AuthError } from '../parity/synapse-errors.js';
import type { EventNews } from './event-news.js';
import { type EventChecks, EventSignatureError } from './event-checks.js';
import { isServerIn } from './room-guards.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { StateStore } from '../store/state-store.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { EventPersistence } from '../rooms/sending/event-persistence.js';
import type { GuestRemoval } from '../rooms/sending/guest-removal.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly states: StateStore;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly graph: RoomGraph;
  readonly persistence: EventPersistence;
  readonly guestRemoval: GuestRemoval;
}

/** Asks another server for events; empty when it is out of reach or has none. */
export interface EventSource {
  /** The events between those that the room ends with here and this one. */
  readonly missingBefore: (origin: ServerName, room: Room, event: RoomEvent) => Promise<readonly RoomEvent[]>;
  /** The events that authorise this one. */
  readonly authOf: (origin: ServerName, event: RoomEvent) => Promise<readonly RoomEvent[]>;
}

/** A member event that another server handed in, accepted. */
export interface AcceptedMembership {
  readonly event: RoomEvent;
  readonly stateBefore: RoomState;
}

const maxPrevEvents = 20;
const maxAuthEvents = 10;

/** Brings events from other servers into the rooms of this one (`handlers/federation_event.py`). */
export class IncomingEvents {
  readonly graph: RoomGraph;
  private readonly queues = new Map<RoomId, Promise<void>>();

  constructor(
    private readonly services: RoomParts,
    private readonly checks: EventChecks,
    private readonly news: EventNews,
    private readonly source: EventSource,
  ) {
    this.graph = services.graph;
  }

  /** Takes an event in, after those of the same room that came before it. The other server does not wait. */
  receive(origin: ServerName, event: RoomEvent): void {
    const { context } = this.services;
    const before = this.queues.get(event.roomId) ?? Promise.resolve();
    const work = before.then(async () => {
      try {
        await this.process(origin, event);
      } catch (error) {
        context.log.warn(`An event of ${origin} was not taken in`, { eventId: event.eventId, err: error });
      }
    });
    this.queues.set(event.roomId, work);
    context.inBackground('event from another server', async () => {
      await work;
      if (this.queues.get(event.roomId) === work) this.queues.delete(event.roomId);
    });
  }

  /** Stores a join, leave or knock that its server handed in; 403 when it is not allowed. */
  async acceptMembership(
    origin: ServerName,
    room: Room,
    event: RoomEvent,
    check: (stateBefore: RoomState) => Promise<void>,
  ): Promise<AcceptedMembership> {
    const known = this.services.events.find(event.eventId);
    if (this.graph.missingBefore(event).length > 0) {
      throw new SynapseError(400, 'The events before this one are not known here');
    }
    const stateBefore = this.graph.stateBefore(room, event);
    if (!(await this.isAllowedThere(origin, event, stateBefore))) {
      throw new AuthError(403, `${event.membership ?? ''} event was rejected`);
    }
    await check(stateBefore);
    if (known === undefined || known.metadata.isOutlier === true) {
      this.store(room, event, stateBefore, this.isSoftFailed(room, event));
      await this.tell(event);
    }
    return { event, stateBefore };
  }

  /** Stores events only so that they are known; those that nobody authorised are marked rejected. */
  storeOutliers(events: readonly RoomEvent[]): void {
    const find = (id: string): RoomEvent | undefined => this.services.events.find(id);
    for (const event of sortByAuth(events)) {
      if (find(event.eventId) !== undefined) continue;
      if (!isAllowed(event.version, event, claimedStateOf(event.version, event, find)))
        event.note({ isRejected: true });
      this.services.persistence.storeOutlier(event, false);
    }
  }

  /** Stores an event of which nothing else is known here: a membership without its room. */
  async storeOutOfBand(event: RoomEvent): Promise<void> {
    this.services.persistence.storeOutlier(event, true);
    await this.tell(event);
  }

  /** Tells modules and those who wait of an event that was stored. */
  async tell(event: RoomEvent): Promise<void> {
    await this.news.tell(event, isMemberEvent(event) ? [event.stateKey] : []);
  }

  /** Takes an event in at once. */
  async process(origin: ServerName, event: RoomEvent): Promise<void> {
    const known = this.services.events.find(event.eventId);
    if (known !== undefined && known.metadata.isOutlier !== true) return;
    if (event.prevEvents.length > maxPrevEvents) throw new SynapseError(400, 'Too many prev_events');
    if (event.authEvents.length > maxAuthEvents) throw new SynapseError(400, 'Too many auth_events');
    const room = this.services.rooms.find(event.roomId);
    if (room === undefined) return;
    if (!isServerIn(room, this.services.context.serverName)) {
      if (this.isWithdrawnInvite(event)) await this.storeOutOfBand(event);
      return;
    }
    if (this.graph.missingBefore(event).length > 0) await this.fillGap(origin, room, event);
    await this.add(origin, room, event);
  }

  /** Asks the event's server for what is missing before it; 403 when it does not say. */
  private async fillGap(origin: ServerName, room: Room, event: RoomEvent): Promise<void> {
    const missing = await this.source.missingBefore(origin, room, event);
    for (const earlier of [...missing].sort((a, b) => a.depth - b.depth)) {
      if (this.graph.missingBefore(earlier).length > 0) continue;
      try {
        await this.add(origin, room, await this.checks.check(earlier));
      } catch (error) {
        if (!(error instanceof EventSignatureError)) throw error;
      }
    }
    if (this.graph.missingBefore(event).length === 0) return;
    throw new AuthError(403, "Your server isn't divulging details about prev_events referenced in this event.");
  }

  private async add(origin: ServerName, room: Room, event: RoomEvent): Promise<void> {
    const known = this.services.events.find(event.eventId);
    if (known !== undefined && known.metadata.isOutlier !== true) return;
    const stateBefore = this.graph.stateBefore(room, event);
    if (!(await this.isAllowedThere(origin, event, stateBefore))) {
      event.note({ isRejected: true });
      this.store(room, event, stateBefore, false);
      return;
    }
    this.store(room, event, stateBefore, this.isSoftFailed(room, event));
    await this.services.guestRemoval.follow(event, room);
    await this.tell(event);
  }

  /** Whether the events that it names and the state before it both allow an event. */
  private async isAllowedThere(origin: ServerName, event: RoomEvent, stateBefore: RoomState): Promise<boolean> {
    const find = (id: string): RoomEvent | undefined => this.services.events.find(id);
    if (event.authEvents.some((id) => find(id) === undefined)) {
      this.storeOutliers(await this.source.authOf(origin, event));
    }
    const claimed = event.authEvents.map(find).filter((found) => found !== undefined);
    if (claimed.length < event.authEvents.length) {
      throw new AuthError(403, `Auth events of ${event.eventId} could not be found`);
    }
    if (claimed.some((found) => found.metadata.isRejected === true || found.roomId !== event.roomId)) return false;
    if (!namesProperAuthEvents(event, claimed)) return false;
    const { version } = event;
    return isAllowed(version, event, claimedStateOf(version, event, find)) && isAllowed(version, event, stateBefore);
  }

  /** Whether the room as it is now would not allow an event that was allowed where its server sent it. */
  private isSoftFailed(room: Room, event: RoomEvent): boolean {
    if (event.metadata.isSoftFailed === true) return true;
    if (isAtTheEnd(room, event) || isAllowed(event.version, event, room.state)) return false;
    event.note({ isSoftFailed: true });
    return true;
  }

  private store(room: Room, event: RoomEvent, stateBefore: RoomState, isSoftFailed: boolean): void {
    const isRejected = event.metadata.isRejected === true;
    const branches = new BranchedEvents(this.graph, (id) => this.services.events.find(id), room);
    const outcome =
      isRejected || isSoftFailed
        ? branches.addAside(event, stateBefore, isRejected)
        : branches.add(event, stateBefore, this.mayRedact(room, event));
    this.services.persistence.storeOutcomes(room, [{ event, outcome }]);
  }

  /** Whether a redaction takes effect: its sender has the power, or is from the server that sent the target. */
  private mayRedact(room: Room, event: RoomEvent): boolean {
    const target = event.redacts === undefined ? undefined : this.services.events.find(event.redacts);
    if (target?.roomId !== event.roomId || target.type === 'm.room.create') return false;
    const { powerLevels } = room.state;
    if (powerLevels.ofUser(event.sender) >= powerLevels.named('redact', 50)) return true;
    return domainOf(event.sender) === domainOf(target.sender);
  }

  /** Whether an event takes back an invite to a user of this server, who knows no more of the room than the invite. */
  private isWithdrawnInvite(event: RoomEvent): boolean {
    if (!isMemberEvent(event)) return false;
    const { stateKey, sender, roomId, membership } = event;
    if (membership !== 'leave' || stateKey === sender) return false;
    if (!isOnServer(stateKey, this.services.context.serverName)) return false;
    const current = this.services.states.membership(stateKey, roomId);
    if (current?.membership !== 'invite' || !event.authEvents.includes(current.event_id)) return false;
    return this.services.events.find(current.event_id)?.sender === sender;
  }
}

/** Whether an event names each of the events that may authorise it at most once, and no others. */
function namesProperAuthEvents(event: RoomEvent, claimed: readonly RoomEvent[]): boolean {
  const wanted = new Set(authTypesFor(event.version, event).map((key) => JSON.stringify(key)));
  const seen = new Set<string>();
  for (const { type, stateKey = '' } of claimed) {
    const key = JSON.stringify([type, stateKey]);
    if (seen.has(key) || !wanted.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** Events after those that authorise them. */
function sortByAuth(events: readonly RoomEvent[]): RoomEvent[] {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const sorted = new Map<string, RoomEvent>();
  const seen = new Set<string>();
  const visit = (event: RoomEvent): void => {
    if (seen.has(event.eventId)) return;
    seen.add(event.eventId);
    for (const id of event.authEvents) {
      const before = byId.get(id);
      if (before !== undefined) visit(before);
    }
    sorted.set(event.eventId, event);
  };
  // From room version 12 on nobody names the create event, and everything needs it.
  for (const event of events) if (event.type === 'm.room.create') visit(event);
  for (const event of events) visit(event);
  return [...sorted.values()];
}
