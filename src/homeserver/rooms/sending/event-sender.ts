import type { Hook } from '../../../dispatch/hook.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import type { RoomId, UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { EventStore } from '../../store/event-store.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { BranchedEvents, stateWith } from './branched-events.js';
import { checkEventAuth, redactionNeedsSameSender } from '../auth/event-auth.js';
import { EventBatch } from './event-batch.js';
import type { EventCreation, EventRequest } from './event-creation.js';
import type { EventPersistence } from './event-persistence.js';
import { checkEventSize } from '../auth/event-validation.js';
import type { AuthState } from '../model/power-levels.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import { isAtTheEnd, type RoomGraph } from '../auth/room-graph.js';
import { type RoomState, StateHandle } from '../model/room-state.js';
import type { Extremity, Room, Rooms } from '../model/rooms.js';
import { pretendToWork, ShadowBanError } from './shadow-ban.js';
import { noTarget, redactsOf } from './redaction-target.js';
import { refuseSpam } from './spam-refusal.js';

/** How one event is sent differently. */
export interface SendOptions {
  /** False: rate limits do not apply. */
  readonly ratelimit?: boolean;
  readonly txnId?: string;
  /** Where the event waited to be sent. */
  readonly delayId?: string;
  /** The event follows these, whatever came into the room since. */
  readonly after?: readonly Extremity[];
  readonly ignoreShadowBan?: boolean;
}

/** How built events are accepted differently. */
export interface AcceptOptions extends SendOptions {
  /** Told of the events although they are not in the room. */
  readonly extraUsers?: readonly UserId[];
}

/** What sends events. */
export interface EventSenderParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly store: EventStore;
  readonly creation: EventCreation;
  readonly persistence: EventPersistence;
  readonly limits: RateLimiters;
  readonly graph: RoomGraph;
  readonly emitter: RoomEmitter;
}

/** Sends events into rooms (`handlers/message.py: EventCreationHandler`). */
export class EventSender {
  private readonly spam: Hook<'spam_checker', 'check_event_for_spam'>;
  private readonly newEvent: Hook<'third_party_rules', 'on_new_event'>;

  constructor(private readonly parts: EventSenderParts) {
    const { dispatch } = parts.context;
    this.spam = dispatch.hook('spam_checker', 'check_event_for_spam');
    this.newEvent = dispatch.hook('third_party_rules', 'on_new_event');
  }

  /** Sends anything but a membership (`create_and_send_nonmember_event`). A repeated transaction gives the event it sent. */
  async send(requester: Requester, request: EventRequest, options: SendOptions = {}): Promise<RoomEvent> {
    if (request.type === 'm.room.member') {
      throw new SynapseError(500, 'Tried to send member event through non-member codepath');
    }
    if (requester.shadowBanned && options.ignoreShadowBan !== true) await this.pretend();
    if (options.ratelimit !== false) await this.checkRate(requester, request, false);
    if (options.txnId !== undefined) {
      const sent = this.findSent(requester, request.roomId, options.txnId);
      if (sent !== undefined) return sent;
    }
    const { userId } = requester;
    if (this.parts.rooms.find(request.roomId)?.state.membershipOf(userId) !== 'join') {
      throw new AuthError(403, `User ${userId} not in room ${request.roomId}`);
    }
    const event = await this.parts.creation.create(requester, request, options);
    if (this.spam.isUsed) {
      const outcome = await this.parts.creation.asked.during(event, () => this.spam.ask(event));
      refuseSpam(outcome, 'This message has been rejected as probable spam');
    }
    return this.accept(requester, [event], options);
  }

  /** The event that this device sent with a transaction ID. */
  findSent(requester: Requester, roomId: RoomId, txnId: string): RoomEvent | undefined {
    if (requester.deviceId === undefined) return undefined;
    const eventId = this.parts.store.findTransaction(requester.userId, requester.deviceId, roomId, txnId);
    return eventId === undefined ? undefined : this.parts.events.find(eventId);
  }

  /**
   * Checks built events against the authorisation rules, stores them and tells everybody (`handle_new_client_event`).
   * State that is there already is not stored again: its event is the answer.
   */
  async accept(requester: Requester, events: readonly RoomEvent[], options: AcceptOptions = {}): Promise<RoomEvent> {
    const { room, last } = this.placeOf(events);
    for (const event of events) if (isHidden(requester, event, options)) await this.pretend();
    const before = this.stateBefore(room, events);
    const stored = findSame(before, events);
    if (stored !== undefined) return stored;
    this.checkAuth(room, before, events);
    for (const event of events) await this.checkEvent(requester, event, options);
    for (const event of events) this.checkRedaction(event);
    const sent = this.findSentMeanwhile(requester, last);
    if (sent !== undefined) return sent;
    this.store(events);
    await this.tell(room.roomId, events, options.extraUsers);
    return last;
  }

  /** The state before the first of the events, where they were made. */
  private stateBefore(room: Room, [first]: readonly RoomEvent[]): RoomState {
    return first === undefined ? room.state : this.parts.graph.peekBefore(room, first);
  }

  /** Stores events where they were made: what came into the room since does not come before them. */
  private store(events: readonly RoomEvent[]): void {
    const { persistence, graph, events: known } = this.parts;
    // Time may have passed: the room is another object if it was unloaded.
    const { room } = this.placeOf(events);
    const [first] = events;
    if (first === undefined || isAtTheEnd(room, first)) {
      persistence.store(room.roomId, events);
      return;
    }
    const branches = new BranchedEvents(graph, (id) => known.find(id), room);
    let before = this.stateBefore(room, events).snapshot();
    const items = events.map((event) => {
      const outcome = branches.add(event, before, event.redacts !== undefined);
      before = stateWith(before, event);
      return { event, outcome };
    });
    persistence.storeOutcomes(room, items);
  }

