import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { randomLetters } from '../../runtime/random-letters.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import type { EventStore } from '../../store/event-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { EventSender } from './event-sender.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import type { Rooms } from '../model/rooms.js';

/** What events are redacted with. */
export interface UserRedactionsParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly eventStore: EventStore;
  readonly sender: EventSender;
}

/** Which events of a user are to be redacted, and how. */
export interface RedactionWishes {
  readonly rooms: readonly RoomId[];
  readonly reason: string | null;
  /** At most so many in each room, the newest. */
  readonly limit: number;
  /** The administrator redacts, not the user. */
  readonly useAdmin: boolean;
  /** Milliseconds since 1970; null: without limit. */
  readonly before: number | null;
  readonly after: number | null;
}

/** How far it is, and which events could not be redacted, with the reason. */
export interface RedactionStatus {
  readonly status: 'active' | 'complete' | 'failed';
  readonly failures: Readonly<Record<string, string>>;
  readonly error?: string;
}

const redacted = ['m.room.member', 'm.room.message', 'm.room.encrypted'];
/** How many runs can be asked about. */
const remembered = 1000;

/** Redacts what a user sent (`handlers/admin.py: _redact_all_events`). */
export class UserRedactions {
  private readonly runs = new BoundedCache<string, RedactionStatus>(remembered);
  private readonly running = new Set<UserId>();

  constructor(private readonly parts: UserRedactionsParts) {}

  /** Starts in the background; the ID to ask by. */
  start(admin: Requester, userId: UserId, wishes: RedactionWishes): string {
    if (this.running.has(userId)) throw new SynapseError(400, `Redact already in progress for user ${userId}`);
    const id = randomLetters(16);
    const failures: Record<string, string> = {};
    this.running.add(userId);
    this.runs.set(id, { status: 'active', failures });
    this.parts.context.inBackground('redact_all_events', async () => {
      try {
        for (const roomId of wishes.rooms) await this.redactIn(roomId, admin, userId, wishes, failures);
        this.runs.set(id, { status: 'complete', failures });
      } catch (error) {
        this.runs.set(id, { status: 'failed', failures, error: describe(error) });
        throw error;
      } finally {
        this.running.delete(userId);
      }
    });
    return id;
  }

  statusOf(id: string): RedactionStatus | undefined {
    return this.runs.get(id);
  }

  private async redactIn(
    roomId: RoomId,
    admin: Requester,
    userId: UserId,
    wishes: RedactionWishes,
    failures: Record<string, string>,
  ): Promise<void> {
    const { context, rooms, events, eventStore } = this.parts;
    const room = rooms.find(roomId);
    if (room === undefined) throw new NotFoundError(`Could not find room_version for ${roomId}`);
    const isByAdmin = wishes.useAdmin || domainOf(userId) !== context.serverName;
    const requester: Requester = {
      userId: isByAdmin ? admin.userId : userId,
      isGuest: false,
      shadowBanned: false,
      authenticatedEntity: admin.userId,
    };
    const { limit, before, after } = wishes;
    for (const eventId of eventStore.sentBy(userId, roomId, { types: redacted, limit, before, after })) {
      const event = events.find(eventId);
      if (event === undefined || !isWanted(event)) continue;
      try {
        await this.redact(requester, event, wishes.reason);
      } catch (error) {
        failures[eventId] = describe(error);
      }
    }
  }

  private async redact(requester: Requester, event: RoomEvent, reason: string | null): Promise<void> {
    const { eventId, roomId, version } = event;
    const content = reason === null || reason === '' ? {} : { reason };
    const request = { type: 'm.room.redaction', roomId, sender: requester.userId };
    await this.parts.sender.send(
      requester,
      version.isUpdated
        ? { ...request, content: { ...content, redacts: eventId } }
        : { ...request, content, redacts: eventId },
      { ratelimit: false },
    );
  }
}

/** Of memberships only joins. What is redacted already is redacted again, as Synapse does. */
function isWanted({ type, membership }: RoomEvent): boolean {
  return type !== 'm.room.member' || membership === 'join';
}

function describe(error: unknown): string {
  return error instanceof SynapseError ? `${error.status}: ${error.message}` : String(error);
}
