import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import { adminEndpoints } from './admin-request.js';
import { existingTarget } from './admin-target.js';
import { optionalText, requireParams, texts } from '../server/fields.js';
import { type Call, JsonAnswer, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserStore } from '../../store/user-store.js';
import type { UserHooks } from '../../users/user-hooks.js';
import type { DeviceStore } from '../../store/device-store.js';
import type { TokenStore } from '../../store/token-store.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { PusherStore } from '../../store/pusher-store.js';
import type { Devices } from '../../users/devices.js';
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
  readonly devices: Devices;
  readonly passwords: Passwords;
  readonly registration: Registration;
  readonly accountData: AccountData;
  readonly deactivation: Deactivation;
  readonly adminUsers: AdminUsers;
}

const allPath = '/v2/users/:userId/devices';
const onePath = `${allPath}/:deviceId`;

/** Devices, for administrators (`rest/admin/devices.py`). */
export function adminDeviceRoutes(users: UserParts): Route[] {
  const { devices, deviceStore } = users;
  const route = adminEndpoints(users.store);
  const target = (call: Call, refusal = 'Can only lookup local users'): UserId =>
    existingTarget(users, call, refusal, 'Unknown user');
  const deviceOf = (call: Call): string => call.params['deviceId'] ?? '';
  return [
    route('GET', allPath, (call) => {
      const list = deviceStore.ofUser(target(call));
      return { devices: list.map((device) => ({ ...device })), total: list.length };
    }),
    route('POST', allPath, async (call) => {
      const userId = target(call, 'Can only create devices for local users');
      const { device_id: deviceId } = await call.json();
      if (deviceId === undefined || deviceId === null || deviceId === '') {
        throw new SynapseError(400, 'Missing device_id');
      }
      if (typeof deviceId !== 'string') throw new SynapseError(400, 'device_id must be a string');
      devices.register(userId, deviceId, null);
      return new JsonAnswer(201, {});
    }),
    route('GET', onePath, (call) => {
      const userId = target(call);
      devices.get(userId, deviceOf(call));
      return { ...deviceStore.find(userId, deviceOf(call)) };
    }),
    route('PUT', onePath, async (call) => {
      const userId = target(call);
      const body = await call.json({ allowEmpty: true });
      devices.rename(userId, deviceOf(call), optionalText(body, 'display_name'));
      return {};
    }),
    route('DELETE', onePath, async (call) => {
      await devices.delete(target(call), [deviceOf(call)]);
      return {};
    }),
    route('POST', '/v2/users/:userId/delete_devices', async (call) => {
      const userId = target(call);
      const body = await call.json();
      requireParams(body, ['devices']);
      await devices.delete(userId, texts(body, 'devices'));
      return {};
    }),
  ];
}
