import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, parseUserId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { listUsers, userListOrders } from '../../store/user-list.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { generateAccessToken } from '../../users/token-generator.js';
import { adminEndpoints } from './admin-request.js';
import { flag, requireParams } from '../server/fields.js';
import { describePusher } from '../client/push-routes.js';
import { queryBoolean, queryInteger, queryString, queryStrings, requiredQueryString } from '../server/query.js';
import { type Answer, type Call, clientPaths, JsonAnswer, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserStore } from '../../store/user-store.js';
import type { UserHooks } from '../../users/user-hooks.js';
import type { DeviceStore } from '../../store/device-store.js';
import type { TokenStore } from '../../store/token-store.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { PusherStore } from '../../store/pusher-store.js';
import type { Passwords } from '../../users/passwords.js';
import type { Registration } from '../../users/registration.js';
import type { AccountData } from '../../users/account-data.js';
import type { Deactivation } from '../../users/deactivation.js';
import type { AdminUsers } from '../../users/admin-users.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly store: UserStore;
  readonly hooks: UserHooks;
  readonly deviceStore: DeviceStore;
  readonly tokens: TokenStore;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
  readonly passwords: Passwords;
  readonly registration: Registration;
  readonly accountData: AccountData;
  readonly deactivation: Deactivation;
  readonly adminUsers: AdminUsers;
}

/** Accounts, for administrators (`rest/admin/users.py`). */
export function adminUserRoutes(users: UserParts): Route[] {
  return [...accountRoutes(users), ...stateRoutes(users), ...lookupRoutes(users), ...ratelimitRoutes(users)];
}

/** The user that a path names, who must be of this server. */
function localTarget(users: UserParts, call: Call, refusal: string): UserId {
  const target = parseUserId(call.params['userId']);
  if (domainOf(target) !== users.context.serverName) throw new SynapseError(400, refusal);
  return target;
}

/** The same for a user that must exist. */
export function existingTarget(users: UserParts, call: Call, refusal: string, unknown = 'User not found'): UserId {
  const target = localTarget(users, call, refusal);
  if (users.store.find(target) === undefined) throw new NotFoundError(unknown);
  return target;
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

function lookupRoutes(users: UserParts): Route[] {
  const route = adminEndpoints(users.store);
  return [
    {
      method: 'GET',
      paths: ['/_synapse/admin/v1/whois/:userId', ...clientPaths('/admin/whois/:userId', oldestVersions)],
      handle: async (call) => {
        const target = parseUserId(call.params['userId']);
        const requester = await call.requester();
        if (target !== requester.userId && !users.store.isAdmin(requester.userId)) {
          throw new AuthError(403, 'You are not a server admin');
        }
        return whois(users, localTarget(users, call, 'Can only whois a local user'));
      },
    },
    route('GET', '/v1/users/:userId/joined_rooms', (call) => {
      const memberships = users.hooks.membershipsOf((call.params['userId'] ?? '') as UserId);
      const joined = [...memberships].filter(([, membership]) => membership === 'join').map(([roomId]) => roomId);
      return { joined_rooms: joined, total: joined.length };
    }),
    route('GET', '/v1/users/:userId/memberships', (call) => {
      const memberships = users.hooks.membershipsOf((call.params['userId'] ?? '') as UserId);
      return { memberships: Object.fromEntries(memberships) };
    }),
    route('GET', '/v1/users/:userId/pushers', (call) => {
      const pushers = users.pusherStore.ofUser(existingTarget(users, call, 'Can only look up local users'));
      return {
        pushers: pushers.map((pusher) => ({ ...describePusher(pusher), enabled: true, device_id: pusher.deviceId })),
        total: pushers.length,
      };
    }),
    route('GET', '/v1/users/:userId/accountdata', (call) => {
      const { global, rooms } = users.accountData.stored(existingTarget(users, call, 'Can only look up local users'));
      return { account_data: { global, rooms } };
    }),
    route('GET', '/v1/auth_providers/:provider/users/:externalId', (call) => {
      const { provider = '', externalId = '' } = call.params;
      return found(users.store.findByExternalId(provider, externalId));
    }),
    route('GET', '/v1/threepid/:medium/users/:address', (call) => {
      const { medium = '', address = '' } = call.params;
      return found(users.threepidStore.findUser(medium, address));
    }),
    route('GET', '/v1/username_available', (call) => {
      users.registration.checkUsername({ localpart: requiredQueryString(call.query, 'username') });
      return { available: true };
    }),
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
  if (validUntilMs !== null && !Number.isSafeInteger(validUntilMs)) {
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
      validUntilMs: validUntilMs as number | null,
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

function whois(users: UserParts, userId: UserId): JsonObject {
  const connections = users.deviceStore
    .sightingsOf(userId)
    .map(({ ip, lastSeen, userAgent }) => ({ ip, last_seen: lastSeen, user_agent: userAgent }));
  return { user_id: userId, devices: { '': { sessions: [{ connections }] } } };
}

function found(userId: UserId | undefined): JsonObject {
  if (userId === undefined) throw new NotFoundError('User not found');
  return { user_id: userId };
}

function parseCount(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new SynapseError(400, `${pythonRepr(value)} parameter must be a positive int`, Codes.INVALID_PARAM);
}
