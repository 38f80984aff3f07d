import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { roomVersionNames } from '../../rooms/model/room-version.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { parseEmail } from '../../users/email-address.js';
import { checkPasswordPolicy } from '../../users/password-policy.js';
import { type ValidatedThreepid, validatedThreepid } from '../../users/threepids.js';
import { EMAIL_IDENTITY, type UiAuth } from '../../users/ui-auth.js';
import { checkModel, flag, isAuth, isFlag, isText, optionalText, orAbsent, orNull } from '../server/fields.js';
import { type Call, clientPaths, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserHooks } from '../../users/user-hooks.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { CredentialChecker } from '../../users/credential-checker.js';
import type { Passwords } from '../../users/passwords.js';
import type { Deactivation } from '../../users/deactivation.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly hooks: UserHooks;
  readonly threepidStore: ThreepidStore;
  readonly credentials: CredentialChecker;
  readonly passwords: Passwords;
  readonly uiAuth: UiAuth;
  readonly deactivation: Deactivation;
}

/** The own account (`rest/client/account.py`, `openid.py`, `password_policy.py`). */
export function accountRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/account/whoami'),
      handle: async (call) => {
        const { userId, isGuest, deviceId } = await call.requester({ allowGuest: true });
        return { user_id: userId, is_guest: isGuest, ...(deviceId === undefined ? {} : { device_id: deviceId }) };
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/account/password'),
      handle: (call) => changePassword(users, call),
    },
    {
      method: 'POST',
      paths: clientPaths('/account/deactivate'),
      handle: async (call) => {
        const body = await call.json();
        checkModel(body, { auth: isAuth, id_server: orNull(isText), erase: orAbsent(isFlag) });
        const idServer = optionalText(body, 'id_server');
        const erase = flag(body, 'erase', false);
        const requester = await call.requester();
        await users.uiAuth.require(requester, uiAuthRequest(call, body, 'deactivate your account'));
        const isUnbound = await users.deactivation.deactivate(requester.userId, { erase, byAdmin: false, idServer });
        return { id_server_unbind_result: isUnbound ? 'success' : 'no-support' };
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/capabilities'),
      handle: async (call) => {
        await call.requester({ allowGuest: true });
        return { capabilities: capabilities(users) };
      },
    },
    {
      method: 'GET',
      paths: clientPaths('/password_policy'),
      handle: async () => describePolicy(users),
    },
  ];
}

/** What clients can do here (`rest/client/capabilities.py`). */
function capabilities({ context: { config }, credentials, hooks }: UserParts): JsonObject {
  const { maxDelay, maxScheduled } = hooks.delayLimits();
  const disallowed = [
    ...(config.enableSetDisplayname ? [] : ['displayname']),
    ...(config.enableSetAvatarUrl ? [] : ['avatar_url']),
  ];
  return {
    'm.room_versions': {
      default: config.defaultRoomVersion,
      available: Object.fromEntries(roomVersionNames().map((version) => [version, 'stable'])),
    },
    'm.change_password': { enabled: credentials.mayChangePassword() },
    'm.set_displayname': { enabled: config.enableSetDisplayname },
    'm.set_avatar_url': { enabled: config.enableSetAvatarUrl },
    'm.3pid_changes': { enabled: config.enable3pidChanges },
    'm.get_login_token': { enabled: config.loginViaExistingSession.enabled },
    'm.profile_fields': { enabled: true, ...(disallowed.length === 0 ? {} : { disallowed }) },
    'org.matrix.msc4140.delayed_events': { max_delay_ms: maxDelay, max_scheduled: maxScheduled },
  };
}

async function changePassword(users: UserParts, call: Call): Promise<JsonObject> {
  const body = await call.json();
  checkModel(body, { auth: isAuth, logout_devices: orAbsent(isFlag), new_password: orNull(isText) });
  const password = parseNewPassword(body);
  if (password !== null) checkPasswordPolicy(users.context.config.passwordConfig.policy, password);
  const { new_password: _, ...request } = body;
  const { userId, requester, passwordHash, params } = await authorise(users, call, request, password);
  const hash = password === null || password === '' ? passwordHash : await users.passwords.hash(password);
  if (hash === undefined) throw new SynapseError(400, 'Missing params: password', Codes.MISSING_PARAM);
  await users.passwords.set(userId, hash, { logoutDevices: flag(params, 'logout_devices', true), requester });
  return {};
}

/** Lets the user confirm the change: by a login, or without a token by their e-mail address. */
async function authorise(
  users: UserParts,
  call: Call,
  body: JsonObject,
  password: string | null,
): Promise<{
  readonly userId: UserId;
  readonly requester: Requester | undefined;
  readonly passwordHash: string | undefined;
  readonly params: JsonObject;
}> {
  const request = uiAuthRequest(call, body, 'modify your account password');
  const hasToken = call.header('authorization') !== undefined || call.query.has('access_token');
  const requester = hasToken ? await call.requester() : undefined;
  const outcome =
    requester === undefined
      ? await users.uiAuth.check([[EMAIL_IDENTITY]], request)
      : await users.uiAuth.confirm(requester, request);
  if (!outcome.isComplete) {
    // The client need not send the password again with the next stage.
    const { data } = outcome.session;
    if (password !== null && password !== '') data.passwordHash ??= await users.passwords.hash(password);
    throw outcome.error;
  }
  const userId = requester?.userId ?? ownerOf(users, validatedThreepid(outcome.session?.completed[EMAIL_IDENTITY]));
  const params = outcome.params as JsonObject;
  return { userId, requester, passwordHash: outcome.session?.data.passwordHash, params };
}

function ownerOf(users: UserParts, threepid: ValidatedThreepid | undefined): UserId {
  const userId = threepid && users.threepidStore.findUser(threepid.medium, parseEmail(threepid.address));
  if (userId === undefined) throw new NotFoundError('Email address not found');
  return userId;
}

function parseNewPassword(body: JsonObject): string | null {
  const password = optionalText(body, 'new_password');
  if (password === null || password.length <= 512) return password;
  throw new SynapseError(400, 'new_password: String should have at most 512 characters', Codes.BAD_JSON);
}

function describePolicy(users: UserParts): JsonObject {
  const { policy } = users.context.config.passwordConfig;
  if (!policy.enabled) return {};
  return {
    ...(policy.minimumLength === undefined ? {} : { 'm.minimum_length': policy.minimumLength }),
    ...(policy.requireDigit ? { 'm.require_digit': true } : {}),
    ...(policy.requireSymbol ? { 'm.require_symbol': true } : {}),
    ...(policy.requireLowercase ? { 'm.require_lowercase': true } : {}),
    ...(policy.requireUppercase ? { 'm.require_uppercase': true } : {}),
  };
}
