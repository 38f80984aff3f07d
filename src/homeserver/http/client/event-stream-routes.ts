import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { PresenceService } from '../../ephemeral/presence.js';
import type { EventStream } from '../../sync/event-stream.js';
import type { InitialSync } from '../../sync/initial-sync.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { pageRequest } from '../server/page-request.js';
import { queryBoolean } from '../server/query.js';
import { pathParam, roomIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { RoomStore } from '../../store/room-store.js';
import type { RoomEvents } from '../../rooms/model/room-events.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';
import type { RoomHistory } from '../../rooms/timeline/room-history.js';

interface RoomParts {
  readonly roomStore: RoomStore;
  readonly events: RoomEvents;
  readonly clientEvents: ClientEvents;
  readonly history: RoomHistory;
}

/** What these endpoints work with. */
export interface EventStreamDependencies {
  readonly rooms: RoomParts;
  readonly presence: PresenceService;
  readonly stream: EventStream;
  readonly initialSync: InitialSync;
}

const usualWait = 30_000;
const shortestWait = 500;
const usualLimit = 10;

/** What clients had before `/sync`: `/initialSync` and `/events` (`rest/client/initial_sync.py`, `events.py`). */
export function eventStreamRoutes(dependencies: EventStreamDependencies): Route[] {
  const { rooms, initialSync } = dependencies;
  const get = (path: string, handle: (call: Call) => Promise<Answer>): Route => ({
    method: 'GET',
    paths: clientPaths(path, oldestVersions),
    handle,
  });
  return [
    get('/initialSync', async (call) => {
      const requester = await call.requester();
      const { limit } = pageRequest(call.query, { limit: usualLimit });
      const withLeft = queryBoolean(call.query, 'archived') ?? false;
      return initialSync.all(requester, { limit, withLeft, format: call.query.has('raw') ? 'raw' : 'v1' });
    }),
    get('/rooms/:roomId/initialSync', async (call) => {
      const requester = await call.requester({ allowGuest: true });
      return initialSync.room(requester, roomIdIn(call), pageRequest(call.query, { limit: usualLimit }).limit);
    }),
    get('/events', (call) => events(dependencies, call)),
    get('/events/:eventId', async (call) => {
      const requester = await call.requester();
      const eventId = pathParam(call, 'eventId');
      const roomId = rooms.events.findShown(eventId)?.roomId;
      const event = roomId && rooms.history.event(requester, roomId, eventId);
      // Synapse answers with the bare text, which is no Matrix error.
      if (event === undefined) throw new NotFoundError('Event not found.');
      const [shown] = await rooms.clientEvents.show([event], { requester });
      return shown ?? {};
    }),
  ];
}

async function events(
  { rooms, presence, stream }: EventStreamDependencies,
  { query, requester: authenticate, signal }: Call,
): Promise<Answer> {
  const requester = await authenticate({ allowGuest: true });
  const roomId = query.get('room_id') as RoomId | null;
  if (requester.isGuest && roomId === null) throw new SynapseError(400, 'Guest users must specify room_id param');
  const { from, limit } = pageRequest(query, { limit: usualLimit });
  const timeoutMs = parseTimeout(query.get('timeout'));
  if (roomId !== null && rooms.roomStore.blockedBy(roomId) !== undefined) {
    throw new SynapseError(403, 'This room has been blocked on this server');
  }
  const { userId, deviceId, isGuest } = requester;
  const endSync = isGuest ? undefined : await presence.startSync(userId, deviceId, 'online');
  try {
    return await stream.answer({
      requester,
      from,
      limit: limit === 0 ? usualLimit : limit,
      timeoutMs,
      roomId: roomId ?? undefined,
      isRaw: query.has('raw'),
      signal,
    });
  } finally {
    endSync?.();
  }
}

function parseTimeout(text: string | null): number {
  if (text === null) return usualWait;
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new SynapseError(400, 'timeout must be in milliseconds.');
  const timeout = Number(text);
  return timeout === 0 ? 0 : Math.max(timeout, shortestWait);
}
