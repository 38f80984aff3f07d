import type { Place } from '../values/place.js';
import * as sections from './homeserver-sections.js';
import {
  byteSize,
  described,
  duration,
  flag,
  integer,
  type Keys,
  listOf,
  mappingOf,
  oneOf,
  type Reader,
  section,
  type SectionOptions,
  text,
  warnMeaningless,
  withoutPoint,
} from '../values/readers.js';

/** A mapping whose values are made into something else, once they are all there. */
function record<T extends object, R>(keys: Keys<T>, options: SectionOptions, make: (members: T) => R): Reader<R> {
  const read = mappingOf(keys, options);
  return described(read.schema, (value, place) => {
    const before = place.findings.problems.length;
    const members = read(value, place);
    // Without a new problem everything required is there.
    const isWhole = members !== null && place.findings.problems.length === before;
    return isWhole ? make(members as T) : null;
  });
}

const listenerResource = record<sections.ListenerResource, sections.ListenerResource>(
  {
    names: listOf(
      oneOf('client', 'consent', 'federation', 'health', 'keys', 'media', 'metrics', 'openid', 'replication', 'static'),
    ),
    compress: flag,
  },
  { required: ['names'] },
  (members) => ({ ...{ compress: false }, ...members }),
);

/** Synapse takes one address more under an older name. */
class ListenerMembers extends sections.ListenerConfig {
  readonly bindAddress: string | undefined = undefined;
}

const listenerMembers = section(
  ListenerMembers,
  {
    bindAddress: text,
    port: withoutPoint(integer(0, 65_535)),
    path: text,
    bindAddresses: listOf(text),
    type: oneOf('http', 'metrics', 'manhole'),
    tls: flag,
    xForwarded: flag,
    resources: listOf(listenerResource),
  },
  { ignored: ['mode', 'tag', 'request_id_header', 'additional_resources'] },
);

export const listener: Reader<sections.ListenerConfig> = described(listenerMembers.schema, (value, place) => {
  const read = listenerMembers(value, place);
  if (read === null) return null;
  const given = value as Readonly<Record<string, unknown>>;
  const [hasPort, hasPath] = [(given['port'] ?? null) !== null, (given['path'] ?? null) !== null];
  if (hasPort && hasPath) return place.fault('both "port" and "path" are given. Keep one of them.');
  if (!hasPort && !hasPath) return place.fault('neither "port" nor "path" is given. Add "port: 8008".');
  if (read.tls) place.at('tls').warn('has no meaning on the embedded homeserver: it serves plain HTTP');
  const { bindAddress, ...members } = read;
  const bindAddresses = bindAddress === undefined ? read.bindAddresses : [...givenAddresses(given), bindAddress];
  // A Unix socket tells no address: the only one there is comes in the header.
  const xForwarded = hasPath ? given['x_forwarded'] !== false : read.xForwarded;
  return Object.assign(new sections.ListenerConfig(), members, { bindAddresses, xForwarded });
});

function givenAddresses(listener: Readonly<Record<string, unknown>>): readonly string[] {
  const given = listener['bind_addresses'];
  return Array.isArray(given) ? (given as readonly string[]) : [];
}

export const passwordConfig = section(sections.PasswordConfig, {
  enabled: oneOf<boolean | 'only_for_reauth'>(true, false, 'only_for_reauth'),
  localdbEnabled: flag,
  pepper: text,
  policy: section(sections.PasswordPolicyConfig, {
    enabled: flag,
    minimumLength: integer(0),
    requireDigit: flag,
    requireSymbol: flag,
    requireLowercase: flag,
    requireUppercase: flag,
  }),
});

export const loginViaExistingSession = section(sections.LoginViaExistingSessionConfig, {
  enabled: flag,
  requireUiAuth: flag,
  tokenTimeout: duration,
});

export const uiAuth = section(sections.UiAuthConfig, { sessionTimeout: duration });

const emailSubjects = section(sections.EmailSubjectsConfig, {
  messageFromPersonInRoom: text,
  messageFromPerson: text,
  messagesFromPerson: text,
  messagesInRoom: text,
  messagesInRoomAndOthers: text,
  messagesFromPersonAndOthers: text,
  inviteFromPerson: text,
  inviteFromPersonToRoom: text,
  inviteFromPersonToSpace: text,
  passwordReset: text,
  emailValidation: text,
  emailAlreadyInUse: text,
});

const emailTemplates = [
  'notif',
  'expiry',
  'password_reset',
  'password_reset_template_failure',
  'password_reset_template_success',
  'registration',
  'registration_template_failure',
  'registration_template_success',
  'add_threepid',
  'add_threepid_template_failure',
  'add_threepid_template_success',
  'already_in_use',
].flatMap((name) =>
  name.includes('_template_') ? [`${name}_html`] : [`${name}_template_html`, `${name}_template_text`],
);

