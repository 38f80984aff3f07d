import type { ConfigCursor } from '../values/config-cursor.js';
import {
  boolean,
  byteSize,
  duration,
  integer,
  listOf,
  oneOf,
  type Reader,
  refined,
  string,
  stringArray,
  warnIgnoredKey,
} from '../values/readers.js';
import {
  membersOf,
  optional,
  record,
  required,
  section,
  setting,
  settingsClass,
  type ValueOf,
} from '../values/settings.js';

/** `password_config.policy`. */
export class PasswordPolicyConfig extends settingsClass({
  enabled: setting(boolean, false),
  minimumLength: optional(integer(0)),
  requireDigit: setting(boolean, false),
  requireSymbol: setting(boolean, false),
  requireLowercase: setting(boolean, false),
  requireUppercase: setting(boolean, false),
}) {}

/** `password_config`. */
export class PasswordConfig extends settingsClass({
  enabled: setting(oneOf<boolean | 'only_for_reauth'>(true, false, 'only_for_reauth'), true, {
    meaning: '"only_for_reauth": no login, but user-interactive authentication of those who have a password.',
  }),
  localdbEnabled: setting(boolean, true),
  pepper: setting(string, ''),
  policy: setting(section(PasswordPolicyConfig), () => new PasswordPolicyConfig()),
}) {}

/** `login_via_existing_session`. */
export class LoginViaExistingSessionConfig extends settingsClass({
  enabled: setting(boolean, false),
  requireUiAuth: setting(boolean, true),
  tokenTimeout: setting(duration, 5 * 60_000),
}) {}

/** `ui_auth`. */
export class UiAuthConfig extends settingsClass({
  sessionTimeout: setting(duration, 0, { meaning: 'How long one authentication counts for further requests.' }),
}) {}

/** `sso`. */
export class SsoConfig extends settingsClass({
  clientWhitelist: setting(stringArray, [], {
    meaning: 'URLs that a login token is handed to without asking the user.',
  }),
  updateProfileInformation: setting(boolean, false),
}) {}

export const sso = section(SsoConfig, { ignored: ['template_dir'] });

/** `alias_creation_rules` and `room_list_publication_rules`: the first rule that matches decides. The patterns are globs. */
export const directoryRules = listOf(
  record({
    userId: setting(string, '*'),
    roomId: setting(string, '*'),
    alias: setting(string, '*'),
    action: required(oneOf('allow', 'deny')),
  }),
);

/** One of these rules. */
export type RoomDirectoryRule = ValueOf<typeof directoryRules>[number];

/** `user_directory`. */
export class UserDirectoryConfig extends settingsClass({
  enabled: setting(boolean, true),
  searchAllUsers: setting(boolean, false),
  preferLocalUsers: setting(boolean, false),
  excludeRemoteUsers: setting(boolean, false),
  showLockedUsers: setting(boolean, false),
}) {}

/** `presence`. */
export class PresenceConfig extends settingsClass({
  enabled: setting(oneOf<boolean | 'untracked'>(true, false, 'untracked'), true),
  includeOfflineUsersOnSync: setting(boolean, false),
  lastActiveGranularity: setting(duration, 60_000),
  syncOnlineTimeout: setting(duration, 30_000),
  idleTimeout: setting(duration, 300_000),
}) {}

export const presence: Reader<PresenceConfig> = refined(
  section(PresenceConfig, { ignored: ['presence_router'] }),
  (read, place) => {
    if (read.lastActiveGranularity <= 0)
      place.at('last_active_granularity').report(`expected a duration above 0, got ${read.lastActiveGranularity} ms.`);
    if (read.syncOnlineTimeout <= 0)
      place.at('sync_online_timeout').report(`expected a duration above 0, got ${read.syncOnlineTimeout} ms.`);
    if (read.idleTimeout <= read.lastActiveGranularity) {
      place.at('idle_timeout').report('expected more than "last_active_granularity". Raise it.');
    }
    return read;
  },
);

/** One of `media_upload_limits`. */
export interface MediaUploadLimitConfig {
  readonly maxBytes: number;
  readonly timePeriodMs: number;
  readonly infoUri?: string;
  readonly canUpgrade: boolean;
}

/** Read into what the media repository and modules call the limit's members. */
export const mediaUploadLimits: Reader<readonly MediaUploadLimitConfig[]> = listOf(
  refined(
    record({
      timePeriod: required(duration),
      maxSize: required(byteSize),
      infoUri: optional(string),
      canUpgrade: setting(boolean, false),
    }),
    ({ timePeriod, maxSize, infoUri, canUpgrade }) => ({
      timePeriodMs: timePeriod,
      maxBytes: maxSize,
      ...(infoUri === undefined ? {} : { infoUri }),
      canUpgrade,
    }),
  ),
);

export const thumbnailSizes = listOf(
  record({ width: required(integer(1)), height: required(integer(1)), method: required(oneOf('crop', 'scale')) }),
);

/** One of `thumbnail_sizes`. */
export type ThumbnailSize = ValueOf<typeof thumbnailSizes>[number];

/** `media_retention`. */
export class MediaRetentionConfig extends settingsClass({
  localMediaLifetime: optional(duration),
  remoteMediaLifetime: optional(duration),
}) {}

/** `account_threepid_delegates`. */
export class AccountThreepidDelegates extends settingsClass({ msisdn: optional(string) }) {}

/** `allowed_local_3pids`: which addresses may be bound to accounts, as regular expressions. */
export const allowedLocalThreepids = listOf(record({ medium: required(string), pattern: required(string) }));

