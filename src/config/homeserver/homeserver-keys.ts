import { experimentalFeatures } from './experimental-features.js';
import type { HomeserverConfig } from './homeserver-config.js';
import { rateLimitKeys } from './rate-limit-keys.js';
import {
  anyMapping,
  byteSize,
  described,
  duration,
  flag,
  integer,
  type Keys,
  listOf,
  type Mapping,
  oneOf,
  orNull,
  type Reader,
  shownWord,
  text,
  withoutPoint,
} from '../values/readers.js';
import * as sections from './section-keys.js';

/** Settings that are not read from one key of their own name. */
type Derived = 'serveClientWellknown' | 'databasePath';

const serverName: Reader<string> = described(text.schema, (value, place) => {
  const name = text(value, place);
  if (name === null || /^(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(name)) return name;
  return place.fault('is no server name. Write a host name, with a port if need be: "example.org", "localhost:8448".');
});

const baseUrl: Reader<string> = described(text.schema, (value, place) => {
  const url = text(value, place);
  if (url === null) return null;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return place.fault('expected a URL that starts with http:// or https://.');
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    return place.fault('public_baseurl cannot contain query parameters or a #-fragment. Remove them.');
  }
  return url.endsWith('/') ? url : `${url}/`;
});

const webUrl: Reader<string> = described(text.schema, (value, place) => {
  const url = text(value, place);
  if (url === null || /^https?:\/\//.test(url)) return url;
  return place.fault('expected a URL that starts with http:// or https://.');
});

const wellKnownContent: Reader<Mapping> = described(anyMapping.schema, (value, place) => {
  const content = anyMapping(value, place);
  for (const key of ['m.homeserver', 'm.identity_server']) {
    if (content !== null && key in content) place.at(key).faultyKey('is set by Synapse itself. Remove it.');
  }
  return content;
});

const ROOM_VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

const roomVersion: Reader<string> = withoutPoint(
  described({ enum: [...ROOM_VERSIONS, ...ROOM_VERSIONS.map(Number)] }, (value, place) =>
    // A version is a text that looks like a number: both spellings are meant.
    oneOf(...ROOM_VERSIONS)(typeof value === 'number' ? String(value) : value, place),
  ),
);

const positiveDuration: Reader<number> = described(duration.schema, (value, place) => {
  const read = duration(value, place);
  return read === null || read > 0
    ? read
    : place.fault(`expected a duration above 0, got ${shownWord(value)}. Remove it to allow none.`);
});

const encryptionDefault: Reader<'all' | 'invite' | 'off'> = described(
  { enum: ['all', 'invite', 'off', false] },
  (value, place) =>
    // An unquoted `off` is false in YAML.
    value === false ? 'off' : oneOf('all', 'invite', 'off')(value, place),
);

const powerLevelOverride: Reader<HomeserverConfig['defaultPowerLevelContentOverride']> = described(
  anyMapping.schema,
  (value, place) => {
    const presets = anyMapping(value, place);
    if (presets === null) return null;
    for (const [preset, content] of Object.entries(presets)) {
      oneOf('private_chat', 'trusted_private_chat', 'public_chat')(preset, place.at(preset));
      if (content !== null) anyMapping(content, place.at(preset));
    }
    return presets as HomeserverConfig['defaultPowerLevelContentOverride'];
  },
);

const autoJoinRoom: Reader<string> = described(text.schema, (value, place) => {
  const alias = text(value, place);
  if (alias === null || /^#[^:]+:.+/.test(alias)) return alias;
  return place.fault('expected a room alias. Write "#room:server".');
});

/** How each setting of the class is read from the key of its name. */
export const homeserverKeys: Keys<Omit<HomeserverConfig, Derived>> = {
  ...rateLimitKeys,
  serverName,
  publicBaseurl: baseUrl,
  extraWellKnownClientContent: wellKnownContent,
  serveServerWellknown: flag,
  webClientLocation: webUrl,
  listeners: listOf(sections.listener),
  signingKeyPath: text,
  workerName: text,
  workerApp: text,
  adminContact: text,
  hsDisabled: flag,
  hsDisabledMessage: text,
  experimentalFeatures,
  templates: sections.templates,
  stats: sections.stats,
  backgroundUpdates: sections.backgroundUpdates,
  enableRegistration: flag,
  enableRegistrationWithoutVerification: flag,
  enableRegistrationCaptcha: flag,
  registrationRequiresToken: flag,
  enableRegistrationToken3pidBypass: flag,
  registrationSharedSecret: text,
  registrationsRequire3pid: listOf(text),
  disableMsisdnRegistration: flag,
  allowedLocal3pids: sections.allowedLocalThreepids,
  accountThreepidDelegates: sections.accountThreepidDelegates,
  enable3pidLookup: flag,
  enable3pidChanges: flag,
  defaultIdentityServer: text,
  requestTokenInhibit3pidErrors: flag,
  nextLinkDomainWhitelist: listOf(text),
  inhibitUserInUseError: flag,
  allowUnderscorePrefixedLocalpart: flag,
  allowGuestAccess: flag,
  bcryptRounds: integer(4, 31),
  passwordConfig: sections.passwordConfig,
  uiAuth: sections.uiAuth,
  loginViaExistingSession: sections.loginViaExistingSession,
  sso: sections.sso,
  sessionLifetime: duration,
  refreshableAccessTokenLifetime: orNull(duration),
  nonrefreshableAccessTokenLifetime: duration,
  refreshTokenLifetime: duration,
  deleteStaleDevicesAfter: duration,
  userIpsMaxAge: orNull(duration),
  macaroonSecretKey: text,
  formSecret: text,
  accountValidity: sections.accountValidity,
  useAccountValidityInAccountStatus: flag,
  userTypes: sections.userTypes,
  email: sections.email,
  enableSetDisplayname: flag,
  enableSetAvatarUrl: flag,
  maxAvatarSize: byteSize,
  allowedAvatarMimetypes: listOf(text),
  requireAuthForProfileRequests: flag,
  limitProfileRequestsToUsersWhoShareRooms: flag,
  includeProfileDataOnInvite: flag,
  includeProfileUpdatesInSync: flag,
  allowPerRoomProfiles: flag,
  allowProfileLookupOverFederation: flag,
  userDirectory: sections.userDirectory,
  allowPublicRoomsWithoutAuth: flag,
  allowPublicRoomsOverFederation: flag,
  enableRoomListSearch: flag,
  aliasCreationRules: sections.directoryRules,
  roomListPublicationRules: sections.directoryRules,
  presence: sections.presence,
  push: sections.push,
  // Without a value it is the version "None" to Synapse.
  defaultRoomVersion: Object.assign(roomVersion, { takesNull: true }),
  encryptionEnabledByDefaultForRoomType: encryptionDefault,
  defaultPowerLevelContentOverride: powerLevelOverride,
  forgetRoomsOnLeave: flag,
  autoJoinRooms: listOf(autoJoinRoom),
  autocreateAutoJoinRooms: flag,
  autocreateAutoJoinRoomsFederated: flag,
  autocreateAutoJoinRoomPreset: oneOf('public_chat', 'private_chat', 'trusted_private_chat'),
  autoJoinMxidLocalpart: text,
  autoJoinRoomsForGuests: flag,
  autoAcceptInvites: sections.autoAcceptInvites,
  requireMembershipForAliases: flag,
  blockNonAdminInvites: flag,
  roomPrejoinState: sections.roomPrejoinState,
  redactionRetentionPeriod: orNull(duration),
  redactionAllowedPeriod: duration,
  forgottenRoomRetentionPeriod: duration,
  retention: sections.retention,
  enableEphemeralMessages: flag,
  enableSearch: flag,
  filterTimelineLimit: integer(-1),
  excludeRoomsFromSync: listOf(text),
  maxEventDelayDuration: positiveDuration,
  serverNotices: sections.serverNotices,
  enableMediaRepo: flag,
  mediaStorePath: text,
  maxUploadSize: byteSize,
  maxImagePixels: byteSize,
  maxPendingMediaUploads: integer(0),
  unusedExpirationTime: duration,
  mediaUploadLimits: sections.mediaUploadLimits,
  mediaRetention: sections.mediaRetention,
  preventMediaDownloadsFrom: listOf(text),
  enableAuthenticatedMedia: flag,
  dynamicThumbnails: flag,
  thumbnailSizes: sections.thumbnailSizes,
  urlPreviewEnabled: flag,
  turnUris: listOf(text),
  turnSharedSecret: text,
  turnUsername: text,
  turnPassword: text,
  turnUserLifetime: duration,
  turnAllowGuests: flag,
};
