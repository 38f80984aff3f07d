import type { RoomId, UserId } from '../../matrix/ids.js';
import type { PastStates } from '../rooms/model/past-states.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { StateStore } from '../store/state-store.js';
import type { BranchedDelta } from './branched-delta.js';
import type { KnownMembers } from './lazy-members.js';
import type { RoomEntry } from './room-changes.js';
import type { Timeline } from './room-timeline.js';

/** Which members a sync shows: those whose messages it shows, less those that the device knows. Undefined: all. */
export interface LazyLoading {
  readonly userId: UserId;
  readonly known: KnownMembers;
  /** Also members that the device knows. */
  readonly isRedundant: boolean;
}

/** State by type and key. */
export type StateByKey = Map<string, RoomEvent>;

const MEMBER = 'm.room.member';

/** Works out the state that leads from the end of one sync to the beginning of the next timeline (`compute_state_delta`). */
export class StateDeltaReader {
  constructor(
    private readonly pastStates: PastStates,
    private readonly events: RoomEvents,
    private readonly states: StateStore,
    private readonly branched: BranchedDelta,
  ) {}

  read(entry: RoomEntry, timeline: Timeline, lazy: LazyLoading | undefined): StateByKey {
    const inTimeline = new Set<string>(timeline.events.map(({ event }) => event.eventId));
    const start = (timeline.events[0]?.event.position ?? entry.upTo + 1) - 1;
    const since = entry.isFull ? undefined : entry.since;
    const branched = this.branched.read(entry, timeline, lazy?.userId);
    const delta =
      branched === undefined ? this.readLine(entry, timeline, lazy, { start, inTimeline }) : byKey(branched);
    const changed = new Set(since === undefined ? [] : delta.keys());
    if (lazy === undefined) return delta;
    this.addSenders(entry.roomId, delta, timeline, start, inTimeline);
    if (!lazy.isRedundant) forgetKnown(delta, changed, lazy, timeline, entry.upTo);
    return delta;
  }

  /** The delta of a room whose events follow each other: what came up to a position was before what came after it. */
  private readLine(
    entry: RoomEntry,
    timeline: Timeline,
    lazy: LazyLoading | undefined,
    range: { readonly start: number; readonly inTimeline: ReadonlySet<string> },
  ): StateByKey {
    const since = entry.isFull ? undefined : entry.since;
    const delta = since === undefined ? this.wholeState(entry, timeline, lazy) : this.changes(entry, timeline, since);
    for (const [key, event] of delta) {
      if (range.inTimeline.has(event.eventId)) this.useStart(delta, key, event, { ...range, since: since ?? -1 });
    }
    return delta;
  }

  /** The state at the end of the timeline, for now with the state events in it; of members only those that matter. */
  private wholeState({ roomId, upTo }: RoomEntry, timeline: Timeline, lazy: LazyLoading | undefined): StateByKey {
    const state =
      lazy === undefined
        ? this.pastStates.all(roomId, upTo)
        : this.pastStates.withMembers(roomId, upTo, new Set([lazy.userId, ...sendersOf(timeline)]));
    return byKey(state);
  }

  /** What changed since a sync, the newest event of each. Without a gap the timeline says it all. */
  private changes(entry: RoomEntry, timeline: Timeline, since: number): StateByKey {
    const delta: StateByKey = new Map();
    if (!timeline.isLimited) return delta;
    for (const change of this.states.changes(entry.roomId, since, entry.upTo)) {
      const event = change.event_id === null ? undefined : this.events.find(change.event_id);
      if (event !== undefined) delta.set(keyOf(change.type, change.state_key), event);
    }
    return delta;
  }

  /** A state event that the timeline shows is not repeated; what was there before it is shown if the device lacks it. */
  private useStart(
    delta: StateByKey,
    key: string,
    event: RoomEvent,
    range: { readonly start: number; readonly since: number; readonly inTimeline: ReadonlySet<string> },
  ): void {
    const before = this.events.stateAt(event.roomId, range.start, event.type, event.stateKey ?? '');
    const isShown = before !== undefined && before.position > range.since && !range.inTimeline.has(before.eventId);
    if (isShown) delta.set(key, before);
    else delta.delete(key);
  }

  private addSenders(
    roomId: RoomId,
    delta: StateByKey,
    timeline: Timeline,
    start: number,
    inTimeline: ReadonlySet<string>,
  ): void {
    for (const sender of sendersOf(timeline)) {
      const key = keyOf(MEMBER, sender);
      if (delta.has(key)) continue;
      const member = this.events.stateAt(roomId, start, MEMBER, sender);
      if (member !== undefined && !inTimeline.has(member.eventId)) delta.set(key, member);
    }
  }
}

function byKey(events: readonly RoomEvent[]): StateByKey {
  return new Map(events.map((event) => [keyOf(event.type, event.stateKey ?? ''), event]));
}

function sendersOf(timeline: Timeline): Set<string> {
  return new Set(timeline.events.map(({ event }) => event.sender));
}

/** Takes out members that the device was sent before and that did not change, and notes those that it is sent now. */
function forgetKnown(
  delta: StateByKey,
  changed: ReadonlySet<string>,
  { known }: LazyLoading,
  timeline: Timeline,
  upTo: number,
): void {
  for (const [key, event] of delta) {
    if (event.type !== MEMBER) continue;
    if (!changed.has(key) && known.has(event.eventId)) delta.delete(key);
    else known.add(event.eventId, upTo);
  }
  for (const { event } of timeline.events) if (event.type === MEMBER) known.add(event.eventId, upTo);
}

function keyOf(type: string, stateKey: string): string {
  return `${type}\n${stateKey}`;
}
