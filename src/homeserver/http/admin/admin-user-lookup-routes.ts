import { parseUserId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { DeviceStore } from '../../store/device-store.js';
import type { PusherStore } from '../../store/pusher-store.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { UserStore } from '../../store/user-store.js';
import type { AccountData } from '../../users/account-data.js';
import type { Registration } from '../../users/registration.js';
import type { UserHooks } from '../../users/user-hooks.js';
import { describePusher } from '../client/push-routes.js';
import { requiredQueryString } from '../server/query.js';
import { clientPaths, oldestVersions, type Route } from '../server/route.js';
import { adminEndpoints } from './admin-request.js';
import { existingTarget, localTarget } from './admin-target.js';

/** What these endpoints work with. */
export interface LookupParts {
  readonly context: HomeserverContext;
  readonly store: UserStore;
  readonly hooks: UserHooks;
  readonly deviceStore: DeviceStore;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
  readonly registration: Registration;
  readonly accountData: AccountData;
}

/** What is known of accounts, for administrators (`rest/admin/users.py`). */
export function adminLookupRoutes(users: LookupParts): Route[] {
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

function whois(users: LookupParts, userId: UserId): JsonObject {
  const connections = users.deviceStore
    .sightingsOf(userId)
    .map(({ ip, lastSeen, userAgent }) => ({ ip, last_seen: lastSeen, user_agent: userAgent }));
  return { user_id: userId, devices: { '': { sessions: [{ connections }] } } };
}

function found(userId: UserId | undefined): JsonObject {
  if (userId === undefined) throw new NotFoundError('User not found');
  return { user_id: userId };
}
