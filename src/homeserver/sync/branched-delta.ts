import type { UserId } from '../../matrix/ids.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { RoomGraph } from '../rooms/auth/room-graph.js';
import { RoomState } from '../rooms/model/room-state.js';
import type { Room, Rooms } from '../rooms/model/rooms.js';
import type { StateStore } from '../store/state-store.js';
import type { RoomEntry } from './room-changes.js';
import type { Timeline } from './room-timeline.js';

/**
 * Works out what state a sync shows of a room with branches, where the place of an event in the stream does not say what state
 * it had before it (`handlers/sync.py: _compute_state_delta_for_incremental_sync`, `_calculate_state`).
 */
export class BranchedDelta {
  constructor(
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly states: StateStore,
    private readonly graph: RoomGraph,
  ) {}

  /**
   * What the timeline begins and ends with, less what it shows and what was so at the end of the last sync; undefined for rooms
   * without branches. For a viewer who loads members lazily the whole state holds only those that matter.
   */
  read(entry: RoomEntry, timeline: Timeline, lazyViewer: UserId | undefined): readonly RoomEvent[] | undefined {
    const room = this.states.isBranched(entry.roomId) ? this.rooms.find(entry.roomId) : undefined;
    if (room === undefined) return undefined;
    const since = entry.isFull ? undefined : entry.since;
    const events = timeline.events.map(({ event }) => event);
    const newestBefore = since === undefined ? undefined : this.newestAt(entry, since);
    if (since !== undefined && !timeline.isLimited && isLine(newestBefore, events)) return [];
    const before = this.stateAfter(room, newestBefore);
    const end = this.stateAfter(room, this.newestAt(entry, entry.upTo));
    const start = events[0] === undefined ? end : this.graph.stateAfter(room, events[0]);
    const shown = lastStateOf(events);
    const isNews = (event: RoomEvent): boolean =>
      before.get(event.type, event.stateKey ?? '')?.eventId !== event.eventId && !shown.has(event.eventId);
    const news = [...start.all(), ...end.all()].filter(isNews);
    if (lazyViewer === undefined || since !== undefined) return news;
    const shownMembers = new Set<string>([lazyViewer, ...events.map(({ sender }) => sender)]);
    return news.filter((event) => event.type !== 'm.room.member' || shownMembers.has(event.stateKey ?? ''));
  }

  private newestAt({ roomId }: RoomEntry, position: number): RoomEvent | undefined {
    return this.events.read({ roomId, direction: 'b', from: position, limit: 1 })[0];
  }

  private stateAfter(room: Room, event: RoomEvent | undefined): RoomState {
    return event === undefined ? new RoomState(room.version) : this.graph.stateAfter(room, event);
  }
}

/** Whether each event follows the one before it, and nothing else. */
function isLine(first: RoomEvent | undefined, events: readonly RoomEvent[]): boolean {
  let last = first?.eventId;
  for (const { eventId, prevEvents } of events) {
    if (prevEvents.length !== 1 || prevEvents[0] !== last) return false;
    last = eventId;
  }
  return true;
}

/** The IDs of the state events of a timeline, of each type and key the last one's. */
function lastStateOf(events: readonly RoomEvent[]): ReadonlySet<string> {
  const last = new Map<string, string>();
  for (const event of events) {
    if (event.stateKey !== undefined) last.set(JSON.stringify([event.type, event.stateKey]), event.eventId);
  }
  return new Set(last.values());
}
