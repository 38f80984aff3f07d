import type { RoomId, UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { own, toLevel } from '../rooms/model/power-levels.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { RoomState } from '../rooms/model/room-state.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import type { StateStore } from '../store/state-store.js';
import { evaluatePushRules, type PushVerdict, SILENT } from './push-evaluator.js';

/** What events are judged with. */
export interface PushJudgeParts {
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly states: StateStore;
  /** The push rules that a user had at a position of the stream. */
  readonly pushRulesAt: (userId: UserId, position: number) => JsonObject;
}

/**
 * Works out what users' push rules make of events, by the rules, the members and the power levels of the time when each was
 * sent (`push/bulk_push_rule_evaluator.py`, which keeps the outcome; here it is worked out for who asks).
 */
export class PushJudge {
  private readonly matched = new BoundedCache<RoomEvent, JsonObject>(50);

  constructor(private readonly parts: PushJudgeParts) {}

  /** The verdict on each of some events of a room, which stand the newest first. */
  judge(userId: UserId, roomId: RoomId, events: readonly RoomEvent[]): readonly PushVerdict[] {
    const room = this.parts.rooms.find(roomId);
    if (room === undefined) return events.map(() => SILENT);
    const countAt = this.memberCounts(room, events);
    return events.map((event) => (concerns(userId, event) ? this.judgeOne(userId, room, event, countAt) : SILENT));
  }

  private judgeOne(userId: UserId, room: Room, event: RoomEvent, countAt: (position: number) => number): PushVerdict {
    const { roomId } = room;
    const displayName = this.memberAt(room, userId, event)?.content['displayname'];
    return evaluatePushRules(this.parts.pushRulesAt(userId, event.position), {
      event: this.asMatched(event),
      roomId,
      sender: event.sender,
      displayName: typeof displayName === 'string' ? displayName : undefined,
      memberCount: () => countAt(event.position),
      senderMayNotify: (key) => mayNotify(this.stateAt(room, event.position), event.sender, key),
    });
  }

  private memberAt(room: Room, userId: UserId, { position }: RoomEvent): RoomEvent | undefined {
    const now = room.state.get('m.room.member', userId);
    if (now !== undefined && now.position <= position) return now;
    return this.parts.events.stateAt(room.roomId, position, 'm.room.member', userId);
  }

  /** The state after an event, as far as power levels need it. */
  private stateAt(room: Room, position: number): RoomState {
    const levels = room.state.get('m.room.power_levels', '');
    const isNow = levels !== undefined && levels.position <= position;
    return isNow ? room.state : this.parts.events.allStateAt(room.roomId, position);
  }

  /** How many were in the room at the position of each event: counted back from now, once for all, when somebody asks. */
  private memberCounts({ roomId, state }: Room, events: readonly RoomEvent[]): (position: number) => number {
    let counts: ReadonlyMap<number, number> | undefined;
    return (position) => {
      counts ??= this.countBack(roomId, state.countWith('join'), events);
      return counts.get(position) ?? 0;
    };
  }

  private countBack(roomId: RoomId, now: number, newestFirst: readonly RoomEvent[]): ReadonlyMap<number, number> {
    const { states, events } = this.parts;
    const oldest = newestFirst.at(-1)?.position ?? 0;
    const changes = states
      .changes(roomId, oldest, Number.MAX_SAFE_INTEGER)
      .filter(({ type }) => type === 'm.room.member');
    let count = now;
    const counts = new Map<number, number>();
    for (const { position } of newestFirst) {
      while ((changes.at(-1)?.position ?? 0) > position) {
        const id = changes.pop()?.event_id ?? undefined;
        const change = id === undefined ? undefined : events.find(id);
        if (change !== undefined) count += wasJoined(events.replacedBy(change)) - wasJoined(change);
      }
      counts.set(position, count);
    }
    return counts;
  }

  /** The same object for all who ask about the event, right after one another. */
  private asMatched(event: RoomEvent): JsonObject {
    let matched = this.matched.get(event);
    if (matched === undefined) this.matched.set(event, (matched = asMatched(event)));
    return matched;
  }
}

/** Nobody is told of what they did themselves, of others' memberships, and of what was taken back. */
function concerns(userId: UserId, event: RoomEvent): boolean {
  if (event.sender === userId || event.metadata.redactedBy !== undefined) return false;
  return event.type !== 'm.room.member' || event.stateKey === userId;
}

function wasJoined(event: RoomEvent | undefined): number {
  return event?.membership === 'join' ? 1 : 0;
}

/** An event as its members are named in conditions. */
function asMatched(event: RoomEvent): JsonObject {
  const { type, sender, roomId, content, stateKey } = event;
  return { type, sender, room_id: roomId, content, ...(stateKey !== undefined && { state_key: stateKey }) };
}

/** Whether the power levels let somebody notify everybody; 50 is needed when they do not say. */
function mayNotify(state: RoomState, sender: string, key: string): boolean {
  const levels = state.powerLevels;
  const named = levels.content?.['notifications'];
  const needed = isJsonObject(named) ? own(named, key) : undefined;
  return levels.ofUser(sender) >= (needed === undefined ? 50 : toLevel(needed));
}
