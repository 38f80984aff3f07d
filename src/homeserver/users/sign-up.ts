import { isTruthy } from '../../callbacks/truthiness.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { TokenStore } from '../store/token-store.js';
import { guestDeviceId } from './authenticator.js';
import type { Devices } from './devices.js';
import { canonicalEmail } from './email-address.js';
import { parseDevice } from './logins.js';
import type { Passwords } from './passwords.js';
import { checkPasswordPolicy } from './password-policy.js';
import type { Registration } from './registration.js';
import { registrationFlows } from './registration-flows.js';
import type { RegistrationTokens } from './registration-tokens.js';
import { type Threepids, type ValidatedThreepid, validatedThreepid } from './threepids.js';
import { randomLetters } from '../runtime/random-letters.js';
import { EMAIL_IDENTITY, MSISDN, type UiAuth, type UiAuthRequest, type UiAuthResult } from './ui-auth.js';

/** What a registration is told apart from its body. */
export type SignUpRequest = Omit<UiAuthRequest, 'description'>;

interface Parts {
  readonly limits: RateLimiters;
  readonly registration: Registration;
  readonly registrationTokens: RegistrationTokens;
  readonly uiAuth: UiAuth;
  readonly threepids: Threepids;
  readonly threepidStore: ThreepidStore;
  readonly devices: Devices;
  readonly tokens: TokenStore;
  readonly passwords: Passwords;
}

/** Registration by the user themselves (`rest/client/register.py: RegisterRestServlet`). */
export class SignUp {
  private readonly limits: RateLimiters;
  private readonly registration: Registration;
  private readonly registrationTokens: RegistrationTokens;
  private readonly uiAuth: UiAuth;
  private readonly threepids: Threepids;
  private readonly threepidStore: ThreepidStore;
  private readonly devices: Devices;
  private readonly tokens: TokenStore;
  private readonly passwords: Passwords;

  constructor(
    private readonly context: HomeserverContext,
    parts: Parts,
  ) {
    this.limits = parts.limits;
    this.registration = parts.registration;
    this.registrationTokens = parts.registrationTokens;
    this.uiAuth = parts.uiAuth;
    this.threepids = parts.threepids;
    this.threepidStore = parts.threepidStore;
    this.devices = parts.devices;
    this.tokens = parts.tokens;
    this.passwords = parts.passwords;
  }

  /** Makes a guest; answers with the response's body. */
  async asGuest(body: JsonObject, ip: string): Promise<JsonObject> {
    await this.limits.registration.check(undefined, { key: ip, update: false });
    if (!this.context.config.allowGuestAccess) throw new SynapseError(403, 'Guest access is disabled');
    const { displayName } = parseDevice({ initial_device_display_name: body['initial_device_display_name'] });
    await this.limits.registration.check(undefined, { key: ip });
    const userId = await this.registration.register({ isGuest: true });
    const deviceId = this.devices.register(userId, guestDeviceId, displayName);
    const accessToken = `guest_${randomLetters(40)}`;
    this.tokens.addGuestToken(accessToken, userId);
    return { user_id: userId, device_id: deviceId, access_token: accessToken, home_server: this.context.serverName };
  }

  /** Makes an ordinary account once a flow is complete, 401 before; answers with the response's body. */
  async asUser(request: SignUpRequest): Promise<JsonObject> {
    await this.limits.registration.check(undefined, { key: request.ip, update: false });
    const { body } = request;
    const wanted = this.parse(body);
    const withRefreshToken = wanted.refreshToken && this.context.config.refreshableAccessTokenLifetime !== null;
    const known = this.knownSession(body);
    if (wanted.username !== null) {
      this.registration.checkUsername({
        localpart: wanted.username,
        guestAccessToken: parseGuestToken(body),
        assignedUserId: known?.registeredUserId,
        inhibitUserInUseError: this.context.config.inhibitUserInUseError,
      });
    }
    const outcome = await this.uiAuth.check(registrationFlows(this.context.config), {
      ...request,
      description: 'register a new account',
    });
    const { data } = outcome.session;
    if (!outcome.isComplete) {
      // The client need not send the password again with the next stage.
      if (data.passwordHash === undefined && wanted.password !== null) {
        data.passwordHash = await this.passwords.hash(wanted.password);
      }
      throw outcome.error;
    }
    const threepids = await this.provenThreepids(outcome.results);
    const already = data.registeredUserId;
    const userId = already ?? (await this.register(outcome, wanted.password, request.ip, threepids));
    data.registeredUserId = userId;
    const response = this.details(userId, outcome.params, withRefreshToken);
    if (already === undefined) {
      this.registrationTokens.complete(outcome.session);
      for (const threepid of threepids) await this.threepids.add(userId, threepid);
    }
    return response;
  }

