import {
  AccountThreepidDelegates,
  AccountValidityConfig,
  type AllowedThreepid,
  AutoAcceptInvitesConfig,
  BackgroundUpdatesConfig,
  type EmailConfig,
  type InviteRateLimits,
  type JoinRateLimits,
  ListenerConfig,
  type LoginRateLimits,
  LoginViaExistingSessionConfig,
  MediaRetentionConfig,
  type MediaUploadLimitConfig,
  PasswordConfig,
  PresenceConfig,
  type PresenceRateLimits,
  PushConfig,
  type RateLimit,
  RetentionConfig,
  type RoomDirectoryRule,
  RoomPrejoinStateConfig,
  type ServerNoticesConfig,
  SsoConfig,
  StatsConfig,
  TemplatesConfig,
  type ThumbnailSize,
  UiAuthConfig,
  UserDirectoryConfig,
  UserTypesConfig,
} from './homeserver-sections.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const MEBIBYTE = 1_048_576;

/**
 * What the embedded homeserver reads of homeserver.yaml, under the camelCase of Synapse's names and with Synapse's defaults.
 * Only these differ, so that a development server is usable as it comes: everybody may register, nothing is rate limited
 * unless its `rc_*` key is set, the database is in memory, and it listens on this machine only.
 * Durations are milliseconds, sizes bytes. `undefined` is "not set".
 */
export class HomeserverConfig {
  readonly serverName: string = 'localhost';
  /** With a slash at its end; made from the server name when not set. */
  readonly publicBaseurl: string;
  /** `/.well-known/matrix/client` is served when `public_baseurl` was set. */
  readonly serveClientWellknown: boolean;
  readonly extraWellKnownClientContent: Readonly<Record<string, unknown>> = {};
  readonly serveServerWellknown: boolean = false;
  readonly webClientLocation: string | undefined = undefined;
  readonly listeners: readonly ListenerConfig[] = [new ListenerConfig()];
  /** A SQLite file (as written: relative to the configuration file), or `:memory:`. */
  readonly databasePath: string = ':memory:';
  readonly signingKeyPath: string | undefined = undefined;
  readonly workerName: string | undefined = undefined;
  readonly workerApp: string | undefined = undefined;
  readonly adminContact: string | undefined = undefined;
  readonly hsDisabled: boolean = false;
  readonly hsDisabledMessage: string = '';
  readonly experimentalFeatures: Readonly<Record<string, unknown>> = {};
  readonly templates: TemplatesConfig = new TemplatesConfig();
  readonly stats: StatsConfig = new StatsConfig();
  readonly backgroundUpdates: BackgroundUpdatesConfig = new BackgroundUpdatesConfig();