const emailMembers = section(
  sections.EmailConfig,
  {
    smtpHost: text,
    smtpPort: integer(1, 65_535),
    smtpUser: text,
    smtpPass: text,
    forceTls: flag,
    requireTransportSecurity: flag,
    enableTls: flag,
    tlsname: text,
    notifFrom: text,
    appName: text,
    enableNotifs: flag,
    notifForNewUsers: flag,
    notifDelayBeforeMail: duration,
    clientBaseUrl: text,
    validationTokenLifetime: duration,
    inviteClientLocation: text,
    templateDir: text,
    subjects: emailSubjects,
  },
  { ignored: [...emailTemplates, 'riot_base_url', 'redact_content'] },
);

export const email: Reader<sections.EmailConfig> = described(emailMembers.schema, (value, place) => {
  const read = emailMembers(value, place);
  // An empty section is as good as none (`config/emailconfig.py: read_config`).
  if (read === null || Object.keys(value as object).length === 0) return null;
  if (read.notifFrom === undefined) {
    place.fault('"notif_from" is missing. Add it: the sender that mails name, "Me <me@example.org>".');
  } else if (!/[^\s<>]@?[^\s<>]/.test(read.notifFrom)) {
    place.at('notif_from').fault('expected a mail address. Write "Me <me@example.org>".');
  }
  for (const key of ['forceTls', 'requireTransportSecurity'] as const) {
    if (read[key] && !read.enableTls)
      place.fault(
        `${key === 'forceTls' ? '"force_tls"' : '"require_transport_security"'} needs "enable_tls: true". Remove one of them.`,
      );
  }
  if (read.inviteClientLocation !== undefined && !/^https?:\/\//.test(read.inviteClientLocation)) {
    place.at('invite_client_location').fault('expected a URL that starts with http:// or https://.');
  }
  return read;
});

export const sso = section(
  sections.SsoConfig,
  { clientWhitelist: listOf(text), updateProfileInformation: flag },
  { ignored: ['template_dir'] },
);

export const directoryRules = listOf(
  record<sections.RoomDirectoryRule, sections.RoomDirectoryRule>(
    { userId: text, roomId: text, alias: text, action: oneOf('allow', 'deny') },
    { required: ['action'] },
    (members) => ({ ...{ userId: '*', roomId: '*', alias: '*' }, ...members }),
  ),
);

export const userDirectory = section(sections.UserDirectoryConfig, {
  enabled: flag,
  searchAllUsers: flag,
  preferLocalUsers: flag,
  excludeRemoteUsers: flag,
  showLockedUsers: flag,
});

const presenceMembers = section(
  sections.PresenceConfig,
  {
    enabled: oneOf<boolean | 'untracked'>(true, false, 'untracked'),
    includeOfflineUsersOnSync: flag,
    lastActiveGranularity: duration,
    syncOnlineTimeout: duration,
    idleTimeout: duration,
  },
  { ignored: ['presence_router'] },
);

export const presence: Reader<sections.PresenceConfig> = described(presenceMembers.schema, (value, place) => {
  const read = presenceMembers(value, place);
  if (read === null) return null;
  if (read.lastActiveGranularity <= 0)
    place.at('last_active_granularity').fault(`expected a duration above 0, got ${read.lastActiveGranularity} ms.`);
  if (read.syncOnlineTimeout <= 0)
    place.at('sync_online_timeout').fault(`expected a duration above 0, got ${read.syncOnlineTimeout} ms.`);
  if (read.idleTimeout <= read.lastActiveGranularity) {
    place.at('idle_timeout').fault('expected more than "last_active_granularity". Raise it.');
  }
  return read;
});

interface UploadLimitMembers {
  readonly timePeriod: number;
  readonly maxSize: number;
  readonly infoUri: string | undefined;
  readonly canUpgrade: boolean | undefined;
}

export const mediaUploadLimits = listOf(
  record<UploadLimitMembers, sections.MediaUploadLimitConfig>(
    { timePeriod: duration, maxSize: byteSize, infoUri: text, canUpgrade: flag },
    { required: ['time_period', 'max_size'] },
    ({ timePeriod, maxSize, infoUri, canUpgrade }) => ({
      timePeriodMs: timePeriod,
      maxBytes: maxSize,
      ...(infoUri === undefined ? {} : { infoUri }),
      canUpgrade: canUpgrade ?? false,
    }),
  ),
);

export const thumbnailSizes = listOf(
  record<sections.ThumbnailSize, sections.ThumbnailSize>(
    { width: integer(1), height: integer(1), method: oneOf('crop', 'scale') },
    { required: ['width', 'height', 'method'] },
    (members) => members,
  ),
);

export const mediaRetention = section(sections.MediaRetentionConfig, {
  localMediaLifetime: duration,
  remoteMediaLifetime: duration,
});

export const accountThreepidDelegates = section(sections.AccountThreepidDelegates, { msisdn: text });

export const allowedLocalThreepids = listOf(
  record<sections.AllowedThreepid, sections.AllowedThreepid>(
    { medium: text, pattern: text },
    { required: ['medium', 'pattern'] },
    (members) => members,
  ),
);

export const serverNotices = section(
  sections.ServerNoticesConfig,
  {
    systemMxidLocalpart: text,
    systemMxidDisplayName: text,
    systemMxidAvatarUrl: text,
    roomName: text,
    roomAvatarUrl: text,
    roomTopic: text,
    autoJoin: flag,
  },
  { required: ['system_mxid_localpart'] },
);