  /** The event that another request with the same transaction ID stored while this one was asked about. */
  private findSentMeanwhile(requester: Requester, event: RoomEvent): RoomEvent | undefined {
    const { txnId } = event.metadata;
    return txnId === undefined ? undefined : this.findSent(requester, event.roomId, txnId);
  }

  /** The room that events are for, and the last of them. */
  private placeOf(events: readonly RoomEvent[]): { readonly room: Room; readonly last: RoomEvent } {
    const last = events.at(-1);
    const room = last === undefined ? undefined : this.parts.rooms.find(last.roomId);
    if (last === undefined || room === undefined) throw new AuthError(403, 'Unknown room');
    return { room, last };
  }

  private async checkEvent(requester: Requester, event: RoomEvent, options: AcceptOptions): Promise<void> {
    if (options.ratelimit !== false) await this.checkRate(requester, event, true);
    const { room } = this.placeOf([event]);
    const state = this.stateBefore(room, [event]);
    await this.parts.emitter.ask('storing', requester, event, state === room.state ? room : { ...room, state });
    checkSender(requester, event);
  }

  /**
   * Wakes those who wait for the room, after the modules were told. No request waits for modules that take their time, but
   * those that need not wait for anything are done before the request goes on, as in Synapse.
   */
  private async tell(roomId: RoomId, events: readonly RoomEvent[], users: readonly UserId[] = []): Promise<void> {
    const { context, emitter } = this.parts;
    const tellRest = (): void => {
      context.notifier.notify({ rooms: [roomId], users });
      emitter.tell('sent', events);
    };
    if (!this.newEvent.isUsed) {
      tellRest();
      return;
    }
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
      context.inBackground('on_new_event', async () => {
        try {
          for (const event of events) await this.tellModules(event);
        } finally {
          tellRest();
          resolve();
        }
      });
    });
  }

  private async tellModules(event: RoomEvent): Promise<void> {
    if (this.parts.events.isWithheld(event)) return;
    const room = this.parts.rooms.find(event.roomId);
    // A room that nobody here is in any more has no current state (`reference/callbacks.md`, on_new_event).
    if (room !== undefined) await this.newEvent.ask(event, new StateHandle(room.state.snapshot()));
  }

  private checkAuth(room: Room, before: RoomState, events: readonly RoomEvent[]): void {
    const { serverName } = this.parts.context;
    const [extremity] = room.extremities;
    const batch = extremity === undefined || events.length === 1 ? undefined : new EventBatch(before, extremity);
    const state: AuthState = batch ?? before;
    for (const event of events) {
      checkEventSize(event, serverName);
      checkEventAuth(room.version, event, state);
      batch?.add(event);
    }
  }

  private async checkRate(requester: Requester, event: EventRequest | RoomEvent, update: boolean): Promise<void> {
    const isRedaction = event.type === 'm.room.redaction';
    const target = isRedaction ? redactsOf(event) : undefined;
    // Synapse takes it for granted here that there is a target.
    if (isRedaction && target === undefined) throw noTarget(event);
    const original = target === undefined ? undefined : this.parts.events.findShown(target);
    const isAdminRedaction = original !== undefined && original.sender !== event.sender;
    await this.parts.limits.request(requester, { update, isAdminRedaction });
  }

  private checkRedaction(event: RoomEvent): void {
    if (event.type !== 'm.room.redaction') return;
    const { room } = this.placeOf([event]);
    if (event.redacts === undefined) throw noTarget(event);
    const original = this.parts.events.findShown(event.redacts);
    if (original?.type === 'm.room.create') throw new AuthError(403, 'Redacting create events is not permitted');
    if (original !== undefined && original.roomId !== event.roomId) {
      throw new SynapseError(400, 'Cannot redact event from a different room');
    }
    if (original?.type === 'm.room.server_acl') {
      throw new AuthError(403, 'Redacting server ACL events is not permitted');
    }
    if (!redactionNeedsSameSender(room.version, event, this.stateBefore(room, [event]).powerLevels)) return;
    if (original === undefined) throw new NotFoundError(`Could not find event ${event.redacts}`);
    if (original.sender !== event.sender) throw new AuthError(403, "You don't have permission to redact events");
  }

  private async pretend(): Promise<never> {
    await pretendToWork(this.parts.context.clock);
    throw new ShadowBanError();
  }
}

/** The first of the events that the state before them says already. */
function findSame(state: RoomState, events: readonly RoomEvent[]): RoomEvent | undefined {
  for (const event of events) {
    const before = event.stateKey === undefined ? undefined : state.get(event.type, event.stateKey);
    if (before?.sender !== event.sender) continue;
    if (encodeCanonicalJson(before.content) === encodeCanonicalJson(event.content)) return before;
  }
  return undefined;
}

/** Whether the event of a shadow-banned user is only to seem sent. */
function isHidden(requester: Requester, event: RoomEvent, options: AcceptOptions): boolean {
  return requester.shadowBanned && event.type !== 'm.room.member' && options.ignoreShadowBan !== true;
}

/** Synapse keeps a transaction ID with the sender's device: a module that changed the sender makes it fail. */
function checkSender(requester: Requester, event: RoomEvent): void {
  if (event.metadata.txnId === undefined || event.sender === requester.userId) return;
  throw new Error(`The sender of ${event.eventId} was changed, but its transaction ID is the first sender's`);
}