  /** The response of a registration: a login unless the client wants none. */
  details(userId: UserId, params: MutableJsonObject, withRefreshToken: boolean): JsonObject {
    const response = { user_id: userId, home_server: this.context.serverName };
    if (isTruthy(params['inhibit_login'])) return response;
    const { deviceId, displayName } = parseDevice(params);
    const device = this.devices.logIn(userId, { deviceId, displayName, withRefreshToken });
    return {
      ...response,
      access_token: device.accessToken,
      device_id: device.deviceId,
      ...(device.validUntilMs === null ? {} : { expires_in_ms: device.validUntilMs - this.context.clock.now() }),
      ...(device.refreshToken === null ? {} : { refresh_token: device.refreshToken }),
    };
  }

  private parse(body: MutableJsonObject): {
    readonly username: string | null;
    readonly password: string | null;
    readonly refreshToken: boolean;
  } {
    const { refresh_token: refreshToken = false } = body;
    if (typeof refreshToken !== 'boolean') {
      throw new SynapseError(400, '`refresh_token` should be true or false.');
    }
    const username = 'username' in body ? parseShortText(body['username'], 'Invalid username') : null;
    if (!this.context.config.enableRegistration) {
      throw new SynapseError(403, 'Registration has been disabled', Codes.FORBIDDEN);
    }
    const password = this.takePassword(body);
    parseGuestToken(body);
    parseDevice(body);
    return { username: username?.toLowerCase() ?? null, password, refreshToken };
  }

  /** Takes the password out of the body: modules do not get it. */
  private takePassword(body: MutableJsonObject): string | null {
    const { password: given = null } = body;
    delete body['password'];
    if (given === null) {
      // A client of old sent the name alone with the last stage; it would replace what it sent at first.
      delete body['initial_device_display_name'];
      return null;
    }
    const password = parseShortText(given, 'Invalid password');
    checkPasswordPolicy(this.context.config.passwordConfig.policy, password);
    return password;
  }

  private knownSession(body: MutableJsonObject): { readonly registeredUserId?: UserId } | undefined {
    const { auth } = body;
    const id = isJsonObject(auth) ? auth['session'] : undefined;
    return typeof id === 'string' && id !== '' ? this.uiAuth.dataOf(id) : undefined;
  }

  /** The addresses that the flow proved, all of which must be allowed here. */
  private async provenThreepids(results: MutableJsonObject): Promise<readonly ValidatedThreepid[]> {
    const threepids: ValidatedThreepid[] = [];
    for (const stage of [EMAIL_IDENTITY, MSISDN]) {
      const threepid = validatedThreepid(results[stage]);
      if (threepid === undefined) continue;
      if (!(await this.threepids.isAllowed(threepid.medium, threepid.address, true))) {
        const message = 'Third party identifiers (email/phone numbers) are not authorized on this server';
        throw new SynapseError(403, message, Codes.THREEPID_DENIED);
      }
      threepids.push(threepid);
    }
    return threepids;
  }

  private async register(
    { session, results, params }: UiAuthResult,
    password: string | null,
    ip: string,
    threepids: readonly ValidatedThreepid[],
  ): Promise<UserId> {
    const passwordHash =
      password === null || password === '' ? session.data.passwordHash : await this.passwords.hash(password);
    if (passwordHash === undefined) throw new SynapseError(400, 'Missing params: password', Codes.MISSING_PARAM);
    const { dispatch } = this.context;
    const chosen = await dispatch.ask('password_auth_provider', 'get_username_for_registration', results, params);
    const localpart = (chosen ?? parseParamUsername(params))?.toLowerCase() ?? null;
    this.checkUnused(threepids);
    const displayName = await dispatch.ask(
      'password_auth_provider',
      'get_displayname_for_registration',
      results,
      params,
    );
    await this.limits.registration.check(undefined, { key: ip });
    return this.registration.register({
      localpart,
      passwordHash,
      guestAccessToken: parseGuestToken(params),
      threepid: (results[EMAIL_IDENTITY] as JsonObject | undefined) ?? null,
      displayName: displayName ?? null,
      requestInfo: session.seen,
    });
  }

  private checkUnused(threepids: readonly ValidatedThreepid[]): void {
    for (const { medium, address } of threepids) {
      if (this.threepidStore.findUser(medium, medium === 'email' ? canonicalEmail(address) : address) !== undefined) {
        throw new SynapseError(400, `${medium} is already in use`, Codes.THREEPID_IN_USE);
      }
    }
  }
}

function parseGuestToken(body: MutableJsonObject): string | null {
  const { guest_access_token: token = null } = body;
  if (token === null || typeof token === 'string') return token;
  throw new SynapseError(400, 'guest_access_token must be a string', Codes.INVALID_PARAM);
}

/** The name of the request; a module may have changed the parameters. */
function parseParamUsername({ username }: MutableJsonObject): string | null {
  return username === undefined || username === null ? null : parseShortText(username, 'Invalid username');
}

function parseShortText(value: unknown, problem: string): string {
  if (typeof value === 'string' && value.length <= 512) return value;
  throw new SynapseError(400, problem);
}
