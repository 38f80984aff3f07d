import type { UserId } from '../../matrix/ids.js';

import type { ShownEvent } from '../rooms/client-events.js';
import type { EventFilter } from '../rooms/event-filter.js';
import { compareByDepth, type RoomEvent } from '../rooms/room-event.js';
import type { RoomEvents } from '../rooms/room-events.js';
import type { Rooms } from '../rooms/rooms.js';
import type { Visibility } from '../rooms/visibility.js';
import type { RelationStore } from '../store/relation-store.js';
import type { RoomEntry } from './room-changes.js';

/** The newest events of a room. */
export interface Timeline {
  readonly events: readonly ShownEvent[];
  /** Older events are read from here. */
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
    const { roomId, since, upTo, isNewlyJoined } = entry;
    if (since !== undefined && !isNewlyJoined) {
      const newest = this.events.read({ roomId, direction: 'b', from: upTo, to: since, limit: wish.limit + 1 });
      if (newest.length <= wish.limit) return this.whole(newest.reverse(), wish, since);
    }
    return this.newest(entry, wish);
  }

  private whole(events: readonly RoomEvent[], wish: TimelineWish, since: number): Timeline {
    const shown = this.select(events, wish);
    return { events: shown, prevBatch: before(shown) ?? startOf(events, since), isLimited: false };
  }

  private newest(entry: RoomEntry, wish: TimelineWish): Timeline {
    const { roomId, upTo, isNewlyJoined } = entry;
    const to = isNewlyJoined ? undefined : entry.since;
    const size = Math.max(2 * wish.limit, 10);
    let shown: readonly ShownEvent[] = [];
    let from = upTo;
    let hasMore = true;
    for (let round = 0; round < MAX_ROUNDS && hasMore && shown.length < wish.limit; round++) {
      const page = this.events.read({ roomId, direction: 'b', from, ...(to !== undefined && { to }), limit: size });
      const oldest = page.at(-1);
      hasMore = page.length === size;
      if (oldest === undefined) break;
      from = oldest.position - 1;
      shown = [...this.select(page.reverse(), wish), ...shown];
    }
    // What a room has been so far is shown in the order in which it was made, news as they came in.
    const ordered = to === undefined ? shown.toSorted(({ event: a }, { event: b }) => compareByDepth(a, b)) : shown;
    const cut = ordered.slice(Math.max(0, shown.length - wish.limit));
    const isCut = cut.length < shown.length;
    // Where nothing is cut off Synapse names the place where it began to read.
    const prevBatch = (isCut ? before(cut) : undefined) ?? this.beginningOf(entry, wish);
    return { events: cut, prevBatch, isLimited: hasMore || isCut || isNewlyJoined };
  }

  /** Where older events than the news of a room are read from: there, its news included, or the end of what is shown. */
  private beginningOf({ roomId, section, upTo, lastSync }: RoomEntry, { limit }: TimelineWish): number {
    if (lastSync === undefined || section === 'leave') return upTo;
    return startOf(
      this.events.read({ roomId, direction: 'b', from: upTo, to: lastSync, limit: limit + 1 }).reverse(),
      lastSync,
    );
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

function startOf([oldest]: readonly RoomEvent[], otherwise: number): number {
  return oldest === undefined ? otherwise : oldest.position - 1;
}

function before(events: readonly ShownEvent[]): number | undefined {
  const position = events[0]?.event.position;
  return position === undefined ? undefined : position - 1;
}
