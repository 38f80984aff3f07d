import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, localpartOf, type RoomId, type UserId, userIdOf } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { Timer } from '../../runtime/clock.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { LimitExceededError } from '../../runtime/rate-limit-error.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { DelayedEvent, DelayedEventStore } from '../../store/delayed-event-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { randomLetters } from '../../runtime/random-letters.js';
import type { EventSender } from './event-sender.js';
import { validateDraft } from '../auth/event-validation.js';
import type { Memberships } from './memberships.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomUsers } from '../model/room-users.js';
import type { Rooms } from '../model/rooms.js';
import { ShadowBanError } from './shadow-ban.js';
import { toUserId } from '../model/untrusted-ids.js';

/** What somebody wants to be sent later. */
export interface DelayedRequest {
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string | null;
  readonly originServerTs: number | null;
  readonly content: JsonObject;
  /** Milliseconds. */
  readonly delay: number;
}

/** What delayed events are kept and sent with. */
export interface DelayedEventsParts {
  readonly context: HomeserverContext;
  readonly store: DelayedEventStore;
  readonly rooms: Rooms;
  readonly users: RoomUsers;
  readonly limits: RateLimiters;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly emitter: RoomEmitter;
}

const usualLimit = 100;
/** The longest that a timer of node can wait. */
const longestTimer = 2 ** 31 - 1;

/** Events that are sent later (MSC4140, `handlers/delayed_events.py`): modules are asked when they are sent, not before. */
export class DelayedEvents implements Disposable {
  private timer: Timer | undefined;
  /** When the timer rings; undefined while nothing waits. */
  private nextTime: number | undefined;

  constructor(private readonly parts: DelayedEventsParts) {
    parts.emitter.on('stored', (events) => {
      for (const event of events) this.notice(event);
    });
  }

  /** How long an event may wait, in milliseconds, and how many a user may have waiting; nothing waits where one is 0. */
  get limits(): { readonly maxDelay: number; readonly maxScheduled: number } {
    const { maxEventDelayDuration: maxDelay = 0, experimentalFeatures } = this.parts.context.config;
    const wanted = experimentalFeatures['msc4140_max_delayed_events_per_user'];
    return { maxDelay, maxScheduled: typeof wanted === 'number' ? wanted : usualLimit };
  }

  /** Keeps an event for later; answers with the ID of the delay. */
  async add(requester: Requester, request: DelayedRequest): Promise<string> {
    const { context, limits, rooms, store } = this.parts;
    await limits.request(requester);
    const { maxDelay, maxScheduled } = this.limits;
    if (maxDelay === 0 || maxScheduled === 0) {
      throw new SynapseError(403, 'Sending delayed events has been disallowed', Codes.FORBIDDEN);
    }
    const { roomId, type, stateKey, content, delay } = request;
    if (delay > maxDelay) {
      const message = `The requested delay (${delay}ms) exceeds the allowed maximum (${maxDelay}ms)`;
      throw new SynapseError(400, message, Codes.DELAY_TOO_LARGE);
    }
    if (rooms.find(roomId) === undefined) throw new NotFoundError(`Could not find room_version for ${roomId}`);
    const { userId, deviceId = null } = requester;
    validateDraft({ type, content, sender: userId, ...(stateKey !== null && { stateKey }) }, roomId);
    const localpart = localpartOf(userId);
    const delayId = `syd_${randomLetters(20)}`;
    this.checkCount(localpart, maxScheduled);
    store.add({ ...request, delayId, localpart, deviceId, sendTs: context.clock.now() + delay });
    this.schedule();
    return delayId;
  }

  /** An event of a user that is not being sent yet. */
  find(userId: UserId, delayId: string): DelayedEvent {
    const event = this.waiting(delayId);
    if (event.localpart !== localpartOf(userId)) throw unknown();
    return event;
  }

  ofUser(userId: UserId): readonly DelayedEvent[] {
    return this.parts.store.ofUser(localpartOf(userId));
  }

  cancel(delayId: string): void {
    this.waiting(delayId);
    this.parts.store.delete(delayId);
    this.schedule();
  }

  /** Lets an event wait for its whole delay again. */
  restart(delayId: string): void {
    this.waiting(delayId);
    this.parts.store.restart(delayId, this.parts.context.clock.now());
    this.schedule();
  }

  /** Sends an event now; what keeps it from being sent is thrown, and it is gone all the same. */
  async send(delayId: string): Promise<void> {
    const { sendTs: _, ...event } = this.waiting(delayId);
    this.parts.store.take(delayId);
    this.schedule();
    await this.sendTaken(event);
  }

