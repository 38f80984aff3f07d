import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { ReadPositions, Receipts } from '../ephemeral/receipts.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import type { PushJudge } from './push-judge.js';

/** How many events a user has not read and should know of. */
export interface UnreadCount {
  readonly notifications: number;
  readonly highlights: number;
}

/** The thread of what is in none. */
export const MAIN_TIMELINE = 'main';

interface Counted {
  /** What was read when this was counted, as text. */
  readonly read: string;
  /** Everything up to here is counted. */
  readonly upTo: number;
  readonly threads: ReadonlyMap<string, UnreadCount>;
}

/** What unread events are counted with. */
export interface UnreadCountsParts {
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly receipts: Receipts;
  readonly judge: PushJudge;
  /** The thread that an event belongs to. */
  readonly threadOf: (eventId: EventId) => string;
}

/** Unread events looked at, at most: who is further behind than that need not know by how much. */
const MAX_EVENTS = 1000;

const NONE: UnreadCount = { notifications: 0, highlights: 0 };

/**
 * Counts unread events by a user's push rules, when somebody asks (`unread_notifications` of `/sync`;
 * `event_push_actions.py: get_unread_event_push_actions_by_room_for_user`).
 */
export class UnreadCounts {
  private readonly counted = new BoundedCache<string, Counted>(2000);

  constructor(private readonly parts: UnreadCountsParts) {}

  /** The counts of a room by thread: of the main timeline always, of others where there is something to count. */
  byThread(userId: UserId, roomId: RoomId, upTo: number): ReadonlyMap<string, UnreadCount> {
    const { rooms, receipts } = this.parts;
    const room = rooms.find(roomId);
    const joinedAt = room?.state.get('m.room.member', userId)?.position;
    if (room === undefined || joinedAt === undefined) return new Map([[MAIN_TIMELINE, NONE]]);
    const key = `${userId}|${roomId}`;
    const positions = receipts.readPositionsOf(roomId, userId);
    const readUpTo = positions.unthreaded ?? joinedAt;
    const read = JSON.stringify([readUpTo, ...positions.threads]);
    const before = this.counted.get(key);
    const start: Counted =
      before?.read === read && before.upTo <= upTo ? before : { read, upTo: readUpTo, threads: new Map() };
    const now = this.countAfter(start, { userId, room, upTo, readUpTo, positions });
    this.counted.set(key, now);
    return new Map([[MAIN_TIMELINE, NONE], ...now.threads]);
  }

  private countAfter(
    start: Counted,
    wish: {
      readonly userId: UserId;
      readonly room: Room;
      readonly upTo: number;
      readonly readUpTo: number;
      readonly positions: ReadPositions;
    },
  ): Counted {
    const { userId, room, upTo, readUpTo, positions } = wish;
    const { roomId } = room;
    const events = this.parts.events.read({ roomId, direction: 'b', from: upTo, to: start.upTo, limit: MAX_EVENTS });
    if (start.upTo !== readUpTo && events.some(({ type }) => type === 'm.room.redaction')) {
      // Something that is counted already may have been taken back.
      return this.countAfter({ ...start, upTo: readUpTo, threads: new Map() }, wish);
    }
    const threads = new Map(start.threads);
    const verdicts = this.parts.judge.judge(userId, roomId, events);
    for (const [index, event] of events.entries()) {
      const verdict = verdicts[index];
      if (verdict?.isNotified !== true) continue;
      const thread = this.parts.threadOf(event.eventId);
      if (event.position <= (positions.threads.get(thread) ?? 0)) continue;
      const { notifications, highlights } = threads.get(thread) ?? NONE;
      threads.set(thread, {
        notifications: notifications + 1,
        highlights: highlights + (verdict.isHighlighted ? 1 : 0),
      });
    }
    return { read: start.read, upTo, threads };
  }
}
