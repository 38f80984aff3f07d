import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseUserId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { listUsers, userListOrders } from '../../store/user-list.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { generateAccessToken } from '../../users/token-generator.js';
import { adminEndpoints } from './admin-request.js';
import { existingTarget, localTarget } from './admin-target.js';
import { adminLookupRoutes, type LookupParts } from './admin-user-lookup-routes.js';
import { flag, requireParams } from '../server/fields.js';
import { queryBoolean, queryInteger, queryString, queryStrings } from '../server/query.js';
import { type Answer, type Call, JsonAnswer, type Route } from '../server/route.js';
import type { TokenStore } from '../../store/token-store.js';
import type { Passwords } from '../../users/passwords.js';
import type { Deactivation } from '../../users/deactivation.js';
import type { AdminUsers } from '../../users/admin-users.js';

interface UserParts extends LookupParts {
  readonly tokens: TokenStore;
  readonly passwords: Passwords;
  readonly deactivation: Deactivation;
  readonly adminUsers: AdminUsers;
}

/** Accounts, for administrators (`rest/admin/users.py`). */
export function adminUserRoutes(users: UserParts): Route[] {
  return [...accountRoutes(users), ...stateRoutes(users), ...adminLookupRoutes(users), ...ratelimitRoutes(users)];
}

function accountRoutes(users: UserParts): Route[] {
  const route = adminEndpoints(users.store);
  const listAll = (call: Call): boolean | undefined => queryBoolean(call.query, 'deactivated');
  return [
    route('GET', '/v2/users', (call) => list(users, call, listAll(call) === true ? undefined : false)),
    route('GET', '/v3/users', (call) => list(users, call, listAll(call))),
    route('GET', '/v2/users/:userId', (call) =>
      described(users, localTarget(users, call, 'Can only look up local users')),
    ),
    route('PUT', '/v2/users/:userId', async (call, admin) => {
      const parsed = parseUserId(call.params['userId']);
      const body = await call.json();
      if (domainOf(parsed) !== users.context.serverName) {
        throw new SynapseError(400, 'This endpoint can only be used with local users');
      }
      const { isNew } = await users.adminUsers.put(admin, parsed, body);
      return new JsonAnswer(isNew ? 201 : 200, described(users, parsed));
    }),
    route('POST', '/v1/deactivate/:userId', async (call) => {
      const target = existingTarget(users, call, 'Can only deactivate local users');
      const { erase = false } = await call.json({ allowEmpty: true });
      if (typeof erase !== 'boolean') {
        throw new SynapseError(400, "Param 'erase' must be a boolean, if given", Codes.BAD_JSON);
      }
      const isUnbound = await users.deactivation.deactivate(target, { erase, byAdmin: true });
      return { id_server_unbind_result: isUnbound ? 'success' : 'no-support' };
    }),
    route('POST', '/v1/users/:userId/login', (call, admin) => loginAs(users, call, admin)),
  ];
}

function stateRoutes(users: UserParts): Route[] {
  const route = adminEndpoints(users.store);
  return [
    route('PUT', '/v1/suspend/:userId', async (call) => {
      const target = existingTarget(users, call, 'Can only suspend local users');
      const body = await call.json();
      requireParams(body, ['suspend']);
      const suspend = flag(body, 'suspend', false);
      users.store.setFlag(target, 'suspended', suspend);
      return { [`user_${target}_suspended`]: suspend };
    }),
    route('POST', '/v1/reset_password/:userId', async (call, admin) => {
      const target = parseUserId(call.params['userId']);
      const body = await call.json();
      requireParams(body, ['new_password']);
      const { new_password: password } = body;
      if (typeof password !== 'string') throw new SynapseError(400, 'Invalid password', Codes.INVALID_PARAM);
      const logoutDevices = flag(body, 'logout_devices', true);
      await users.passwords.set(target, await users.passwords.hash(password), { logoutDevices, requester: admin });
      return {};
    }),
    route('GET', '/v1/users/:userId/admin', (call) => {
      const target = localTarget(users, call, 'Only local users can be admins of this homeserver');
      return { admin: users.store.isAdmin(target) };
    }),
    route('PUT', '/v1/users/:userId/admin', async (call, admin) => {
      const parsed = parseUserId(call.params['userId']);
      const body = await call.json();
      requireParams(body, ['admin']);
      if (domainOf(parsed) !== users.context.serverName) {
        throw new SynapseError(400, 'Only local users can be admins of this homeserver');
      }
      users.adminUsers.setAdmin(admin, parsed, flag(body, 'admin', false));
      return {};
    }),
    ...(['POST', 'DELETE'] as const).map((method) =>
      route(method, '/v1/users/:userId/shadow_ban', async (call) => {
        const target = localTarget(users, call, 'Only local users can be shadow-banned');
        users.store.setFlag(target, 'shadow_banned', method === 'POST');
        return {};
      }),
    ),
  ];
}

