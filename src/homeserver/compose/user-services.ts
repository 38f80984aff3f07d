import type { UserHooks } from '../users/user-hooks.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import { AccountDataStore, accountDataSchema } from '../store/account-data-store.js';
import { AccountValidityStore, accountValiditySchema } from '../store/account-validity-store.js';
import type { Schema } from '../store/database/database.js';
import { DeviceStore, deviceSchema } from '../store/device-store.js';
import { DirectoryStore } from '../store/directory-store.js';
import { FilterStore, filterSchema } from '../store/filter-store.js';
import { PusherStore, pusherSchema } from '../store/pusher-store.js';
import { PushRuleStore, pushRuleSchema } from '../store/push-rule-store.js';
import { RegistrationTokenStore, registrationTokenSchema } from '../store/registration-token-store.js';
import { ThreepidStore, threepidSchema } from '../store/threepid-store.js';
import { TokenStore, tokenSchema } from '../store/token-store.js';
import { type UserStore, userSchema } from '../store/user-store.js';
import { AccountData } from '../users/account-data.js';
import { AccountValidity } from '../users/account-validity.js';
import { AdminUsers } from '../users/admin-users.js';
import { Authenticator } from '../users/authenticator.js';
import { CredentialChecker } from '../users/credential-checker.js';
import { Deactivation } from '../users/deactivation.js';
import { Devices } from '../users/devices.js';
import { IdentityServers } from '../users/identity-servers.js';
import { LoginTokens } from '../users/login-tokens.js';
import { Logins } from '../users/logins.js';
import { Passwords } from '../users/passwords.js';
import { Profiles } from '../users/profiles.js';
import { PushRules } from '../users/push-rules.js';
import { Registration } from '../users/registration.js';
import { RegistrationTokens } from '../users/registration-tokens.js';
import { SignUp } from '../users/sign-up.js';
import { SingleSignOn } from '../users/sso.js';
import { ThreepidValidation } from '../users/threepid-validation.js';
import { Threepids } from '../users/threepids.js';
import { TokenRefresher } from '../users/token-refresher.js';
import { UiAuth } from '../users/ui-auth.js';
import { UiAuthSessions } from '../users/ui-auth-sessions.js';
import { UserDirectory } from '../users/user-directory.js';

/** The tables of accounts. */
export const userSchemas: readonly Schema[] = [
  userSchema,
  deviceSchema,
  tokenSchema,
  threepidSchema,
  pusherSchema,
  accountDataSchema,
  pushRuleSchema,
  filterSchema,
  accountValiditySchema,
  registrationTokenSchema,
];

/** The services of accounts, made once for each homeserver. */
export class UserServices {
  readonly deviceStore: DeviceStore;
  readonly tokens: TokenStore;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
  readonly filters: FilterStore;
  readonly authenticator: Authenticator;
  readonly validity: AccountValidity;
  readonly identityServers: IdentityServers;
  readonly threepids: Threepids;
  readonly threepidValidation: ThreepidValidation;
  readonly devices: Devices;
  readonly credentials: CredentialChecker;
  readonly passwords: Passwords;
  readonly registrationTokens: RegistrationTokens;
  readonly uiAuth: UiAuth;
  readonly registration: Registration;
  readonly signUp: SignUp;
  readonly loginTokens: LoginTokens;
  readonly logins: Logins;
  readonly refresher: TokenRefresher;
  readonly sso: SingleSignOn;
  readonly profiles: Profiles;
  readonly pushRules: PushRules;
  readonly accountData: AccountData;
  readonly deactivation: Deactivation;
  readonly directory: UserDirectory;
  readonly adminUsers: AdminUsers;

  constructor(
    readonly context: HomeserverContext,
    /** Made before the services, because rate limits and rooms read it too. */
    readonly store: UserStore,
    readonly limits: RateLimiters,
    readonly hooks: UserHooks,
  ) {
    const { database, clock } = context;
    this.deviceStore = new DeviceStore(database);
    this.tokens = new TokenStore(database);
    this.threepidStore = new ThreepidStore(database);
    this.pusherStore = new PusherStore(database);
    this.filters = new FilterStore(database);
    const validityStore = new AccountValidityStore(database);
    this.validity = new AccountValidity(context, validityStore, this.threepidStore);
    this.authenticator = new Authenticator(context, store, this.tokens, this.deviceStore, this.validity);
    this.identityServers = new IdentityServers(context.fetch);
    this.threepids = new Threepids(context, this.threepidStore, this.pusherStore, this.identityServers);
    this.threepidValidation = new ThreepidValidation(context, this.threepidStore);
    this.devices = new Devices(context, this.deviceStore, this.tokens, this.pusherStore, hooks);
    this.credentials = new CredentialChecker(context, store, this.threepidStore, limits);
    this.passwords = new Passwords(context, store, this.credentials, this.devices);
    const sessions = new UiAuthSessions(clock);
    this.registrationTokens = new RegistrationTokens(clock, new RegistrationTokenStore(database), sessions);
    const { tokens, credentials, threepids, registrationTokens } = this;
    this.uiAuth = new UiAuth(context, sessions, store, tokens, credentials, threepids, registrationTokens, limits);
    this.registration = new Registration(context, store, this.authenticator, this.threepids, this.validity, hooks);
    this.signUp = new SignUp(context, this);
    this.loginTokens = new LoginTokens(context, this.tokens);
    this.logins = new Logins(context, store, this.credentials, this.loginTokens, this.devices, limits);
    this.refresher = new TokenRefresher(context, this.tokens);
    this.sso = new SingleSignOn(context, store, this.loginTokens);
    this.profiles = new Profiles(context, store, hooks);
    this.pushRules = new PushRules(context, new PushRuleStore(database));
    this.accountData = new AccountData(context, new AccountDataStore(database), this.pushRules);
    const parts = {
      users: store,
      devices: this.devices,
      threepids: this.threepids,
      threepidStore: this.threepidStore,
      profiles: this.profiles,
      passwords: this.passwords,
      registration: this.registration,
    };
    this.deactivation = new Deactivation(
      context,
      { ...parts, pushers: this.pusherStore, accountData: this.accountData, validity: this.validity },
      hooks,
    );
    this.directory = new UserDirectory(context, store, new DirectoryStore(database));
    this.adminUsers = new AdminUsers(context, { ...parts, devices: this.deviceStore, deactivation: this.deactivation });
  }
  /** Goes on with what the last run left: rooms of closed accounts are left, and what expired meanwhile is forgotten. */
  resume(): void {
    const now = this.context.clock.now();
    const { userIpsMaxAge } = this.context.config;
    if (userIpsMaxAge !== null) this.deviceStore.deleteSightings(now - userIpsMaxAge);
    this.tokens.deleteExpired(now);
    this.deactivation.leaveRooms();
  }
}
