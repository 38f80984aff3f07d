import type { ProfileInfo } from '../callbacks/profile-info.js';
import type { UserId } from '../matrix/ids.js';
import type { Requester } from '../matrix/requester.js';
import type { RegisteredDevice } from './registered-device.js';
import type { ThreepidOfUser, UserInfo, UserIpAndAgent } from './user-info.js';

/** The methods of `ModuleApi` about accounts, logins and profiles. */
export interface UsersApi {
  /**
   * What is known of an account, or null; capitals matter. Synapse: `get_userinfo_by_id`.
   *
   * @example
   * ```ts
   * const account = await api.getUserinfoById(userId);
   * const isGuest = account?.isGuest === true;
   * ```
   */
  readonly getUserinfoById: (userId: UserId) => Promise<UserInfo | null>;

  /**
   * Who makes a request to a web resource, by its access token. At most once for each request.
   *
   * `allowGuest` lets guests pass, `allowExpired` accounts that have expired. Asks `is_user_expired`, and records address
   * and user agent. Synapse: `get_user_by_req`, `api/auth/internal.py`.
   *
   * @throws `InvalidClientCredentialsError` 401 `M_MISSING_TOKEN`, `M_UNKNOWN_TOKEN`; `SynapseError` 401 `M_USER_LOCKED`,
   * 403 `ORG_MATRIX_EXPIRED_ACCOUNT`, 403 `M_GUEST_ACCESS_FORBIDDEN`.
   *
   * @example
   * ```ts
   * const { userId: asking } = await api.getUserByReq(request, { allowGuest: false });
   * ```
   */
  readonly getUserByReq: (
    request: Request,
    options?: { readonly allowGuest?: boolean; readonly allowExpired?: boolean },
  ) => Promise<Requester>;

  /**
   * Whether a user administers this server; false for an unknown one. Synapse: `is_user_admin`.
   *
   * @example
   * ```ts
   * const isAdmin = await api.isUserAdmin(userId);
   * ```
   */
  readonly isUserAdmin: (userId: UserId) => Promise<boolean>;

  /**
   * Makes a user an administrator of this server, or no longer one. Synapse: `set_user_admin`.
   *
   * @throws `SynapseError` 404 for an unknown user.
   *
   * @example
   * ```ts
   * await api.setUserAdmin(userId, true);
   * ```
   */
  readonly setUserAdmin: (userId: UserId, admin: boolean) => Promise<void>;

  /**
   * The user ID for a localpart; a text that begins with `@` is returned as it is. Nothing is checked.
   * Synapse: `get_qualified_user_id`.
   *
   * @example
   * ```ts
   * const bot = await api.getQualifiedUserId('bot');
   * ```
   */
  readonly getQualifiedUserId: (username: string) => Promise<UserId>;

  /**
   * The profile of a local user; both members null for an unknown one. Synapse: `get_profile_for_user`.
   *
   * @example
   * ```ts
   * const { displayName } = await api.getProfileForUser('alice');
   * ```
   */
  readonly getProfileForUser: (localpart: string) => Promise<ProfileInfo>;

  /**
   * The e-mail addresses and phone numbers of an account. Synapse: `get_threepids_for_user`.
   *
   * @example
   * ```ts
   * const mails = (await api.getThreepidsForUser(userId)).filter(({ medium }) => medium === 'email');
   * ```
   */
  readonly getThreepidsForUser: (userId: UserId) => Promise<readonly ThreepidOfUser[]>;

  /**
   * The user ID as it is stored, found without regard to capitals, or null: also when several match and none exactly.
   * Synapse: `check_user_exists`.
   *
   * @example
   * ```ts
   * const stored = await api.checkUserExists(userId);
   * ```
   */
  readonly checkUserExists: (userId: UserId) => Promise<UserId | null>;

  /**
   * Checks that a localpart could be registered. Synapse: `check_username`.
   *
   * @throws `SynapseError` 400 `M_INVALID_USERNAME`, `M_EXCLUSIVE` or `M_USER_IN_USE`.
   *
   * @example
   * ```ts
   * await api.checkUsername('alice');
   * ```
   */
  readonly checkUsername: (username: string) => Promise<void>;

  /**
   * Makes an account without a password and answers with its ID. Asks and tells what a registration does
   * (`check_registration_for_spam`, `on_user_registration`, ...), but not `is_3pid_allowed`. Synapse: `register_user`.
   *
   * @throws As `checkUsername`; `SynapseError` 429 when a spam checker denies.
   *
   * @example
   * ```ts
   * const created = await api.registerUser('alice', { displayname: 'Alice', emails: ['alice@example.org'] });
   * ```
   */
  readonly registerUser: (
    localpart: string,
    options?: {
      /** The localpart when absent. */
      readonly displayname?: string | null;
      readonly emails?: readonly string[];
      readonly admin?: boolean;
    },
  ) => Promise<UserId>;

