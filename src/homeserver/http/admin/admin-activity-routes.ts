import { SynapseError } from '../../../errors/synapse-error.js';
import { parseUserId, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { adminEndpoints } from './admin-request.js';
import { checkModel, isFlag, isInteger, isText, isTexts, orNull } from '../server/fields.js';
import { requiredQueryInteger } from '../server/query.js';
import { pathParam } from '../client/room-request.js';
import type { Call, Route } from '../server/route.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { EventStore } from '../../store/event-store.js';
import type { StateStore } from '../../store/state-store.js';
import type { UserRedactions } from '../../rooms/sending/user-redactions.js';

interface RoomParts {
  readonly users: RoomUsers;
  readonly eventStore: EventStore;
  readonly states: StateStore;
  readonly userRedactions: UserRedactions;
}

const usualLimit = 1000;

/** What a user does in rooms, for administrators: counted, and redacted (`rest/admin/users.py`). */
export function adminActivityRoutes(services: RoomParts): Route[] {
  const { users, eventStore, userRedactions } = services;
  const route = adminEndpoints(users);
  const count = (path: string, name: string, countSince: (userId: UserId, since: number) => number): Route =>
    route('GET', `/v1/users/:userId/${path}`, (call) => ({
      [name]: countSince(pathParam(call, 'userId') as UserId, requiredQueryInteger(call.query, 'from_ts')),
    }));
  return [
    count('sent_invite_count', 'invite_count', (userId, since) => eventStore.countInvites(userId, since)),
    count('cumulative_joined_room_count', 'cumulative_joined_room_count', (userId, since) =>
      eventStore.countJoinedRooms(userId, since),
    ),
    route('POST', '/v1/user/:userId/redact', (call, admin) => redact(services, call, admin)),
    route('GET', '/v1/user/redact_status/:redactId', (call) => {
      const redactId = pathParam(call, 'redactId');
      const found = userRedactions.statusOf(redactId);
      if (found === undefined) throw new NotFoundError(`redact id '${redactId}' not found`);
      const { status, failures, error } = found;
      if (status === 'failed') return { status, error: error ?? '' };
      return status === 'active' ? { status } : { status, failed_redactions: failures };
    }),
  ];
}

async function redact(services: RoomParts, call: Call, admin: Requester): Promise<JsonObject> {
  const userId = parseUserId(pathParam(call, 'userId'));
  const body = await call.json();
  checkModel(body, {
    rooms: isTexts,
    reason: orNull(isText),
    limit: orNull(isInteger),
    use_admin: orNull(isFlag),
    before_ts: orNull(isInteger),
    after_ts: orNull(isInteger),
  });
  const { rooms, reason, limit, use_admin, before_ts, after_ts } = body as unknown as RedactBody;
  if (typeof limit === 'number' && limit < 0) {
    const message = 'If limit is provided it must be a non-negative integer greater than 0.';
    throw new SynapseError(400, message);
  }
  const redactId = services.userRedactions.start(admin, userId, {
    rooms: rooms.length > 0 ? rooms : roomsOf(services, userId),
    reason: reason ?? null,
    limit: limit === 0 ? usualLimit : (limit ?? usualLimit),
    useAdmin: use_admin ?? false,
    before: before_ts ?? null,
    after: after_ts ?? null,
  });
  return { redact_id: redactId };
}

/** What a body asks for, once it was checked. */
interface RedactBody {
  readonly rooms: readonly RoomId[];
  readonly reason?: string | null;
  readonly limit?: number | null;
  readonly use_admin?: boolean | null;
  readonly before_ts?: number | null;
  readonly after_ts?: number | null;
}

/** The rooms that a user is in or banned from. */
function roomsOf({ states }: RoomParts, userId: UserId): readonly RoomId[] {
  const entries = states.membershipsOf(userId);
  return ['join', 'ban'].flatMap((membership) =>
    entries.filter((entry) => entry.membership === membership).map((entry) => entry.room_id),
  );
}
