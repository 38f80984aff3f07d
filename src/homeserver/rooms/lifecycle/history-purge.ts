import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { randomLetters } from '../../runtime/random-letters.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import type { EventStore } from '../../store/event-store.js';
import type { RelationStore } from '../../store/relation-store.js';
import type { SearchStore } from '../../store/search/search-store.js';
import type { Rooms } from '../model/rooms.js';

/** What history is purged with. */
export interface HistoryPurgeParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly eventStore: EventStore;
  readonly relations: RelationStore;
  readonly search: SearchStore;
}

/** How a purge went. */
export interface PurgeStatus {
  readonly status: 'active' | 'complete' | 'failed';
  readonly error?: string;
}

/** How many purges can be asked about. */
const remembered = 1000;

/** Removes the beginning of rooms' histories (`handlers/pagination.py: purge_history`). */
export class HistoryPurge {
  private readonly purges = new BoundedCache<string, PurgeStatus>(remembered);

  constructor(private readonly parts: HistoryPurgeParts) {}

  /** Starts to remove what is less deep than `depth`; the ID of the purge. */
  start(roomId: RoomId, depth: number, deletesLocal: boolean): string {
    const purgeId = randomLetters(16);
    this.purges.set(purgeId, { status: 'active' });
    this.parts.context.inBackground('purge_history', async () => {
      try {
        this.purge(roomId, depth, deletesLocal);
        this.purges.set(purgeId, { status: 'complete' });
      } catch (error) {
        this.purges.set(purgeId, { status: 'failed', error: describe(error) });
        throw error;
      }
    });
    return purgeId;
  }

  statusOf(purgeId: string): PurgeStatus | undefined {
    return this.purges.get(purgeId);
  }

  /** State stays known, and so do this server's messages unless they are to go too; but nobody sees them in the history. */
  private purge(roomId: RoomId, depth: number, deletesLocal: boolean): void {
    const { context, rooms, eventStore, relations, search } = this.parts;
    const newest = Math.max(0, ...(rooms.find(roomId)?.extremities.map((extremity) => extremity.depth) ?? []));
    if (newest < depth) {
      throw new SynapseError(400, 'topological_ordering is greater than forward extremities');
    }
    context.database.transaction(() => {
      const kept = deletesLocal ? undefined : context.serverName;
      const gone = eventStore.purgeBefore(roomId, depth, kept);
      for (const eventId of gone) relations.remove(eventId);
      search.forget(gone);
    });
    rooms.drop(roomId);
  }
}

function describe(error: unknown): string {
  return error instanceof SynapseError ? `${error.status}: ${error.message}` : String(error);
}