  // registration and login
  readonly enableRegistration: boolean = true;
  readonly enableRegistrationWithoutVerification: boolean = true;
  readonly enableRegistrationCaptcha: boolean = false;
  readonly registrationRequiresToken: boolean = false;
  readonly enableRegistrationToken3pidBypass: boolean = false;
  readonly registrationSharedSecret: string | undefined = undefined;
  readonly registrationsRequire3pid: readonly string[] = [];
  readonly disableMsisdnRegistration: boolean = false;
  readonly allowedLocal3pids: readonly AllowedThreepid[] = [];
  readonly accountThreepidDelegates: AccountThreepidDelegates = new AccountThreepidDelegates();
  readonly enable3pidLookup: boolean = true;
  readonly enable3pidChanges: boolean = true;
  readonly defaultIdentityServer: string | undefined = undefined;
  readonly requestTokenInhibit3pidErrors: boolean = false;
  readonly nextLinkDomainWhitelist: readonly string[] | undefined = undefined;
  readonly inhibitUserInUseError: boolean = false;
  readonly allowUnderscorePrefixedLocalpart: boolean = false;
  readonly allowGuestAccess: boolean = false;
  readonly bcryptRounds: number = 12;
  readonly passwordConfig: PasswordConfig = new PasswordConfig();
  readonly uiAuth: UiAuthConfig = new UiAuthConfig();
  readonly loginViaExistingSession: LoginViaExistingSessionConfig = new LoginViaExistingSessionConfig();
  readonly sso: SsoConfig = new SsoConfig();
  readonly sessionLifetime: number | undefined = undefined;
  /** null: refresh tokens are off. */
  readonly refreshableAccessTokenLifetime: number | null = 5 * MINUTE;
  readonly nonrefreshableAccessTokenLifetime: number | undefined = undefined;
  readonly refreshTokenLifetime: number | undefined = undefined;
  readonly deleteStaleDevicesAfter: number | undefined = undefined;
  /** null: kept for ever. */
  readonly userIpsMaxAge: number | null = 28 * DAY;
  readonly macaroonSecretKey: string | undefined = undefined;
  readonly formSecret: string | undefined = undefined;
  readonly accountValidity: AccountValidityConfig = new AccountValidityConfig();
  readonly useAccountValidityInAccountStatus: boolean = false;
  readonly userTypes: UserTypesConfig = new UserTypesConfig();
  /** undefined: the section is not there, no mail is sent. */
  readonly email: EmailConfig | undefined = undefined;

  // profiles, directories, presence
  readonly enableSetDisplayname: boolean = true;
  readonly enableSetAvatarUrl: boolean = true;
  readonly maxAvatarSize: number | undefined = undefined;
  readonly allowedAvatarMimetypes: readonly string[] | undefined = undefined;
  readonly requireAuthForProfileRequests: boolean = false;
  readonly limitProfileRequestsToUsersWhoShareRooms: boolean = false;
  readonly includeProfileDataOnInvite: boolean = true;
  readonly includeProfileUpdatesInSync: boolean = false;
  readonly allowPerRoomProfiles: boolean = true;
  readonly allowProfileLookupOverFederation: boolean = true;
  readonly userDirectory: UserDirectoryConfig = new UserDirectoryConfig();
  readonly allowPublicRoomsWithoutAuth: boolean = false;
  readonly allowPublicRoomsOverFederation: boolean = false;
  readonly enableRoomListSearch: boolean = true;
  /** Without a rule that matches, an alias may not be created. */
  readonly aliasCreationRules: readonly RoomDirectoryRule[] = [
    { userId: '*', roomId: '*', alias: '*', action: 'allow' },
  ];
  /** Without a rule that matches, a room may not be published. */
  readonly roomListPublicationRules: readonly RoomDirectoryRule[] = [];
  readonly presence: PresenceConfig = new PresenceConfig();
  readonly push: PushConfig = new PushConfig();

  // rooms
  readonly defaultRoomVersion: string = '12';
  readonly encryptionEnabledByDefaultForRoomType: 'all' | 'invite' | 'off' = 'off';
  /** Preset name to overrides of the power levels of new rooms. */
  readonly defaultPowerLevelContentOverride: Readonly<Record<string, Readonly<Record<string, unknown>> | null>> = {};
  readonly forgetRoomsOnLeave: boolean = false;
  readonly autoJoinRooms: readonly string[] = [];
  readonly autocreateAutoJoinRooms: boolean = true;
  readonly autocreateAutoJoinRoomsFederated: boolean = true;
  readonly autocreateAutoJoinRoomPreset: 'public_chat' | 'private_chat' | 'trusted_private_chat' = 'public_chat';
  readonly autoJoinMxidLocalpart: string | undefined = undefined;
  readonly autoJoinRoomsForGuests: boolean = true;
  readonly autoAcceptInvites: AutoAcceptInvitesConfig = new AutoAcceptInvitesConfig();
  readonly requireMembershipForAliases: boolean = true;
  readonly blockNonAdminInvites: boolean = false;
  readonly roomPrejoinState: RoomPrejoinStateConfig = new RoomPrejoinStateConfig();
  readonly redactionRetentionPeriod: number | null = 7 * DAY;
  readonly redactionAllowedPeriod: number | undefined = undefined;
  readonly forgottenRoomRetentionPeriod: number | undefined = undefined;
  readonly retention: RetentionConfig = new RetentionConfig();
  readonly enableEphemeralMessages: boolean = false;
  readonly enableSearch: boolean = true;
  readonly filterTimelineLimit: number = 100;
  readonly excludeRoomsFromSync: readonly string[] = [];
  readonly maxEventDelayDuration: number | undefined = undefined;
  /** undefined: no notices from the server. */
  readonly serverNotices: ServerNoticesConfig | undefined = undefined;

