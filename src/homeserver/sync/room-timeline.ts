import type { UserId } from '../../matrix/ids.js';

import type { ShownEvent } from '../rooms/timeline/client-events.js';
import type { EventFilter } from '../rooms/timeline/event-filter.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { Visibility } from '../rooms/timeline/visibility.js';
import { type HistoryPlace, placeBehind, positionOf } from '../store/history-range.js';
import type { RelationStore } from '../store/relation-store.js';
import type { RoomEntry } from './room-changes.js';

/** The newest events of a room. */
export interface Timeline {
  readonly events: readonly ShownEvent[];
  /** Older events are read from this position of the stream. */
  readonly prevBatch: number;
  /** There are events between the last sync and these. */
  readonly isLimited: boolean;
}

/** How the timelines of one sync are cut. */
export interface TimelineWish {
  readonly userId: UserId;
  readonly limit: number;
  readonly filter: EventFilter;
}

/** A filter may leave little of what is read: so many times more is read. */
const MAX_ROUNDS = 5;

/** Reads timelines (`handlers/sync.py: _load_filtered_recents`). */
export class TimelineReader {
  constructor(
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly relations: RelationStore,
    private readonly visibility: Visibility,
  ) {}

  read(entry: RoomEntry, wish: TimelineWish): Timeline {
    const news = this.newsOf(entry, wish);
    const shown = this.select(news?.events ?? [], wish);
    const start = news?.start ?? entry.upTo;
    const isWhole = news !== undefined && !entry.isNewlyJoined && news.events.length <= wish.limit;
    if (!isWhole && !wish.filter.isEmpty) return this.fill(shown, start, entry, wish);
    return { events: shown, prevBatch: before(shown) ?? start, isLimited: false };
  }

  /** What came since the last sync, the last of it, oldest first, and the place before it; rooms that were left are read anew. */
  private newsOf(
    { roomId, section, upTo, lastSync }: RoomEntry,
    { limit }: TimelineWish,
  ): { readonly events: readonly RoomEvent[]; readonly start: number } | undefined {
    if (lastSync === undefined || section === 'leave') return undefined;
    const events = this.events.read({ roomId, direction: 'b', from: upTo, to: lastSync, limit: limit + 1 }).reverse();
    return { events, start: events[0] === undefined ? lastSync : events[0].position - 1 };
  }

  /** Puts older events before those that are shown, until there are enough. */
  private fill(news: readonly ShownEvent[], start: number, entry: RoomEntry, wish: TimelineWish): Timeline {
    const size = Math.max(2 * wish.limit, 10);
    let shown = news;
    let from: HistoryPlace = start;
    let hasMore = true;
    for (let round = 0; round < MAX_ROUNDS && hasMore && shown.length < wish.limit; round++) {
      const read = this.readBefore(from, entry, size + 1);
      hasMore = read.length > size;
      const page = read.slice(0, size);
      const oldest = page.at(-1);
      if (oldest === undefined) break;
      from = placeBehind(oldest, 'b');
      shown = [...this.select(page.reverse(), wish), ...shown];
    }
    const isCut = shown.length > wish.limit;
    // A limit of 0 takes nothing off: Python's list[-0:] is the whole list.
    const cut = isCut ? shown.slice(-wish.limit) : shown;
    // Where nothing is cut off Synapse names the place where it began to read.
    const prevBatch = (isCut ? before(cut) : undefined) ?? start;
    return { events: cut, prevBatch, isLimited: hasMore || isCut || entry.isNewlyJoined };
  }

  /** The history of a room by depth, news in the order in which they came in; the newest first. */
  private readBefore(from: HistoryPlace, { roomId, since, isNewlyJoined }: RoomEntry, limit: number): RoomEvent[] {
    if (since === undefined || isNewlyJoined) return this.events.readHistory({ roomId, direction: 'b', from, limit });
    return this.events.read({ roomId, direction: 'b', from: positionOf(from), to: since, limit });
  }

  private select(events: readonly RoomEvent[], wish: TimelineWish): readonly ShownEvent[] {
    const wanted = wish.filter.apply(events, this.relations);
    if (wanted.length === 0) return [];
    return this.visibility.filter(wish.userId, wanted, { alwaysInclude: this.currentAmong(wanted) });
  }

  /** State that is current is shown to members whatever they might see of the history. */
  private currentAmong(events: readonly RoomEvent[]): ReadonlySet<string> {
    const current = new Set<string>();
    for (const { eventId, roomId, type, stateKey } of events) {
      if (stateKey === undefined) continue;
      if (this.rooms.find(roomId)?.state.get(type, stateKey)?.eventId === eventId) current.add(eventId);
    }
    return current;
  }
}

function before(events: readonly ShownEvent[]): number | undefined {
  const position = events[0]?.event.position;
  return position === undefined ? undefined : position - 1;
}
