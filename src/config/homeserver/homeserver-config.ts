import { boolean, byteSize, duration, integer, orNull, string, stringArray } from '../values/readers.js';
import { optional, section, setting, type SettingOptions, settingsClass, withoutDefault } from '../values/settings.js';
import { email } from './email-config.js';
import { experimentalFeatures } from './experimental-features.js';
import { ListenerConfig, listeners } from './listeners.js';
import { rateLimitSettings } from './rate-limits.js';
import * as sections from './homeserver-sections.js';
import * as values from './setting-values.js';

const SERVER_NAME = 'localhost';
const MINUTE = 60_000;
const DAY = 86_400_000;
const MEBIBYTE = 1_048_576;

const isUnused = true;

/** Registration and login. */
const accountSettings = {
  enableRegistration: setting(boolean, true),
  enableRegistrationWithoutVerification: setting(boolean, true, { isUnused }),
  enableRegistrationCaptcha: setting(boolean, false, { isUnused }),
  registrationRequiresToken: setting(boolean, false),
  enableRegistrationToken3pidBypass: setting(boolean, false),
  registrationSharedSecret: optional(string, { mayBeFile: true }),
  registrationsRequire3pid: setting(stringArray, []),
  disableMsisdnRegistration: setting(boolean, false),
  allowedLocal3pids: setting(sections.allowedLocalThreepids, []),
  accountThreepidDelegates: setting(
    section(sections.AccountThreepidDelegates),
    () => new sections.AccountThreepidDelegates(),
  ),
  enable3pidLookup: setting(boolean, true),
  enable3pidChanges: setting(boolean, true),
  defaultIdentityServer: optional(string),
  requestTokenInhibit3pidErrors: setting(boolean, false),
  nextLinkDomainWhitelist: optional(stringArray),
  inhibitUserInUseError: setting(boolean, false),
  allowUnderscorePrefixedLocalpart: setting(boolean, false),
  allowGuestAccess: setting(boolean, false),
  bcryptRounds: setting(integer(4, 31), 12),
  passwordConfig: setting(section(sections.PasswordConfig), () => new sections.PasswordConfig()),
  uiAuth: setting(section(sections.UiAuthConfig), () => new sections.UiAuthConfig()),
  loginViaExistingSession: setting(
    section(sections.LoginViaExistingSessionConfig),
    () => new sections.LoginViaExistingSessionConfig(),
  ),
  sso: setting(sections.sso, () => new sections.SsoConfig()),
  sessionLifetime: optional(duration),
  refreshableAccessTokenLifetime: setting(orNull(duration), 5 * MINUTE, { meaning: 'Null: no refresh tokens.' }),
  nonrefreshableAccessTokenLifetime: optional(duration),
  refreshTokenLifetime: optional(duration),
  deleteStaleDevicesAfter: optional(duration, { isUnused }),
  userIpsMaxAge: setting(orNull(duration), 28 * DAY, { meaning: 'Null: kept for ever.' }),
  macaroonSecretKey: optional(string, { mayBeFile: true, isUnused }),
  formSecret: optional(string, { mayBeFile: true, isUnused }),
  accountValidity: setting(sections.accountValidity, () => new sections.AccountValidityConfig()),
  useAccountValidityInAccountStatus: setting(boolean, false, { isUnused }),
  userTypes: setting(sections.userTypes, () => new sections.UserTypesConfig()),
  email: optional(email, { meaning: 'Without the section no mail is sent.' }),
};

/** Profiles, directories, presence. */
const profileSettings = {
  enableSetDisplayname: setting(boolean, true),
  enableSetAvatarUrl: setting(boolean, true),
  maxAvatarSize: optional(byteSize),
  allowedAvatarMimetypes: optional(stringArray),
  requireAuthForProfileRequests: setting(boolean, false),
  limitProfileRequestsToUsersWhoShareRooms: setting(boolean, false),
  includeProfileDataOnInvite: setting(boolean, true),
  includeProfileUpdatesInSync: setting(boolean, false, { isUnused }),
  allowPerRoomProfiles: setting(boolean, true),
  allowProfileLookupOverFederation: setting(boolean, true),
  userDirectory: setting(section(sections.UserDirectoryConfig), () => new sections.UserDirectoryConfig()),
  allowPublicRoomsWithoutAuth: setting(boolean, false),
  allowPublicRoomsOverFederation: setting(boolean, false),
  enableRoomListSearch: setting(boolean, true),
  aliasCreationRules: setting(sections.directoryRules, [{ userId: '*', roomId: '*', alias: '*', action: 'allow' }], {
    meaning: 'Without a rule that matches, an alias may not be created.',
  }),
  roomListPublicationRules: setting(sections.directoryRules, [], {
    meaning: 'Without a rule that matches, a room may not be published.',
  }),
  presence: setting(sections.presence, () => new sections.PresenceConfig()),
  push: setting(sections.push, () => new sections.PushConfig()),
};

