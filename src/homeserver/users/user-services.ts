import { type HomeserverContext } from '../context.js';
import { type Mailer } from '../mailer.js';
import { type RateLimiters } from '../rate-limiters.js';
import { DeviceStore, deviceSchema } from '../store/device-store.js';
import { type Schema } from '../store/database.js';
import { PusherStore, pusherSchema } from '../store/pusher-store.js';
import { ThreepidStore, threepidSchema } from '../store/threepid-store.js';
import { TokenStore, tokenSchema } from '../store/token-store.js';
import { type UserStore, userSchema } from '../store/user-store.js';
import { Authenticator } from './authenticator.js';
import { CredentialChecker } from './credential-checker.js';
import { Devices } from './devices.js';
import { IdentityServers } from './identity-servers.js';
import { LoginTokens } from './login-tokens.js';
import { Logins } from './logins.js';
import { type ProfileHooks, Profiles } from './profiles.js';
import { Registration, type RegistrationHooks } from './registration.js';
import { SignUp } from './sign-up.js';
import { Threepids } from './threepids.js';
import { TokenRefresher } from './token-refresher.js';
import { UiAuth } from './ui-auth.js';
import { UiAuthSessions } from './ui-auth-sessions.js';

/** The tables of accounts. */
export const userSchemas: readonly Schema[] = [userSchema, deviceSchema, tokenSchema, threepidSchema, pusherSchema];

/** What accounts need of the rest of the homeserver. */
export interface UserHooks extends RegistrationHooks, ProfileHooks {
  /** Sends mail; absent without a mail server. */
  readonly mailer?: Mailer | undefined;
}

/** The services of accounts, made once for each homeserver. */
export class UserServices {
  readonly deviceStore: DeviceStore;
  readonly tokens: TokenStore;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
  readonly authenticator: Authenticator;
  readonly threepids: Threepids;
  readonly devices: Devices;
  readonly credentials: CredentialChecker;
  readonly uiAuth: UiAuth;
  readonly registration: Registration;
  readonly signUp: SignUp;
  readonly loginTokens: LoginTokens;
  readonly logins: Logins;
  readonly refresher: TokenRefresher;
  readonly profiles: Profiles;

  constructor(
    readonly context: HomeserverContext,
    /** Made before the services, because rate limits and rooms read it too. */
    readonly store: UserStore,
    readonly limits: RateLimiters,
    hooks: UserHooks,
  ) {
    const { database, clock } = context;
    this.deviceStore = new DeviceStore(database);
    this.tokens = new TokenStore(database);
    this.threepidStore = new ThreepidStore(database);
    this.pusherStore = new PusherStore(database);
    this.authenticator = new Authenticator(context, store, this.tokens, this.deviceStore);
    this.threepids = new Threepids(context, this.threepidStore, this.pusherStore, new IdentityServers());
    this.devices = new Devices(context, this.deviceStore, this.tokens, this.pusherStore);
    this.credentials = new CredentialChecker(context, store, this.threepidStore);
    this.uiAuth = new UiAuth(context, new UiAuthSessions(clock), store, this.tokens, this.credentials, this.threepids);
    this.registration = new Registration(context, store, this.authenticator, this.threepids, hooks);
    this.signUp = new SignUp(
      context,
      limits,
      this.registration,
      this.uiAuth,
      this.threepids,
      this.threepidStore,
      this.devices,
      this.tokens,
    );
    this.loginTokens = new LoginTokens(context, this.tokens);
    this.logins = new Logins(context, store, this.credentials, this.loginTokens, this.devices);
    this.refresher = new TokenRefresher(context, this.tokens);
    this.profiles = new Profiles(context, store, hooks);
  }
}
