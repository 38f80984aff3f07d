import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { Receipts } from '../ephemeral/receipts.js';
import type { ClientEvents } from '../rooms/timeline/client-events.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Membership, StateStore } from '../store/state-store.js';
import type { PushVerdict } from './push-evaluator.js';
import type { PushJudge } from './push-judge.js';

/** What notifications are looked up with. */
export interface NotificationsParts {
  readonly events: RoomEvents;
  readonly states: StateStore;
  readonly clientEvents: ClientEvents;
  readonly receipts: Receipts;
  readonly judge: PushJudge;
  /** Whether a user hears of invites of another. */
  readonly mayInvite: (inviter: UserId, userId: UserId) => boolean;
}

/** Which notifications are wanted. */
export interface NotificationsWish {
  /** Those of events before this position. */
  readonly before: number;
  readonly limit: number;
  readonly isHighlightedOnly: boolean;
}

interface Notification {
  readonly event: RoomEvent;
  readonly verdict: PushVerdict;
}

/** Events looked at in one go. */
const BATCH = 200;

/**
 * Lists what a user was notified of, the newest first (`event_push_actions.py: get_push_actions_for_user`). Synapse forgets
 * after a while what was read or is older than a day; here it stays.
 */
export class Notifications {
  constructor(private readonly parts: NotificationsParts) {}

  /** The body of `GET /notifications`. */
  async list(requester: Requester, wish: NotificationsWish): Promise<JsonObject> {
    const { clientEvents, receipts } = this.parts;
    const { userId } = requester;
    const found = await this.find(userId, wish);
    const events = found.map(({ event }) => event);
    const shown = await clientEvents.showState(events, { requester, format: 'sync' });
    const readUpTo = new Map<RoomId, number>();
    for (const { roomId } of events) {
      if (!readUpTo.has(roomId)) readUpTo.set(roomId, lastOf(receipts.readPositionsOf(roomId, userId)));
    }
    const last = events.at(-1);
    return {
      notifications: found.map(({ event, verdict }, index) => ({
        room_id: event.roomId,
        profile_tag: null,
        actions: verdict.actions,
        ts: event.originServerTs,
        event: shown[index] ?? {},
        read: event.position <= (readUpTo.get(event.roomId) ?? -1),
      })),
      next_token: last === undefined ? null : String(last.position),
    };
  }

  private async find(userId: UserId, { before, limit, isHighlightedOnly }: NotificationsWish): Promise<Notification[]> {
    const history = historyByRoom(this.parts.states.membershipChanges(userId, -1, Number.MAX_SAFE_INTEGER));
    const first = Math.min(...[...history.values()].flatMap(([entry]) => entry?.position ?? []));
    const found: Notification[] = [];
    let from = before;
    while (found.length < limit) {
      const events = this.parts.events.readAmong(history.keys(), { before: from, from: first, limit: BATCH });
      const told = this.judge(
        userId,
        events.filter((event) => this.isTold(userId, event, history)),
      );
      found.push(...told.filter(({ verdict }) => verdict.isNotified && (verdict.isHighlighted || !isHighlightedOnly)));
      if (events.length < BATCH) break;
      from = events.at(-1)?.position ?? 0;
      await nextTurn();
    }
    return found.slice(0, limit);
  }

  /** The verdicts, in the order of the events. */
  private judge(userId: UserId, events: readonly RoomEvent[]): readonly Notification[] {
    const byRoom = byKey(events, (event) => event.roomId);
    const verdicts = new Map<RoomEvent, PushVerdict>();
    for (const [roomId, ofRoom] of byRoom) {
      const judged = this.parts.judge.judge(userId, roomId, ofRoom);
      for (const [index, verdict] of judged.entries()) {
        const event = ofRoom[index];
        if (event !== undefined) verdicts.set(event, verdict);
      }
    }
    return events.flatMap((event) => {
      const verdict = verdicts.get(event);
      return verdict === undefined ? [] : [{ event, verdict }];
    });
  }

  /** Whether the user was in the room when an event was sent, or the event invites them. */
  private isTold(userId: UserId, event: RoomEvent, history: ReadonlyMap<RoomId, readonly Membership[]>): boolean {
    if (event.type === 'm.room.member' && event.stateKey === userId && event.membership === 'invite') {
      return this.parts.mayInvite(event.sender, userId);
    }
    const before = history.get(event.roomId)?.findLast(({ position }) => position < event.position);
    return before?.membership === 'join';
  }
}

function historyByRoom(changes: readonly Membership[]): ReadonlyMap<RoomId, readonly Membership[]> {
  return byKey(changes, (change) => change.room_id);
}

function byKey<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function lastOf({ unthreaded, threads }: ReturnType<Receipts['readPositionsOf']>): number {
  return Math.max(unthreaded ?? -1, ...threads.values());
}