  /** Cancels what a user who is no longer there wanted to send. */
  cancelAllOf(userId: UserId): void {
    this.parts.store.deleteOfUser(localpartOf(userId));
    this.schedule();
  }

  /** Goes on with what the last run left. */
  resume(): void {
    this.parts.store.untakeAll();
    this.schedule();
  }

  [Symbol.dispose](): void {
    this.timer?.cancel();
  }

  private waiting(delayId: string): DelayedEvent {
    const event = this.parts.store.find(delayId);
    if (event === undefined) throw unknown();
    return event;
  }

  private checkCount(localpart: string, limit: number): void {
    const times = this.parts.store.timesOf(localpart);
    if (times.length < limit) return;
    const wait = (times[times.length - limit] ?? 0) - this.parts.context.clock.now();
    const message = 'The maximum number of delayed events has been reached.';
    throw new LimitExceededError('add_delayed_event', wait > 0 ? wait : undefined, 0, message);
  }

  private schedule(): void {
    const next = this.parts.store.nextTime();
    if (next === this.nextTime) return;
    this.timer?.cancel();
    this.nextTime = next;
    if (next === undefined) return;
    const { clock, inBackground } = this.parts.context;
    const wait = Math.min(Math.max(next - clock.now(), 0), longestTimer);
    this.timer = clock.after(wait, () => {
      inBackground('_send_on_timeout', () => this.sendDue());
    });
  }

  private async sendDue(): Promise<void> {
    const due = this.parts.store.takeDue(this.parts.context.clock.now());
    this.nextTime = undefined;
    this.schedule();
    const sentState = new Set<string>();
    for (const event of due) {
      const place = event.stateKey === null ? undefined : JSON.stringify([event.roomId, event.type, event.stateKey]);
      // Of several that set the same state at once only the first is sent.
      if (place !== undefined && sentState.has(place)) {
        this.parts.store.delete(event.delayId);
        continue;
      }
      try {
        await this.sendTaken(event);
        if (place !== undefined) sentState.add(place);
      } catch (error) {
        this.parts.context.log.error('Failed to send delayed event', { delayId: event.delayId, err: error });
      }
    }
  }

  /** Sends an event as its user; when it waited until its time, that is when it was sent. */
  private async sendTaken(event: Omit<DelayedEvent, 'sendTs'> & { readonly sendTs?: number }): Promise<void> {
    const { users, store } = this.parts;
    const userId = userIdOf(event.localpart, this.parts.context.serverName);
    const requester: Requester = {
      userId,
      isGuest: users.isGuest(userId),
      shadowBanned: false,
      authenticatedEntity: userId,
      ...(event.deviceId !== null && { deviceId: event.deviceId }),
    };
    try {
      await this.sendAs(requester, event);
    } catch (error) {
      if (!(error instanceof ShadowBanError)) throw error;
    } finally {
      store.delete(event.delayId);
    }
  }

  private async sendAs(
    requester: Requester,
    event: Omit<DelayedEvent, 'sendTs'> & { readonly sendTs?: number },
  ): Promise<void> {
    const { memberships, sender } = this.parts;
    const { roomId, type, stateKey, content, delayId } = event;
    const originServerTs = event.originServerTs ?? event.sendTs;
    const sentAt = originServerTs === undefined ? {} : { originServerTs };
    if (stateKey !== null && type === 'm.room.member') {
      const options = { content, delayId, ...sentAt };
      await memberships.update(requester, toUserId(stateKey), roomId, membershipOf(content), options);
      return;
    }
    const request = { type, roomId, sender: requester.userId, content, ...sentAt };
    await sender.send(requester, stateKey === null ? request : { ...request, stateKey }, { delayId });
  }

  /** State that somebody set is not overwritten by what others wanted to set later. */
  private notice(event: RoomEvent): void {
    const { stateKey, roomId, type, eventId, sender } = event;
    if (stateKey === undefined || this.nextTime === undefined) return;
    const { rooms, store, context } = this.parts;
    if (rooms.find(roomId)?.state.get(type, stateKey)?.eventId !== eventId) return;
    store.deleteOfState(roomId, type, stateKey, domainOf(sender) === context.serverName ? localpartOf(sender) : '');
    this.schedule();
  }
}

function unknown(): NotFoundError {
  return new NotFoundError('Delayed event not found');
}

/** The membership of a checked content. */
function membershipOf({ membership }: JsonObject): string {
  return typeof membership === 'string' ? membership : '';
}
