import { Codes } from '../../errors/matrix-codes.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RequesterOptions } from './requester-options.js';
import type { AccessToken, TokenStore } from '../store/token-store.js';
import type { DeviceStore } from '../store/device-store.js';
import type { User, UserStore } from '../store/user-store.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import { AuthError, invalidToken, missingToken, userLocked } from '../parity/synapse-errors.js';
import type { AccountValidity } from './account-validity.js';

/** What a request says about who sends it. */
export interface Credentials {
  /** The value of the `Authorization` header. */
  readonly authorization?: string | undefined;
  /** The query parameter `access_token`. */
  readonly accessToken?: string | null | undefined;
  readonly ip: string;
  readonly userAgent: string | null;
}

/** The device of all guests (`api/auth/__init__.py: GUEST_DEVICE_ID`). */
export const guestDeviceId = 'guest_device';

/** A sighting is written once in so many milliseconds (`client_ips.py: LAST_SEEN_GRANULARITY`). */
const sightingInterval = 120_000;

/** Finds out who makes a request (`api/auth/internal.py`). */
export class Authenticator {
  private readonly seen = new BoundedCache<string, number>(5000);

  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly tokens: TokenStore,
    private readonly devices: DeviceStore,
    private readonly validity: AccountValidity,
  ) {}

  /** The requester, or 401 and 403 as Synapse answers them. */
  async requester(credentials: Credentials, options: RequesterOptions = {}): Promise<Requester> {
    const token = accessTokenOf(credentials);
    const { requester, user } = this.identify(token, options.allowExpired === true);
    if (user.isLocked && options.allowLocked !== true) throw userLocked();
    if (options.allowExpired !== true && this.validity.isUsed && (await this.validity.isExpired(requester.userId))) {
      throw new AuthError(403, 'User account has expired', Codes.EXPIRED_ACCOUNT);
    }
    this.recordSighting(token, requester, credentials);
    if (requester.isGuest && options.allowGuest !== true) {
      throw new AuthError(403, 'Guest access not allowed', Codes.GUEST_ACCESS_FORBIDDEN);
    }
    return requester;
  }

  /** The requester that an access token stands for; expired tokens and unknown ones are 401. */
  requesterOfToken(token: string): Requester {
    return this.identify(token, false).requester;
  }

  private identify(text: string, allowExpired: boolean): { readonly requester: Requester; readonly user: User } {
    const token = this.tokens.findAccessToken(text);
    const user = token && this.users.find(token.puppetsUserId ?? token.ownerId);
    if (token === undefined || user === undefined) return this.identifyGuest(text);
    if (token.validUntilMs !== null && !allowExpired && token.validUntilMs < this.context.clock.now()) {
      throw invalidToken('Access token has expired', true);
    }
    if (token.refreshTokenId !== null) this.tokens.markUsed(token);
    return { requester: requesterOf(token, user), user };
  }

  private identifyGuest(text: string): { readonly requester: Requester; readonly user: User } {
    const userId = this.tokens.findGuest(text);
    if (userId === undefined) throw invalidToken('Invalid access token passed.');
    const user = this.users.find(userId);
    if (user === undefined) throw invalidToken(`Unknown user_id ${userId}`);
    if (!user.isGuest) throw invalidToken('Guest access token used for regular user');
    const requester = {
      userId,
      isGuest: true,
      shadowBanned: false,
      deviceId: guestDeviceId,
      authenticatedEntity: userId,
    };
    return { requester, user };
  }

  private recordSighting(accessToken: string, requester: Requester, { ip, userAgent }: Credentials): void {
    const now = this.context.clock.now();
    const key = `${accessToken} ${ip}`;
    const last = this.seen.get(key);
    if (last !== undefined && now - last < sightingInterval) return;
    this.seen.set(key, now);
    // Under the user whose credentials they are: an administrator who acts for another is seen as themselves.
    this.devices.recordSighting(requester.authenticatedEntity, {
      accessToken,
      deviceId: requester.deviceId ?? null,
      ip,
      userAgent: userAgent ?? '',
      lastSeen: now,
    });
  }
}

function requesterOf(token: AccessToken, user: User): Requester {
  return {
    userId: user.userId,
    isGuest: user.isGuest,
    shadowBanned: user.isShadowBanned,
    ...(token.deviceId === null ? {} : { deviceId: token.deviceId }),
    accessTokenId: token.id,
    authenticatedEntity: token.ownerId,
  };
}

function accessTokenOf({ authorization, accessToken }: Credentials): string {
  if (authorization === undefined) {
    if (accessToken === undefined || accessToken === null) throw missingToken();
    return accessToken;
  }
  if (accessToken !== undefined && accessToken !== null) {
    throw missingToken('Mixing Authorization headers and access_token query parameters.');
  }
  const [scheme, token, ...more] = authorization.split(' ');
  if (scheme !== 'Bearer' || token === undefined || more.length > 0) {
    throw missingToken('Invalid Authorization header.');
  }
  return token;
}
