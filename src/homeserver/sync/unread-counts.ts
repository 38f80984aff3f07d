import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Receipts } from '../ephemeral/receipts.js';
import { own, toLevel } from '../rooms/power-levels.js';
import type { RoomEvent } from '../rooms/room-event.js';
import type { RoomEvents } from '../rooms/room-events.js';
import type { Room, Rooms } from '../rooms/rooms.js';
import { BoundedCache } from '../store/bounded-cache.js';
import { evaluatePushRules } from './push-evaluator.js';

/** How many events of a room a user has not read and should know of. */
export interface UnreadCount {
  readonly notifications: number;
  readonly highlights: number;
}

interface Counted extends UnreadCount {
  /** Everything up to here is read. */
  readonly readUpTo: number;
  /** Everything up to here is counted. */
  readonly upTo: number;
}

/** Unread events looked at, at most: who is further behind than that need not know by how much. */
const MAX_EVENTS = 1000;

/** Counts unread events by a user's push rules, when somebody asks (`unread_notifications` of `/sync`). */
export class UnreadCounts {
  private readonly counted = new BoundedCache<string, Counted>(2000);
  private readonly matched = new BoundedCache<RoomEvent, JsonObject>(50);

  constructor(
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly receipts: Receipts,
    private readonly pushRulesOf: (userId: UserId) => JsonObject,
  ) {}

  count(userId: UserId, roomId: RoomId, upTo: number): UnreadCount {
    const room = this.rooms.find(roomId);
    const joinedAt = room?.state.get('m.room.member', userId)?.position;
    if (room === undefined || joinedAt === undefined) return { notifications: 0, highlights: 0 };
    const key = `${userId}|${roomId}`;
    const readUpTo = this.receipts.readPositionOf(roomId, userId) ?? joinedAt;
    const before = this.counted.get(key);
    const isContinued = before?.readUpTo === readUpTo && before.upTo <= upTo;
    const counted = isContinued ? before : { notifications: 0, highlights: 0, readUpTo, upTo: readUpTo };
    const now = { ...this.countAfter(counted, userId, room, upTo), readUpTo, upTo };
    this.counted.set(key, now);
    return now;
  }

  private countAfter(counted: Counted, userId: UserId, room: Room, upTo: number): UnreadCount {
    const { roomId } = room;
    const events = this.events.read({ roomId, direction: 'b', from: upTo, to: counted.upTo, limit: MAX_EVENTS });
    const others = events.filter((event) => event.sender !== userId);
    if (others.length === 0) return counted;
    const rules = this.pushRulesOf(userId);
    const memberCount = room.state.countWith('join');
    const displayName = room.state.get('m.room.member', userId)?.content['displayname'];
    const verdicts = others.map((event) =>
      evaluatePushRules(rules, {
        event: this.asMatched(event),
        roomId,
        sender: event.sender,
        displayName: typeof displayName === 'string' ? displayName : undefined,
        memberCount,
        senderMayNotify: (key) => mayNotify(room, event.sender, key),
      }),
    );
    return {
      notifications: counted.notifications + verdicts.filter((verdict) => verdict.isNotified).length,
      highlights: counted.highlights + verdicts.filter((verdict) => verdict.isNotified && verdict.isHighlighted).length,
    };
  }

  /** The same object for all who ask about the event, right after one another. */
  private asMatched(event: RoomEvent): JsonObject {
    let matched = this.matched.get(event);
    if (matched === undefined) this.matched.set(event, (matched = asMatched(event)));
    return matched;
  }
}

/** An event as its members are named in conditions. */
function asMatched(event: RoomEvent): JsonObject {
  const { type, sender, roomId, content, stateKey } = event;
  return { type, sender, room_id: roomId, content, ...(stateKey !== undefined && { state_key: stateKey }) };
}

/** Whether the power levels let somebody notify everybody; 50 is needed when they do not say. */
function mayNotify(room: Room, sender: string, key: string): boolean {
  const levels = room.state.powerLevels;
  const named = levels.content?.['notifications'];
  const needed = typeof named === 'object' && named !== null ? own(named as JsonObject, key) : undefined;
  return levels.ofUser(sender) >= (needed === undefined ? 50 : toLevel(needed));
}