function ratelimitRoutes(users: UserParts): Route[] {
  const route = adminEndpoints(users.store);
  const path = '/v1/users/:userId/override_ratelimit';
  const describe = (userId: UserId): JsonObject => {
    const limit = users.store.overrideOf(userId);
    return limit === undefined ? {} : { messages_per_second: limit.perSecond, burst_count: limit.burstCount };
  };
  return [
    route('GET', path, (call) => describe(existingTarget(users, call, 'Can only look up local users'))),
    route('POST', path, async (call) => {
      const target = existingTarget(users, call, 'Only local users can be ratelimited');
      const body = await call.json({ allowEmpty: true });
      const perSecond = parseCount(body['messages_per_second']);
      const burstCount = parseCount(body['burst_count']);
      users.store.setOverride(target, { perSecond, burstCount });
      return describe(target);
    }),
    route('DELETE', path, (call) => {
      users.store.deleteOverride(existingTarget(users, call, 'Only local users can be ratelimited'));
      return {};
    }),
  ];
}

function list(users: UserParts, { query }: Call, isDeactivated: boolean | undefined): Answer {
  const from = queryInteger(query, 'from') ?? 0;
  const limit = queryInteger(query, 'limit') ?? 100;
  const { users: page, total } = listUsers(users.context.database, {
    from,
    limit,
    userId: queryString(query, 'user_id'),
    name: queryString(query, 'name', { encoding: 'utf-8' }),
    withGuests: queryBoolean(query, 'guests') ?? true,
    isDeactivated,
    isAdmin: queryBoolean(query, 'admins'),
    withLocked: queryBoolean(query, 'locked') ?? false,
    notUserTypes: queryStrings(query, 'not_user_type'),
    orderBy: queryString(query, 'order_by', { allowed: userListOrders }) ?? 'name',
    isDescending: queryString(query, 'dir', { allowed: ['b', 'f'] }) === 'b',
  });
  return { users: page, total, ...(from + limit < total ? { next_token: String(from + page.length) } : {}) };
}

/** An access token by which an administrator acts as a user. */
async function loginAs(users: UserParts, call: Call, admin: Requester): Promise<Answer> {
  const target = existingTarget(users, call, 'Only local users can be logged in as');
  const { valid_until_ms: validUntilMs = null } = await call.json({ allowEmpty: true });
  if (validUntilMs !== null && (typeof validUntilMs !== 'number' || !Number.isSafeInteger(validUntilMs))) {
    throw new SynapseError(400, "'valid_until_ms' parameter must be an int");
  }
  if (admin.userId === target) throw new SynapseError(400, 'Cannot use admin API to login as self');
  const token = generateAccessToken(target);
  users.tokens.addAccessToken(
    {
      token,
      ownerId: admin.userId,
      deviceId: null,
      puppetsUserId: target,
      validUntilMs,
      refreshTokenId: null,
    },
    users.context.clock.now(),
  );
  return { access_token: token };
}

function described(users: UserParts, userId: UserId): JsonObject {
  const description = users.adminUsers.describe(userId);
  if (description === undefined) throw new NotFoundError('User not found');
  return description;
}

function parseCount(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new SynapseError(400, `${pythonRepr(value)} parameter must be a positive int`, Codes.INVALID_PARAM);
}
