import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import { invalidToken, NotFoundError } from '../../parity/synapse-errors.js';
import { checkModel, isAuth, requireParams } from '../server/fields.js';
import { clientPaths, oldestVersions, type Call, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { Devices } from '../../users/devices.js';
import type { UiAuth } from '../../users/ui-auth.js';
import type { LoginTokens } from '../../users/login-tokens.js';
import type { Logins } from '../../users/logins.js';
import type { TokenRefresher } from '../../users/token-refresher.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly devices: Devices;
  readonly uiAuth: UiAuth;
  readonly loginTokens: LoginTokens;
  readonly logins: Logins;
  readonly refresher: TokenRefresher;
}

/** Logging in and out (`rest/client/login.py`, `logout.py`, `login_token_request.py`). */
export function loginRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/login', oldestVersions),
      handle: async () => users.logins.flows(),
    },
    {
      method: 'POST',
      paths: clientPaths('/login', oldestVersions),
      handle: async (call) => {
        const body = await call.json();
        // Only an application service could log in so, and there are none here.
        if (body['type'] === 'm.login.application_service') {
          await call.requester();
          throw invalidToken('This login method is only valid for application services');
        }
        return (await users.logins.logIn(body, { ip: call.ip, userAgent: call.userAgent })) as JsonObject;
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/refresh'),
      handle: async (call) => {
        const body = await call.json();
        requireParams(body, ['refresh_token']);
        const token = body['refresh_token'];
        if (typeof token !== 'string') {
          throw new SynapseError(400, 'Invalid param: refresh_token', Codes.INVALID_PARAM);
        }
        return users.refresher.refresh(token);
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/logout', oldestVersions),
      handle: async (call) => {
        const { userId, deviceId, accessTokenId } = await call.requester({ allowExpired: true, allowLocked: true });
        if (deviceId !== undefined) await users.devices.delete(userId, [deviceId]);
        else if (accessTokenId !== undefined) await users.devices.deleteTokenById(accessTokenId);
        return {};
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/logout/all', oldestVersions),
      handle: async (call) => {
        const { userId } = await call.requester({ allowExpired: true, allowLocked: true });
        await users.devices.deleteAll(userId);
        await users.devices.deleteTokens(userId);
        return {};
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/login/get_token', ['v1']),
      handle: (call) => loginTokenForSession(users, call),
    },
  ];
}

/** A login token for another device of the same user (`rest/client/login_token_request.py`). */
async function loginTokenForSession(users: UserParts, call: Call): Promise<JsonObject> {
  const { enabled, requireUiAuth, tokenTimeout } = users.context.config.loginViaExistingSession;
  if (!enabled) throw new NotFoundError('Unrecognized request', Codes.UNRECOGNIZED);
  const requester = await call.requester();
  const body = await call.json();
  checkModel(body, { auth: isAuth });
  if (requireUiAuth) {
    await users.uiAuth.require(requester, uiAuthRequest(call, body, 'grant a new session access to your account'));
  }
  const token = users.loginTokens.create(requester.userId, { duration: tokenTimeout });
  return { login_token: token, expires_in_ms: tokenTimeout };
}