interface PurgeJob {
  readonly interval: number;
  readonly shortestMaxLifetime: number;
  readonly longestMaxLifetime: number;
}

const purgeJobMembers = mappingOf<PurgeJob>(
  { interval: duration, shortestMaxLifetime: duration, longestMaxLifetime: duration },
  { required: ['interval'] },
);

const purgeJob: Reader<Partial<PurgeJob>> = described(purgeJobMembers.schema, (value, place) => {
  const read = purgeJobMembers(value, place);
  if (read === null) return null;
  const lifetimes = [read.shortestMaxLifetime, read.longestMaxLifetime] as const;
  refuseCrossed(lifetimes, place, ['shortest_max_lifetime', 'longest_max_lifetime']);
  return read;
});

/** Jobs are checked as Synapse checks them; nothing is purged here. */
class RetentionMembers extends sections.RetentionConfig {
  readonly purgeJobs: readonly Partial<PurgeJob>[] | undefined = undefined;
}

const retentionMembers = section(RetentionMembers, {
  enabled: flag,
  defaultPolicy: section(sections.RetentionPolicyConfig, { minLifetime: duration, maxLifetime: duration }),
  allowedLifetimeMin: duration,
  allowedLifetimeMax: duration,
  purgeJobs: listOf(purgeJob),
});

/** Synapse refuses limits of which the lower one is above the other (`config/retention.py`). */
export const retention: Reader<sections.RetentionConfig> = described(retentionMembers.schema, (value, place) => {
  const read = retentionMembers(value, place);
  if (read === null) return null;
  const { purgeJobs, ...members } = read;
  if (purgeJobs !== undefined) warnMeaningless(place.at('purge_jobs'));
  const { allowedLifetimeMin, allowedLifetimeMax, defaultPolicy } = members;
  refuseCrossed([allowedLifetimeMin, allowedLifetimeMax], place, ['allowed_lifetime_min', 'allowed_lifetime_max']);
  const policy = place.at('default_policy');
  refuseCrossed([defaultPolicy.minLifetime, defaultPolicy.maxLifetime], policy, ['min_lifetime', 'max_lifetime']);
  return Object.assign(new sections.RetentionConfig(), members);
});

function refuseCrossed(
  [low, high]: readonly [number | null | undefined, number | null | undefined],
  place: Place,
  [lowKey, highKey]: readonly [string, string],
): void {
  if ((low ?? 0) > (high ?? Infinity)) place.at(lowKey).fault(`it is greater than "${highKey}". Lower it.`);
}

export const backgroundUpdates = section(sections.BackgroundUpdatesConfig, {
  backgroundUpdateDurationMs: integer(0),
  sleepEnabled: flag,
  sleepDurationMs: integer(0),
  minBatchSize: integer(0),
  defaultBatchSize: integer(1),
});

const accountValidityMembers = section(
  sections.AccountValidityConfig,
  { enabled: flag, period: duration, renewAt: duration, renewEmailSubject: text },
  { ignored: ['template_dir', 'account_renewed_html_path', 'invalid_token_html_path'] },
);

export const accountValidity: Reader<sections.AccountValidityConfig> = described(
  accountValidityMembers.schema,
  (value, place) => {
    const read = accountValidityMembers(value, place);
    if (read?.enabled === true && read.period === undefined) place.fault('"period" is missing. Add it: "period: 6w".');
    return read;
  },
);

export const autoAcceptInvites = section(
  sections.AutoAcceptInvitesConfig,
  { enabled: flag, onlyForDirectMessages: flag, onlyFromLocalUsers: flag },
  { ignored: ['worker_to_run_on'] },
);

export const templates = section(sections.TemplatesConfig, { customTemplateDirectory: text });

export const push = section(
  sections.PushConfig,
  { enabled: flag, includeContent: flag, groupUnreadCountByRoom: flag },
  { ignored: ['jitter_delay', 'redact_content'] },
);

const typeAndKey: Reader<string | readonly [string, string]> = (value, place) => {
  if (typeof value === 'string') return value;
  const [type, stateKey, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return typeof type === 'string' && typeof stateKey === 'string' && more.length === 0
    ? [type, stateKey]
    : place.fault('expected an event type, or a list of an event type and a state key.');
};

export const roomPrejoinState = section(sections.RoomPrejoinStateConfig, {
  disableDefaultEventTypes: flag,
  additionalEventTypes: listOf(typeAndKey),
});

const userTypesMembers = section(sections.UserTypesConfig, { defaultUserType: text, extraUserTypes: listOf(text) });

export const userTypes: Reader<sections.UserTypesConfig> = described(userTypesMembers.schema, (value, place) => {
  const read = userTypesMembers(value, place);
  if (read?.defaultUserType === undefined) return read;
  const known = ['support', 'bot', ...read.extraUserTypes];
  return known.includes(read.defaultUserType)
    ? read
    : place.at('default_user_type').fault('is no known user type. Add it to "extra_user_types".');
});

export const stats = section(sections.StatsConfig, { enabled: flag });
