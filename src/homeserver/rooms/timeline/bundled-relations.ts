import type { EventId, UserId } from '../../../matrix/ids.js';
import { compareText } from '../../parity/sort-order.js';
import type { RelationStore } from '../../store/relation-store.js';
import { relationOf } from '../model/relation.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';

/** What is shown with an event of the events that relate to it. */
export interface BundledRelations {
  /** The newest edit. */
  readonly replace?: RoomEvent;
  readonly thread?: ThreadSummary;
  readonly references?: readonly EventId[];
}

/** A thread in short. */
export interface ThreadSummary {
  readonly latest: RoomEvent;
  readonly count: number;
  /** The reader sent the root or a message of the thread. */
  readonly hasParticipated: boolean;
}

/** Gathers edits, threads and references (`handlers/relations.py: get_bundled_aggregations`). */
export class RelationBundler {
  constructor(
    private readonly relations: RelationStore,
    private readonly events: RoomEvents,
  ) {}

  /** What to show with these events, by event ID; nothing for most. */
  bundle(
    events: readonly RoomEvent[],
    reader: UserId,
    ignored: ReadonlySet<string>,
  ): ReadonlyMap<string, BundledRelations> {
    const bundles = new Map<string, BundledRelations>();
    for (const event of events) {
      if (bundles.has(event.eventId) || !mayHaveRelations(event)) continue;
      const bundle = this.bundleFor(event, reader, ignored);
      if (bundle === undefined) continue;
      bundles.set(event.eventId, bundle);
      const latest = bundle.thread?.latest;
      if (latest === undefined || bundles.has(latest.eventId)) continue;
      const ofLatest = this.bundleFor(latest, reader, ignored, false);
      if (ofLatest !== undefined) bundles.set(latest.eventId, ofLatest);
    }
    return bundles;
  }

  private bundleFor(
    event: RoomEvent,
    reader: UserId,
    ignored: ReadonlySet<string>,
    withThread = relationOf(event.content) === undefined,
  ): BundledRelations | undefined {
    if (!this.relations.isParent(event.eventId)) return undefined;
    const thread = withThread ? this.threadOf(event, reader, ignored) : undefined;
    const references = this.relations
      .ofType(event.eventId, 'm.reference')
      .filter((relation) => !ignored.has(relation.sender))
      .map((relation) => relation.event_id);
    const replace = event.metadata.redactedBy === undefined ? this.editOf(event) : undefined;
    if (thread === undefined && references.length === 0 && replace === undefined) return undefined;
    return {
      ...(thread !== undefined && { thread }),
      ...(references.length > 0 && { references }),
      ...(replace !== undefined && { replace }),
    };
  }

  /** The newest edit by the event's own sender, of the same type; state cannot be edited. */
  private editOf(event: RoomEvent): RoomEvent | undefined {
    const edits = this.relations
      .ofType(event.eventId, 'm.replace')
      .filter((relation) => relation.sender === event.sender && relation.type === event.type)
      .map((relation) => this.events.find(relation.event_id))
      .filter((edit) => edit !== undefined);
    return edits
      .filter((edit) => edit.roomId === event.roomId && !edit.isState())
      .sort((a, b) => b.originServerTs - a.originServerTs || compareText(b.eventId, a.eventId))[0];
  }

  private threadOf(event: RoomEvent, reader: UserId, ignored: ReadonlySet<string>): ThreadSummary | undefined {
    const replies = this.relations
      .ofType(event.eventId, 'm.thread')
      .filter((relation) => relation.room_id === event.roomId && !ignored.has(relation.sender));
    const last = replies.at(-1);
    const latest = last === undefined ? undefined : this.events.find(last.event_id);
    if (latest === undefined) return undefined;
    const hasParticipated = event.sender === reader || replies.some((relation) => relation.sender === reader);
    return { latest, count: replies.length, hasParticipated };
  }
}

function mayHaveRelations(event: RoomEvent): boolean {
  if (event.isState()) return false;
  const type = relationOf(event.content)?.type;
  return type !== 'm.annotation' && type !== 'm.replace';
}
