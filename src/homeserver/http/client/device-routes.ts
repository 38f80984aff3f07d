import { SynapseError } from '../../../errors/synapse-error.js';
import { Codes } from '../../../errors/matrix-codes.js';
import type { JsonObject } from '../../../matrix/json.js';
import { checkModel, isAuth, isTexts, optionalText, texts } from '../server/fields.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';
import type { Devices } from '../../users/devices.js';
import type { UiAuth } from '../../users/ui-auth.js';

interface UserParts {
  readonly devices: Devices;
  readonly uiAuth: UiAuth;
}

/** The own devices (`rest/client/devices.py`). */
export function deviceRoutes(users: UserParts): Route[] {
  const { devices, uiAuth } = users;
  return [
    {
      method: 'GET',
      paths: clientPaths('/devices'),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: true });
        return { devices: devices.list(userId) };
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/devices/:deviceId'),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: true });
        return devices.get(userId, deviceOf(call));
      },
    },
    {
      method: 'PUT',
      paths: clientPaths('/devices/:deviceId'),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: true });
        devices.rename(userId, deviceOf(call), optionalText(await call.json(), 'display_name'));
        return {};
      },
    },
    {
      method: 'DELETE',
      paths: clientPaths('/devices/:deviceId'),
      handle: async (call) => {
        const requester = await call.requester();
        const body = await jsonOrNothing(call);
        checkModel(body, { auth: isAuth });
        const request = uiAuthRequest(call, body, 'remove a device from your account');
        await uiAuth.require(requester, request, { maySkip: true });
        await devices.delete(requester.userId, [deviceOf(call)]);
        return {};
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/delete_devices'),
      handle: async (call) => {
        const requester = await call.requester();
        const body = await jsonOrNothing(call);
        checkModel(body, { auth: isAuth, devices: isTexts });
        const ids = texts(body, 'devices');
        const request = uiAuthRequest(call, body, 'remove device(s) from your account');
        await uiAuth.require(requester, request, { maySkip: true });
        await devices.delete(requester.userId, ids);
        return {};
      },
    },
  ];
}

function deviceOf(call: Call): string {
  return call.params['deviceId'] ?? '';
}

/** The body; one that is no JSON counts as empty, because clients send none with DELETE. */
async function jsonOrNothing(call: Call): Promise<JsonObject> {
  try {
    return await call.json();
  } catch (error) {
    if (error instanceof SynapseError && error.errcode === Codes.NOT_JSON.value) return {};
    throw error;
  }
}
