import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import { type DepthPlace, placeBehind } from '../../store/history-range.js';
import type { RelationRange, RelationStore } from '../../store/relation-store.js';
import type { ShownEvent } from './client-events.js';
import type { RoomAccess } from '../auth/room-access.js';
import type { RoomEvents } from '../model/room-events.js';
import type { RoomHistory } from './room-history.js';
import type { Visibility } from './visibility.js';

/** What relations are read with. */
export interface RelatedEventsParts {
  readonly relations: RelationStore;
  readonly events: RoomEvents;
  readonly access: RoomAccess;
  readonly history: RoomHistory;
  readonly visibility: Visibility;
}

/** Which relations are wanted. */
export type RelatedRange = Omit<RelationRange, 'parentId' | 'roomId'>;

/** Events that relate to one, or the roots of threads. */
export interface RelatedPage {
  readonly events: readonly ShownEvent[];
  /** The place to go on from; undefined when there is nothing more. */
  readonly next?: DepthPlace;
}

/** Reads what relates to an event, and threads (`handlers/relations.py`). */
export class RelatedEvents {
  constructor(private readonly parts: RelatedEventsParts) {}

  /** The events that relate to one that the user may see. */
  of(requester: Requester, roomId: RoomId, parentId: string, range: RelatedRange): RelatedPage {
    const { access, history, relations, events } = this.parts;
    const { entry } = access.checkInRoomOrReadable(requester, roomId, true);
    const parent = history.event(requester, roomId, parentId)?.event;
    if (parent === undefined) throw new SynapseError(404, 'Unknown parent event.', Codes.UNKNOWN);
    const rows = relations.read({ ...range, parentId, roomId, limit: range.limit + 1 });
    const isRedacted = parent.metadata.redactedBy !== undefined;
    const wanted = rows.filter((row) => !isRedacted || row.rel_type !== 'm.replace');
    const page = wanted.slice(0, range.limit);
    const found = page.map((row) => events.find(row.event_id)).filter((event) => event !== undefined);
    const last = page.at(-1);
    const isMore = wanted.length > range.limit && last !== undefined;
    return {
      events: this.parts.visibility.filter(requester.userId, found, { isPeeking: entry === undefined }),
      ...(isMore && { next: placeBehind(last, range.direction) }),
    };
  }

  /** The roots of a room's threads, the one with the deepest message first. */
  threads(
    requester: Requester,
    roomId: RoomId,
    range: { readonly before?: DepthPlace; readonly limit: number; readonly onlyParticipated: boolean },
  ): RelatedPage {
    const { access, relations, events } = this.parts;
    const { entry } = access.checkInRoomOrReadable(requester, roomId, true);
    const rows = relations.threads(roomId, range.before, range.limit + 1);
    const page = rows.slice(0, range.limit);
    const roots = page
      .map((row) => events.find(row.parent_id))
      .filter((event) => event !== undefined)
      .filter(
        (event) =>
          !range.onlyParticipated ||
          event.sender === requester.userId ||
          relations.ofType(event.eventId, 'm.thread').some((relation) => relation.sender === requester.userId),
      );
    const last = page.at(-1);
    return {
      events: this.parts.visibility.filter(requester.userId, roots, { isPeeking: entry === undefined }),
      ...(rows.length > range.limit && last !== undefined && { next: { depth: last.depth, position: last.position } }),
    };
  }
}