  // media
  readonly enableMediaRepo: boolean = true;
  /** undefined: uploads live and die with the process unless the database is a file, then beside it. */
  readonly mediaStorePath: string | undefined = undefined;
  readonly maxUploadSize: number = 50 * MEBIBYTE;
  readonly maxImagePixels: number = 32 * MEBIBYTE;
  readonly maxPendingMediaUploads: number = 5;
  readonly unusedExpirationTime: number = DAY;
  readonly mediaUploadLimits: readonly MediaUploadLimitConfig[] = [];
  readonly mediaRetention: MediaRetentionConfig = new MediaRetentionConfig();
  readonly preventMediaDownloadsFrom: readonly string[] = [];
  readonly enableAuthenticatedMedia: boolean = true;
  readonly dynamicThumbnails: boolean = false;
  readonly thumbnailSizes: readonly ThumbnailSize[] = [
    { width: 32, height: 32, method: 'crop' },
    { width: 96, height: 96, method: 'crop' },
    { width: 320, height: 240, method: 'scale' },
    { width: 640, height: 480, method: 'scale' },
    { width: 800, height: 600, method: 'scale' },
  ];
  readonly urlPreviewEnabled: boolean = false;

  // TURN
  readonly turnUris: readonly string[] = [];
  readonly turnSharedSecret: string | undefined = undefined;
  readonly turnUsername: string | undefined = undefined;
  readonly turnPassword: string | undefined = undefined;
  readonly turnUserLifetime: number = 3_600_000;
  readonly turnAllowGuests: boolean = true;

  // rate limits: undefined is no limit; what a set key leaves out has Synapse's default
  readonly rcMessage: RateLimit | undefined = undefined;
  readonly rcRegistration: RateLimit | undefined = undefined;
  readonly rcRegistrationTokenValidity: RateLimit | undefined = undefined;
  readonly rcLogin: LoginRateLimits | undefined = undefined;
  readonly rcAdminRedaction: RateLimit | undefined = undefined;
  readonly rcJoins: JoinRateLimits | undefined = undefined;
  readonly rcJoinsPerRoom: RateLimit | undefined = undefined;
  readonly rcKeyRequests: RateLimit | undefined = undefined;
  readonly rc3pidValidation: RateLimit | undefined = undefined;
  readonly rcInvites: InviteRateLimits | undefined = undefined;
  readonly rcThirdPartyInvite: RateLimit | undefined = undefined;
  readonly rcMediaCreate: RateLimit | undefined = undefined;
  readonly rcPresence: PresenceRateLimits | undefined = undefined;
  readonly rcDelayedEventMgmt: RateLimit | undefined = undefined;
  readonly rcRoomCreation: RateLimit | undefined = undefined;
  readonly rcReports: RateLimit | undefined = undefined;
  readonly rcUserDirectory: RateLimit | undefined = undefined;
  readonly rcProfile: RateLimit | undefined = undefined;

  constructor(settings: Partial<HomeserverConfig> = {}) {
    Object.assign(this, settings);
    this.publicBaseurl = settings.publicBaseurl ?? `https://${this.serverName}/`;
    this.serveClientWellknown = settings.serveClientWellknown ?? settings.publicBaseurl !== undefined;
  }
}
