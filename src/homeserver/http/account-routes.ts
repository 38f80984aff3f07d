import { type UserServices } from '../users/user-services.js';
import { clientPaths, type Route } from './route.js';

/** The own account (`rest/client/account.py`). */
export function accountRoutes(_users: UserServices): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/account/whoami'),
      handle: async (call) => {
        const { userId, isGuest, deviceId } = await call.requester({ allowGuest: true });
        return { user_id: userId, is_guest: isGuest, ...(deviceId === undefined ? {} : { device_id: deviceId }) };
      },
    },
  ];
}
