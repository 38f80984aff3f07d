import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { UserServices } from '../users/user-services.js';
import { adminRequester } from './admin-request.js';
import { existingTarget } from './admin-user-routes.js';
import { optionalText, requireParams, texts } from './fields.js';
import { type Call, JsonAnswer, type Route } from './route.js';

const allPaths = ['/_synapse/admin/v2/users/:userId/devices'];
const onePaths = ['/_synapse/admin/v2/users/:userId/devices/:deviceId'];

/** Devices, for administrators (`rest/admin/devices.py`). */
export function adminDeviceRoutes(users: UserServices): Route[] {
  const { devices, deviceStore } = users;
  const target = async (call: Call, refusal = 'Can only lookup local users'): Promise<UserId> => {
    await adminRequester(users.store, call);
    return existingTarget(users, call, refusal, 'Unknown user');
  };
  const deviceOf = (call: Call): string => call.params['deviceId'] ?? '';
  return [
    {
      method: 'GET',
      paths: allPaths,
      handle: async (call) => {
        const list = deviceStore.ofUser(await target(call));
        return { devices: list.map((device) => ({ ...device })), total: list.length };
      },
    },
    {
      method: 'POST',
      paths: allPaths,
      handle: async (call) => {
        const userId = await target(call, 'Can only create devices for local users');
        const { device_id: deviceId } = await call.json();
        if (deviceId === undefined || deviceId === null || deviceId === '') {
          throw new SynapseError(400, 'Missing device_id');
        }
        if (typeof deviceId !== 'string') throw new SynapseError(400, 'device_id must be a string');
        devices.register(userId, deviceId, null);
        return new JsonAnswer(201, {});
      },
    },
    {
      method: 'GET',
      paths: onePaths,
      handle: async (call) => {
        const userId = await target(call);
        devices.get(userId, deviceOf(call));
        return { ...deviceStore.find(userId, deviceOf(call)) };
      },
    },
    {
      method: 'PUT',
      paths: onePaths,
      handle: async (call) => {
        const userId = await target(call);
        const body = await call.json({ allowEmpty: true });
        devices.rename(userId, deviceOf(call), optionalText(body, 'display_name'));
        return {};
      },
    },
    {
      method: 'DELETE',
      paths: onePaths,
      handle: async (call) => {
        await devices.delete(await target(call), [deviceOf(call)]);
        return {};
      },
    },
    {
      method: 'POST',
      paths: ['/_synapse/admin/v2/users/:userId/delete_devices'],
      handle: async (call) => {
        const userId = await target(call);
        const body = await call.json();
        requireParams(body, ['devices']);
        await devices.delete(userId, texts(body, 'devices'));
        return {};
      },
    },
  ];
}
