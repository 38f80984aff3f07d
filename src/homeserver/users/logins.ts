import { NOT_SPAM } from '../../callbacks/spam-verdict.js';
import { HostError } from '../../errors/host-error.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { JsonObject, MutableJsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import type { UserStore } from '../store/user-store.js';
import { LoginError, noRowFound, userLocked } from '../parity/synapse-errors.js';
import type { CheckedCredentials, CredentialChecker } from './credential-checker.js';
import type { Devices } from './devices.js';
import { missingKeys } from './login-identifier.js';
import type { LoginTokens } from './login-tokens.js';

const TOKEN = 'm.login.token';

/** Where a login comes from. */
export interface LoginOrigin {
  readonly userAgent: string | null;
  readonly ip: string;
}

interface VerifiedLogin extends CheckedCredentials {
  readonly authProviderId: string | null;
}

/** Logs users in (`rest/client/login.py`). */
export class Logins {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly credentials: CredentialChecker,
    private readonly loginTokens: LoginTokens,
    private readonly devices: Devices,
    private readonly limits: RateLimiters,
  ) {}

  /** The answer to `GET /login`. */
  flows(): JsonObject {
    const { enabled } = this.context.config.loginViaExistingSession;
    return {
      flows: [
        ...(enabled ? [{ type: TOKEN, get_login_token: true }] : []),
        ...this.credentials.supportedTypes().map((type) => ({ type })),
        { type: 'm.login.application_service' },
      ],
    };
  }

  /** Logs in by a submission of any type; answers with the response's body, which modules may have changed. */
  async logIn(submission: JsonObject, origin: LoginOrigin): Promise<MutableJsonObject> {
    const { type, refresh_token: refreshToken = false } = submission;
    if (typeof refreshToken !== 'boolean') {
      throw new SynapseError(400, '`refresh_token` should be true or false.');
    }
    if (type === undefined) throw missingKeys();
    await this.limits.loginAddress.check(undefined, { key: origin.ip });
    try {
      const login = await this.verify(submission);
      const response = await this.complete(login, submission, origin, refreshToken);
      const wellKnown = clientWellKnown(this.context);
      return wellKnown === undefined ? response : { ...response, well_known: wellKnown };
    } catch (error) {
      // Synapse takes any KeyError, also one of a module, for a member that the client left out.
      if (error instanceof HostError && error.type === 'KeyError') throw missingKeys();
      throw error;
    }
  }

  private async verify(submission: JsonObject): Promise<VerifiedLogin> {
    if (submission['type'] !== TOKEN) {
      return { ...(await this.credentials.check(submission, { isReauth: false })), authProviderId: null };
    }
    const { token } = submission;
    if (token === undefined) throw missingKeys();
    const { userId, authProviderId } = this.loginTokens.consume(token);
    return { userId, authProviderId, callback: null };
  }

  private async complete(
    { userId, callback, authProviderId }: VerifiedLogin,
    submission: JsonObject,
    { userAgent, ip }: LoginOrigin,
    wantsRefreshToken: boolean,
  ): Promise<MutableJsonObject> {
    await this.limits.loginAccount.check(undefined, { key: userId.toLowerCase() });
    this.checkUsable(userId);
    const { deviceId, displayName } = parseDevice(submission);
    if (deviceId !== null && deviceId.length > 512) {
      throw new LoginError(400, 'device_id cannot be longer than 512 characters.', Codes.INVALID_PARAM);
    }
    const { dispatch, config, clock } = this.context;
    const seen = [[userAgent === '' ? null : userAgent, ip]] as const;
    const verdict = await dispatch.ask(
      'spam_checker',
      'check_login_for_spam',
      userId,
      deviceId,
      displayName,
      seen,
      authProviderId,
    );
    if (verdict !== NOT_SPAM) {
      throw new SynapseError(403, 'Login was blocked by the server', verdict.errcode, verdict.fields);
    }
    const withRefreshToken = wantsRefreshToken && config.refreshableAccessTokenLifetime !== null;
    const device = this.devices.logIn(userId, { deviceId, displayName, withRefreshToken });
    const response: MutableJsonObject = {
      user_id: userId,
      access_token: device.accessToken,
      home_server: this.context.serverName,
      device_id: device.deviceId,
    };
    const type = submission['type'] as string;
    await dispatch.ask('account_validity', 'on_user_login', userId, type, authProviderId);
    if (device.validUntilMs !== null) response['expires_in_ms'] = device.validUntilMs - clock.now();
    if (device.refreshToken !== null) response['refresh_token'] = device.refreshToken;
    if (callback !== null) await callback(response);
    return response;
  }

  private checkUsable(userId: UserId): void {
    const user = this.users.find(userId);
    // A module may name whom it likes.
    if (user === undefined) throw noRowFound('users');
    if (user.isDeactivated) throw new SynapseError(403, 'This account has been deactivated', Codes.USER_DEACTIVATED);
    if (user.isLocked) throw userLocked();
  }
}

/** What `/.well-known/matrix/client` and logins say of this server; undefined when it says nothing. */
function clientWellKnown({ config }: Pick<HomeserverContext, 'config'>): JsonObject | undefined {
  if (!config.serveClientWellknown) return undefined;
  return {
    ...(config.extraWellKnownClientContent as JsonObject),
    'm.homeserver': { base_url: config.publicBaseurl },
    ...(config.defaultIdentityServer === undefined
      ? {}
      : { 'm.identity_server': { base_url: config.defaultIdentityServer } }),
  };
}

/** The device that a login names; what is absent is null, as modules are told. */
export function parseDevice(submission: Readonly<Record<string, unknown>>): {
  readonly deviceId: string | null;
  readonly displayName: string | null;
} {
  const { device_id: deviceId = null, initial_device_display_name: displayName = null } = submission;
  if (deviceId !== null && typeof deviceId !== 'string') {
    throw new LoginError(400, 'device_id must be a string', Codes.INVALID_PARAM);
  }
  if (displayName !== null && typeof displayName !== 'string') {
    throw new LoginError(400, 'initial_device_display_name must be a string', Codes.INVALID_PARAM);
  }
  return { deviceId, displayName };
}