  /**
   * Makes a device and an access token. Asks nobody, and does not check that the user exists. An existing device gets
   * another token. Synapse: `register_device`.
   *
   * @example
   * ```ts
   * const [deviceId, accessToken] = await api.registerDevice(userId, { initialDisplayName: 'Bot' });
   * ```
   */
  readonly registerDevice: (
    userId: UserId,
    options?: { readonly deviceId?: string; readonly initialDisplayName?: string },
  ) => Promise<RegisteredDevice>;

  /**
   * Makes an account and a device. Synapse: `register`.
   *
   * @deprecated In Synapse, too: use `registerUser` and `registerDevice`.
   *
   * @example
   * ```ts
   * const [created, accessToken] = await api.register('alice', { displayname: 'Alice' });
   * ```
   */
  readonly register: (
    localpart: string,
    options?: { readonly displayname?: string | null; readonly emails?: readonly string[] },
  ) => Promise<readonly [userId: UserId, accessToken: string]>;

  /**
   * Notes that an account is a user of an identity provider; the same again is fine. The provider need not be configured.
   * Synapse: `record_user_external_id`.
   *
   * @throws `HostError` `ExternalIDReuseException` when another account has it.
   *
   * @example
   * ```ts
   * await api.recordUserExternalId('oidc-example', 'alice-at-example', userId);
   * ```
   */
  readonly recordUserExternalId: (
    authProviderId: string,
    remoteUserId: string,
    registeredUserId: UserId,
  ) => Promise<void>;

  /**
   * A token for one login of type `m.login.token`. The user is not checked. Synapse: `create_login_token`.
   *
   * @example
   * ```ts
   * const token = await api.createLoginToken(userId, { durationInMs: 30_000 });
   * ```
   */
  readonly createLoginToken: (
    userId: UserId,
    options?: {
      /** Milliseconds; two minutes when absent. */
      readonly durationInMs?: number;
      /** What `check_login_for_spam` and `on_user_login` are told. */
      readonly authProviderId?: string;
      readonly authProviderSessionId?: string;
    },
  ) => Promise<string>;

  /**
   * Ends an access token, and its device if it has one; tells `on_logged_out`. Synapse: `invalidate_access_token`, which
   * fails in version 1.163.2 for every good token.
   *
   * @throws `InvalidClientCredentialsError` 401 `M_UNKNOWN_TOKEN`.
   *
   * @example
   * ```ts
   * await api.invalidateAccessToken('syt_example');
   * ```
   */
  readonly invalidateAccessToken: (accessToken: string) => Promise<void>;

  /**
   * The clients that a local user was seen with; none for other users. `sinceTs` in milliseconds since 1970.
   * Synapse: `get_user_ip_and_agents`.
   *
   * @example
   * ```ts
   * const lastHour = (await api.getCurrentTimeMsec()) - 3_600_000;
   * const clients = await api.getUserIpAndAgents(userId, { sinceTs: lastHour });
   * ```
   */
  readonly getUserIpAndAgents: (
    userId: UserId,
    options?: { readonly sinceTs?: number },
  ) => Promise<readonly UserIpAndAgent[]>;

  /**
   * Sets the display name of a local user as an administrator would; the empty text removes it. Tells
   * `on_profile_update`; the user's rooms follow in the background. Synapse: `set_displayname`.
   *
   * @throws `SynapseError` 400 for a user of another server and for more than 256 characters.
   *
   * @example
   * ```ts
   * await api.setDisplayname(userId, 'Alice');
   * ```
   */
  readonly setDisplayname: (userId: UserId, newDisplayname: string) => Promise<void>;

  /**
   * The users active within a time (milliseconds since 1970), each with the application service it belongs to or
   * `native`. Empty unless the server counts them. Synapse: `get_monthly_active_users_by_service`.
   *
   * @example
   * ```ts
   * const active = await api.getMonthlyActiveUsersByService({ startTimestamp: 0 });
   * ```
   */
  readonly getMonthlyActiveUsersByService: (options?: {
    readonly startTimestamp?: number;
    readonly endTimestamp?: number;
  }) => Promise<readonly (readonly [serviceId: string, userId: UserId])[]>;

  /**
   * Notes that an identity server knows an address of a user, so that it is unbound when the account is deactivated.
   * Tells nobody. Synapse: `store_remote_3pid_association`.
   *
   * @example
   * ```ts
   * await api.storeRemote3pidAssociation(userId, 'email', 'alice@example.org', 'id.example.org');
   * ```
   */
  readonly storeRemote3pidAssociation: (
    userId: UserId,
    medium: string,
    address: string,
    idServer: string,
  ) => Promise<void>;

  /**
   * Completes a single sign-on. Answers with the response to be returned: a redirect to a client on the whitelist, else a
   * page that asks for confirmation. Tells `on_user_login`. Synapse: `complete_sso_login_async`.
   *
   * @throws `SynapseError` 404 for an unknown user.
   *
   * @example
   * ```ts
   * const response = await api.completeSsoLoginAsync(userId, request, 'https://client.example/', { newUser: true });
   * ```
   */
  readonly completeSsoLoginAsync: (
    registeredUserId: UserId,
    request: Request,
    clientRedirectUrl: string,
    options?: { readonly newUser?: boolean; readonly authProviderId?: string },
  ) => Promise<Response>;
}
