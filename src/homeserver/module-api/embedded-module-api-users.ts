import type { UsersApi } from '../../module-api/users-api.js';
import type { RegisteredDevice } from '../../module-api/registered-device.js';
import type { ThreepidOfUser, UserInfo, UserIpAndAgent } from '../../module-api/user-info.js';
import { HostError } from '../../errors/host-error.js';
import { domainOf, type UserId, userIdOf } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import { originOf } from '../../web/request-origin.js';
import { toUserId } from '../rooms/model/untrusted-ids.js';
import type { User, UserStore } from '../store/user-store.js';
import type { DeviceStore } from '../store/device-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { Authenticator } from '../users/authenticator.js';
import type { Devices } from '../users/devices.js';
import type { Registration } from '../users/registration.js';
import type { Profiles } from '../users/profiles.js';
import type { LoginTokens } from '../users/login-tokens.js';
import type { SingleSignOn } from '../users/sso.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { ProfileInfo } from '../../callbacks/profile-info.js';

interface UserParts {
  readonly deviceStore: DeviceStore;
  readonly threepidStore: ThreepidStore;
  readonly authenticator: Authenticator;
  readonly devices: Devices;
  readonly registration: Registration;
  readonly profiles: Profiles;
  readonly loginTokens: LoginTokens;
  readonly sso: SingleSignOn;
}

/** The parts of a homeserver that {@link ModuleUsers} needs. */
export interface UsersParts {
  readonly context: HomeserverContext;
  readonly userStore: UserStore;
  readonly users: UserParts;
}

/** What `ModuleApi` does with accounts. */
export class ModuleUsers {
  private readonly authenticated = new WeakSet<Request>();

  constructor(private readonly services: UsersParts) {}

  find(userId: UserId): UserInfo | null {
    const user = this.services.userStore.find(userId);
    return user === undefined ? null : infoOf(user);
  }

  async authenticate(request: Request, options: Parameters<UsersApi['getUserByReq']>[1]): Promise<Requester> {
    const parameters = new URL(request.url).searchParams;
    const credentials = {
      authorization: request.headers.get('authorization') ?? undefined,
      accessToken: parameters.get('access_token'),
      userIdParam: parameters.get('user_id'),
      ip: originOf(request)?.ip ?? '127.0.0.1',
      userAgent: request.headers.get('user-agent'),
    };
    const requester = await this.services.users.authenticator.requester(credentials, options);
    if (this.authenticated.has(request)) throw new HostError('AssertionError', 'The request was authenticated before');
    this.authenticated.add(request);
    return requester;
  }

  isAdmin(userId: UserId): boolean {
    return this.services.userStore.isAdmin(userId);
  }

  setAdmin(userId: UserId, isAdmin: boolean): void {
    this.services.userStore.setFlag(toUserId(userId), 'admin', isAdmin);
  }

  qualify(username: string): UserId {
    return (username.startsWith('@') ? username : `@${username}:${this.services.context.serverName}`) as UserId;
  }

  profileOf(localpart: string): ProfileInfo {
    return this.services.userStore.profileOf(userIdOf(localpart, this.services.context.serverName));
  }

  findForLogin(userId: UserId): UserId | null {
    return this.services.userStore.findForLogin(userId)?.userId ?? null;
  }

  checkUsername(username: string): void {
    this.services.users.registration.checkUsername({ localpart: username });
  }

  createLoginToken(...[userId, options = {}]: Parameters<UsersApi['createLoginToken']>): string {
    const { durationInMs: duration, authProviderId, authProviderSessionId } = options;
    return this.services.users.loginTokens.create(userId, { duration, authProviderId, authProviderSessionId });
  }

  bindThreepid(userId: UserId, medium: string, address: string, idServer: string): void {
    this.services.users.threepidStore.bind(userId, medium, address, idServer);
  }

  completeSso(...args: Parameters<UsersApi['completeSsoLoginAsync']>): Promise<Response> {
    const [userId, , clientRedirectUrl, { newUser: isNewUser, authProviderId } = {}] = args;
    return this.services.users.sso.complete({ userId, clientRedirectUrl, isNewUser, authProviderId });
  }

  threepidsOf(userId: UserId): readonly ThreepidOfUser[] {
    return this.services.users.threepidStore.ofUser(userId).map((threepid) => ({
      medium: threepid.medium,
      address: threepid.address,
      validatedAt: threepid.validated_at,
      addedAt: threepid.added_at,
    }));
  }

  async register(localpart: string, options: Parameters<UsersApi['registerUser']>[1] = {}): Promise<UserId> {
    return this.services.users.registration.register({
      localpart,
      displayName: options.displayname ?? null,
      emails: options.emails ?? [],
      isAdmin: options.admin === true,
    });
  }

  addDevice(userId: UserId, options: Parameters<UsersApi['registerDevice']>[1] = {}): RegisteredDevice {
    const device = this.services.users.devices.logIn(toUserId(userId), {
      deviceId: options.deviceId ?? null,
      displayName: options.initialDisplayName ?? null,
    });
    return [device.deviceId, device.accessToken, device.validUntilMs, device.refreshToken];
  }

  recordExternalId(provider: string, externalId: string, userId: UserId): void {
    const { userStore } = this.services;
    const owner = userStore.findByExternalId(provider, externalId);
    if (owner === userId) return;
    if (owner !== undefined) throw new HostError('ExternalIDReuseException', '');
    userStore.addExternalId(provider, externalId, userId);
  }

  async endToken(accessToken: string): Promise<void> {
    const { authenticator, devices } = this.services.users;
    const { userId, deviceId, accessTokenId } = authenticator.requesterOfToken(accessToken);
    if (deviceId !== undefined) await devices.delete(userId, [deviceId]);
    else if (accessTokenId !== undefined) await devices.deleteTokenById(accessTokenId);
  }

  sightingsOf(userId: UserId, { sinceTs = 0 }: { readonly sinceTs?: number } = {}): readonly UserIpAndAgent[] {
    if (!this.isLocal(userId)) return [];
    const sightings = this.services.users.deviceStore.sightingsOf(userId, sinceTs);
    return sightings.map(({ ip, userAgent, lastSeen }) => ({ ip, userAgent, lastSeen }));
  }

  async setDisplayName(userId: UserId, displayName: string): Promise<void> {
    const target = toUserId(userId);
    const change = { target, requester: requesterFor(target), byAdmin: true };
    await this.services.users.profiles.setDisplayName(change, displayName);
  }

  private isLocal(userId: UserId): boolean {
    return domainOf(userId) === this.services.context.serverName;
  }
}

/** Whoever a module acts for (`types/__init__.py: create_requester`). */
export function requesterFor(userId: UserId, authenticatedEntity: string = userId): Requester {
  return { userId, isGuest: false, shadowBanned: false, authenticatedEntity };
}

function infoOf(user: User): UserInfo {
  return {
    userId: user.userId,
    appserviceId: null,
    consentServerNoticeSent: null,
    consentVersion: null,
    consentTs: null,
    userType: user.userType,
    creationTs: user.creationTs,
    isAdmin: user.isAdmin,
    isDeactivated: user.isDeactivated,
    isGuest: user.isGuest,
    isShadowBanned: user.isShadowBanned,
    approved: user.isApproved,
    locked: user.isLocked,
    suspended: user.isSuspended,
  };
}