const roomSettings = {
  defaultRoomVersion: setting(values.roomVersion, '12'),
  encryptionEnabledByDefaultForRoomType: setting(values.encryptionDefault, 'off'),
  defaultPowerLevelContentOverride: setting(
    values.powerLevelOverride,
    {},
    {
      meaning: 'Preset name to overrides of the power levels of new rooms.',
    },
  ),
  forgetRoomsOnLeave: setting(boolean, false, { isUnused }),
  autoJoinRooms: setting(values.roomAliases, []),
  autocreateAutoJoinRooms: setting(boolean, true),
  autocreateAutoJoinRoomsFederated: setting(boolean, true),
  autocreateAutoJoinRoomPreset: setting(values.roomPreset, 'public_chat'),
  autoJoinMxidLocalpart: optional(string),
  autoJoinRoomsForGuests: setting(boolean, true),
  autoAcceptInvites: setting(sections.autoAcceptInvites, () => new sections.AutoAcceptInvitesConfig(), { isUnused }),
  requireMembershipForAliases: setting(boolean, true),
  blockNonAdminInvites: setting(boolean, false),
  roomPrejoinState: setting(section(sections.RoomPrejoinStateConfig), () => new sections.RoomPrejoinStateConfig()),
  redactionRetentionPeriod: setting(orNull(duration), 7 * DAY, { isUnused }),
  redactionAllowedPeriod: optional(duration, { isUnused }),
  forgottenRoomRetentionPeriod: optional(duration, { isUnused }),
  retention: setting(sections.retention, () => new sections.RetentionConfig()),
  enableEphemeralMessages: setting(boolean, false, { isUnused }),
  enableSearch: setting(boolean, true),
  filterTimelineLimit: setting(integer(-1), 100),
  excludeRoomsFromSync: setting(stringArray, []),
  maxEventDelayDuration: optional(values.positiveDuration),
  serverNotices: optional(section(sections.ServerNoticesConfig), {
    meaning: 'Without the section there are no notices from the server.',
  }),
};

const mediaSettings = {
  enableMediaRepo: setting(boolean, true),
  mediaStorePath: optional(string, {
    isPath: true,
    meaning: 'By default a folder beside the database, or the memory of the process for a database in memory.',
  }),
  maxUploadSize: setting(byteSize, 50 * MEBIBYTE),
  maxImagePixels: setting(byteSize, 32 * MEBIBYTE),
  maxPendingMediaUploads: setting(integer(0), 5),
  unusedExpirationTime: setting(duration, DAY),
  mediaUploadLimits: setting(sections.mediaUploadLimits, []),
  mediaRetention: setting(section(sections.MediaRetentionConfig), () => new sections.MediaRetentionConfig(), {
    isUnused,
  }),
  preventMediaDownloadsFrom: setting(stringArray, [], { isUnused }),
  enableAuthenticatedMedia: setting(boolean, true),
  dynamicThumbnails: setting(boolean, false),
  thumbnailSizes: setting(sections.thumbnailSizes, [
    { width: 32, height: 32, method: 'crop' },
    { width: 96, height: 96, method: 'crop' },
    { width: 320, height: 240, method: 'scale' },
    { width: 640, height: 480, method: 'scale' },
    { width: 800, height: 600, method: 'scale' },
  ]),
  urlPreviewEnabled: setting(boolean, false, { isUnused }),
  turnUris: setting(stringArray, []),
  turnSharedSecret: optional(string, { mayBeFile: true }),
  turnUsername: optional(string),
  turnPassword: optional(string),
  turnUserLifetime: setting(duration, 3_600_000),
  turnAllowGuests: setting(boolean, true),
};

/** Every setting that the embedded homeserver reads of homeserver.yaml, each stated here alone. */
export const homeserverSettings = {
  ...rateLimitSettings,
  serverName: setting(values.serverName, SERVER_NAME),
  publicBaseurl: withoutDefault(values.baseUrl, { meaning: 'By default `https://<server_name>/`.' }),
  extraWellKnownClientContent: setting(values.wellKnownContent, {}),
  serveServerWellknown: setting(boolean, false),
  webClientLocation: optional(values.webUrl),
  listeners: setting(listeners, () => [new ListenerConfig()]),
  databasePath: setting(values.database, ':memory:', {
    key: 'database',
    isPath: true,
    meaning: "A SQLite file, or Synapse's mapping with `name: sqlite3`.",
  }),
  signingKeyPath: optional(string, { isPath: true, isUnused }),
  workerName: optional(string),
  workerApp: optional(string),
  adminContact: optional(string, { isUnused }),
  hsDisabled: setting(boolean, false, { isUnused }),
  hsDisabledMessage: setting(string, '', { isUnused }),
  experimentalFeatures: setting(experimentalFeatures, {}),
  templates: setting(section(sections.TemplatesConfig), () => new sections.TemplatesConfig()),
  stats: setting(section(sections.StatsConfig), () => new sections.StatsConfig()),
  backgroundUpdates: setting(section(sections.BackgroundUpdatesConfig), () => new sections.BackgroundUpdatesConfig()),
  ...accountSettings,
  ...profileSettings,
  ...roomSettings,
  ...mediaSettings,
};

/**
 * What the embedded homeserver reads of homeserver.yaml, under the camelCase of Synapse's names and with Synapse's defaults.
 * Only these differ, so that a development server is usable as it comes: everybody may register, nothing is rate limited
 * unless its `rc_*` key is set, the database is in memory, and it listens on this machine only.
 * Durations are milliseconds, sizes bytes. `undefined` is "not set".
 */
export class HomeserverConfig extends settingsClass(homeserverSettings) {
  /** `/.well-known/matrix/client` is served (default: when `public_baseurl` was set). */
  readonly serveClientWellknown: boolean;

  constructor(given: Partial<HomeserverConfig> = {}) {
    const { serverName = SERVER_NAME, publicBaseurl = `https://${serverName}/` } = given;
    super({ ...given, publicBaseurl });
    this.serveClientWellknown = given.serveClientWellknown ?? given.publicBaseurl !== undefined;
  }
}

/** Settings that nothing on the embedded homeserver uses so far. A test compares this with what the code uses. */
export const unusedSettings: ReadonlySet<string> = new Set(
  Object.entries<SettingOptions>(homeserverSettings)
    .filter(([, { isUnused }]) => isUnused === true)
    .map(([property]) => property)
    .sort(),
);