/** `server_notices`. */
export class ServerNoticesConfig extends settingsClass({
  systemMxidLocalpart: setting(string, '', { isRequired: true }),
  systemMxidDisplayName: optional(string),
  systemMxidAvatarUrl: optional(string),
  roomName: setting(string, 'Server Notices'),
  roomAvatarUrl: optional(string),
  roomTopic: optional(string),
  autoJoin: setting(boolean, false),
}) {}

/** `retention.default_policy`. */
export class RetentionPolicyConfig extends settingsClass({
  minLifetime: optional(duration),
  maxLifetime: optional(duration),
}) {}

/** `retention`. */
export class RetentionConfig extends settingsClass({
  enabled: setting(boolean, false),
  defaultPolicy: setting(section(RetentionPolicyConfig), () => new RetentionPolicyConfig()),
  allowedLifetimeMin: optional(duration),
  allowedLifetimeMax: optional(duration),
}) {}

const purgeJob = refined(
  membersOf({
    interval: required(duration),
    shortestMaxLifetime: optional(duration),
    longestMaxLifetime: optional(duration),
  }),
  (read, place) => {
    const lifetimes = [read.shortestMaxLifetime, read.longestMaxLifetime] as const;
    refuseCrossed(lifetimes, place, ['shortest_max_lifetime', 'longest_max_lifetime']);
    return read;
  },
);

/** Synapse has a member more. */
class RetentionMembers extends settingsClass({
  ...RetentionConfig.settings,
  purgeJobs: optional(listOf(purgeJob), { isUnused: true }),
}) {}

/** Synapse refuses limits of which the lower one is above the other (`config/retention.py`). */
export const retention: Reader<RetentionConfig> = refined(section(RetentionMembers), (read, place) => {
  const { purgeJobs, ...members } = read;
  if (purgeJobs !== undefined) warnIgnoredKey(place.at('purge_jobs'));
  const { allowedLifetimeMin, allowedLifetimeMax, defaultPolicy } = members;
  refuseCrossed([allowedLifetimeMin, allowedLifetimeMax], place, ['allowed_lifetime_min', 'allowed_lifetime_max']);
  const policy = place.at('default_policy');
  refuseCrossed([defaultPolicy.minLifetime, defaultPolicy.maxLifetime], policy, ['min_lifetime', 'max_lifetime']);
  return new RetentionConfig(members);
});

function refuseCrossed(
  [low, high]: readonly [number | null | undefined, number | null | undefined],
  place: ConfigCursor,
  [lowKey, highKey]: readonly [string, string],
): void {
  if ((low ?? 0) > (high ?? Infinity)) place.at(lowKey).report(`it is greater than "${highKey}". Lower it.`);
}

/** `background_updates`; a number of milliseconds each. */
export class BackgroundUpdatesConfig extends settingsClass({
  backgroundUpdateDurationMs: setting(integer(0), 100),
  sleepEnabled: setting(boolean, true),
  sleepDurationMs: setting(integer(0), 1000),
  minBatchSize: setting(integer(0), 1),
  defaultBatchSize: setting(integer(1), 100),
}) {}

/** `account_validity`. */
export class AccountValidityConfig extends settingsClass({
  enabled: setting(boolean, false),
  period: optional(duration),
  renewAt: optional(duration),
  renewEmailSubject: setting(string, 'Renew your %(app)s account'),
}) {}

export const accountValidity: Reader<AccountValidityConfig> = refined(
  section(AccountValidityConfig, { ignored: ['template_dir', 'account_renewed_html_path', 'invalid_token_html_path'] }),
  (read, place) => {
    if (read.enabled && read.period === undefined) place.report('"period" is missing. Add it: "period: 6w".');
    return read;
  },
);

/** `auto_accept_invites`. */
export class AutoAcceptInvitesConfig extends settingsClass({
  enabled: setting(boolean, false),
  onlyForDirectMessages: setting(boolean, false),
  onlyFromLocalUsers: setting(boolean, false),
}) {}

export const autoAcceptInvites = section(AutoAcceptInvitesConfig, { ignored: ['worker_to_run_on'] });

/** `templates`. */
export class TemplatesConfig extends settingsClass({ customTemplateDirectory: optional(string) }) {}

/** `push`. */
export class PushConfig extends settingsClass({
  enabled: setting(boolean, true),
  includeContent: setting(boolean, true),
  groupUnreadCountByRoom: setting(boolean, true),
}) {}

export const push = section(PushConfig, { ignored: ['jitter_delay', 'redact_content'] });

const typeAndKey: Reader<string | readonly [string, string]> = (value, place) => {
  if (typeof value === 'string') return value;
  const [type, stateKey, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return typeof type === 'string' && typeof stateKey === 'string' && more.length === 0
    ? [type, stateKey]
    : place.report('expected an event type, or a list of an event type and a state key.');
};

/** `room_prejoin_state`: the state that an invited or knocking user is shown. */
export class RoomPrejoinStateConfig extends settingsClass({
  disableDefaultEventTypes: setting(boolean, false),
  additionalEventTypes: setting(listOf(typeAndKey), [], {
    meaning: 'Event types, or pairs of event type and state key.',
  }),
}) {}

/** `user_types`. */
export class UserTypesConfig extends settingsClass({
  defaultUserType: optional(string),
  extraUserTypes: setting(stringArray, []),
}) {}

export const userTypes: Reader<UserTypesConfig> = refined(section(UserTypesConfig), (read, place) => {
  if (read.defaultUserType === undefined) return read;
  const known = ['support', 'bot', ...read.extraUserTypes];
  return known.includes(read.defaultUserType)
    ? read
    : place.at('default_user_type').report('is no known user type. Add it to "extra_user_types".');
});

/** `stats`. */
export class StatsConfig extends settingsClass({ enabled: setting(boolean, true) }) {}
