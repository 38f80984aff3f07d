import { SynapseError } from '../../../errors/synapse-error.js';
import { parseUserId, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { adminEndpoints } from './admin-request.js';
import {
  checkModel,
  isFlag,
  isInteger,
  isText,
  isTexts,
  optionalInteger,
  optionalText,
  orNull,
  texts,
} from '../server/fields.js';
import { requiredQueryInteger } from '../server/query.js';
import { pathParam, userIdIn } from '../client/room-request.js';
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
      [name]: countSince(userIdIn(call), requiredQueryInteger(call.query, 'from_ts')),
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
  const rooms = texts(body, 'rooms') as readonly RoomId[];
  const limit = optionalInteger(body, 'limit');
  if (limit !== null && limit < 0) {
    const message = 'If limit is provided it must be a non-negative integer greater than 0.';
    throw new SynapseError(400, message);
  }
  const redactId = services.userRedactions.start(admin, userId, {
    rooms: rooms.length > 0 ? rooms : roomsOf(services, userId),
    reason: optionalText(body, 'reason'),
    limit: limit === 0 ? usualLimit : (limit ?? usualLimit),
    useAdmin: body['use_admin'] === true,
    before: optionalInteger(body, 'before_ts'),
    after: optionalInteger(body, 'after_ts'),
  });
  return { redact_id: redactId };
}

/** The rooms that a user is in or banned from. */
function roomsOf({ states }: RoomParts, userId: UserId): readonly RoomId[] {
  const entries = states.membershipsOf(userId);
  return ['join', 'ban'].flatMap((membership) =>
    entries.filter((entry) => entry.membership === membership).map((entry) => entry.room_id),
  );
}
