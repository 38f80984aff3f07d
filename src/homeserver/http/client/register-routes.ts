import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import { invalidToken, UnrecognizedRequestError } from '../../parity/synapse-errors.js';
import { checkModel, isAuth } from '../server/fields.js';
import { queryString, requiredQueryString } from '../server/query.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { RegistrationTokens } from '../../users/registration-tokens.js';
import type { Registration } from '../../users/registration.js';
import type { SignUp } from '../../users/sign-up.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly limits: RateLimiters;
  readonly registrationTokens: RegistrationTokens;
  readonly registration: Registration;
  readonly signUp: SignUp;
}

/** Registration (`rest/client/register.py`). */
export function registerRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'POST',
      paths: clientPaths('/register'),
      handle: (call) => register(users, call),
    },
    {
      method: 'GET',
      paths: clientPaths('/register/available'),
      handle: async (call) => {
        const { enableRegistration, inhibitUserInUseError } = users.context.config;
        if (!enableRegistration) throw new SynapseError(403, 'Registration has been disabled', Codes.FORBIDDEN);
        if (inhibitUserInUseError) return { available: true };
        users.registration.checkUsername({ localpart: requiredQueryString(call.query, 'username') });
        return { available: true };
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/register/m.login.registration_token/validity', ['v1']),
      handle: async (call) => {
        await users.limits.registrationTokenValidity.check(undefined, { key: call.ip });
        if (!users.context.config.enableRegistration) {
          throw new SynapseError(403, 'Registration has been disabled', Codes.FORBIDDEN);
        }
        return { valid: users.registrationTokens.isValid(requiredQueryString(call.query, 'token')) };
      },
    },
  ];
}

async function register(users: UserParts, call: Call): Promise<JsonObject> {
  const body = await call.json();
  checkModel(body, { auth: isAuth });
  const kind = queryString(call.query, 'kind') ?? 'user';
  if (kind === 'guest') return users.signUp.asGuest(body, call.ip);
  if (kind !== 'user') throw new UnrecognizedRequestError(`Do not understand membership kind: ${kind}`);
  const hasToken = call.header('authorization') !== undefined || call.query.has('access_token');
  if (body['type'] === 'm.login.application_service') {
    const message = 'Appservice token must be provided when using a type of m.login.application_service';
    throw hasToken ? invalidToken() : new SynapseError(400, message);
  }
  if (hasToken) {
    const message =
      'An access token should not be provided on requests to /register (except if type is m.login.application_service)';
    throw new SynapseError(400, message);
  }
  return users.signUp.asUser(uiAuthRequest(call, body, ''));
}
