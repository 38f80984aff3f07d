/** A token bucket: so many actions a second in the long run, so many at once. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burstCount: number;
}

/** One address that the homeserver listens on. */
export class ListenerConfig {
  /** 0 takes any free port. */
  readonly port: number = 8008;
  /** A Unix socket, instead of a port. */
  readonly path: string | undefined = undefined;
  /** Synapse listens on all addresses here; a server with open registration had better not. */
  readonly bindAddresses: readonly string[] = ['127.0.0.1'];
  readonly type: 'http' | 'metrics' | 'manhole' = 'http';
  readonly tls: boolean = false;
  /** The client's address is taken from the header `X-Forwarded-For`. */
  readonly xForwarded: boolean = false;
  readonly resources: readonly ListenerResource[] = [{ names: ['client', 'federation'], compress: false }];
}

/** What one listener serves. */
export interface ListenerResource {
  readonly names: readonly string[];
  readonly compress: boolean;
}

/** `password_config.policy`. */
export class PasswordPolicyConfig {
  readonly enabled: boolean = false;
  readonly minimumLength: number | undefined = undefined;
  readonly requireDigit: boolean = false;
  readonly requireSymbol: boolean = false;
  readonly requireLowercase: boolean = false;
  readonly requireUppercase: boolean = false;
}

/** `password_config`. */
export class PasswordConfig {
  /** `only_for_reauth`: no login, but user-interactive authentication of those who have a password. */
  readonly enabled: boolean | 'only_for_reauth' = true;
  readonly localdbEnabled: boolean = true;
  readonly pepper: string = '';
  readonly policy: PasswordPolicyConfig = new PasswordPolicyConfig();
}

/** `login_via_existing_session`. */
export class LoginViaExistingSessionConfig {
  readonly enabled: boolean = false;
  readonly requireUiAuth: boolean = true;
  /** Milliseconds. */
  readonly tokenTimeout: number = 5 * 60_000;
}

/** `ui_auth`. */
export class UiAuthConfig {
  /** Milliseconds that one authentication counts for further requests. */
  readonly sessionTimeout: number = 0;
}

/** `email.subjects`. */
export class EmailSubjectsConfig {
  readonly messageFromPersonInRoom: string =
    '[%(app)s] You have a message on %(app)s from %(person)s in the %(room)s room...';
  readonly messageFromPerson: string = '[%(app)s] You have a message on %(app)s from %(person)s...';
  readonly messagesFromPerson: string = '[%(app)s] You have messages on %(app)s from %(person)s...';
  readonly messagesInRoom: string = '[%(app)s] You have messages on %(app)s in the %(room)s room...';
  readonly messagesInRoomAndOthers: string =
    '[%(app)s] You have messages on %(app)s in the %(room)s room and others...';
  readonly messagesFromPersonAndOthers: string = '[%(app)s] You have messages on %(app)s from %(person)s and others...';
  readonly inviteFromPerson: string = '[%(app)s] %(person)s has invited you to chat on %(app)s...';
  readonly inviteFromPersonToRoom: string =
    '[%(app)s] %(person)s has invited you to join the %(room)s room on %(app)s...';
  readonly inviteFromPersonToSpace: string =
    '[%(app)s] %(person)s has invited you to join the %(space)s space on %(app)s...';
  readonly passwordReset: string = '[%(server_name)s] Password reset';
  readonly emailValidation: string = '[%(server_name)s] Validate your email';
  readonly emailAlreadyInUse: string = '[%(server_name)s] Email already in use';
}

/** `email`; without the section the homeserver sends no mail. */
export class EmailConfig {
  readonly smtpHost: string = 'localhost';
  /** 25, or 465 with `forceTls`, when undefined. */
  readonly smtpPort: number | undefined = undefined;
  readonly smtpUser: string | undefined = undefined;
  readonly smtpPass: string | undefined = undefined;
  readonly forceTls: boolean = false;
  readonly requireTransportSecurity: boolean = false;
  readonly enableTls: boolean = true;
  readonly tlsname: string | undefined = undefined;
  readonly notifFrom: string | undefined = undefined;
  readonly appName: string = 'Matrix';
  readonly enableNotifs: boolean = false;
  readonly notifForNewUsers: boolean = true;
  /** Milliseconds. */
  readonly notifDelayBeforeMail: number = 10 * 60_000;
  readonly clientBaseUrl: string | undefined = undefined;
  /** Milliseconds. */
  readonly validationTokenLifetime: number = 3_600_000;
  readonly inviteClientLocation: string | undefined = undefined;
  readonly templateDir: string | undefined = undefined;
  readonly subjects: EmailSubjectsConfig = new EmailSubjectsConfig();
}

/** `sso`. */
export class SsoConfig {
  /** URLs that a login token is handed to without asking the user. */
  readonly clientWhitelist: readonly string[] = [];
  readonly updateProfileInformation: boolean = false;
}

/** A rule of `alias_creation_rules` or `room_list_publication_rules`: the first that matches decides. The patterns are globs. */
export interface RoomDirectoryRule {
  readonly userId: string;
  readonly roomId: string;
  readonly alias: string;
  readonly action: 'allow' | 'deny';
}

/** `user_directory`. */
export class UserDirectoryConfig {
  readonly enabled: boolean = true;
  readonly searchAllUsers: boolean = false;
  readonly preferLocalUsers: boolean = false;
  readonly excludeRemoteUsers: boolean = false;
  readonly showLockedUsers: boolean = false;
}

/** `presence`; times in milliseconds. */
export class PresenceConfig {
  readonly enabled: boolean | 'untracked' = true;
  readonly includeOfflineUsersOnSync: boolean = false;
  readonly lastActiveGranularity: number = 60_000;
  readonly syncOnlineTimeout: number = 30_000;
  readonly idleTimeout: number = 300_000;
}

/** One of `media_upload_limits`. */
export interface MediaUploadLimitConfig {
  readonly maxBytes: number;
  readonly timePeriodMs: number;
  readonly infoUri?: string;
  readonly canUpgrade: boolean;
}

/** One of `thumbnail_sizes`. */
export interface ThumbnailSize {
  readonly width: number;
  readonly height: number;
  readonly method: 'crop' | 'scale';
}

/** `media_retention`; times in milliseconds. */
export class MediaRetentionConfig {
  readonly localMediaLifetime: number | undefined = undefined;
  readonly remoteMediaLifetime: number | undefined = undefined;
}

/** `account_threepid_delegates`. */
export class AccountThreepidDelegates {
  readonly msisdn: string | undefined = undefined;
}

/** One of `allowed_local_3pids`: which addresses may be bound to accounts. */
export interface AllowedThreepid {
  readonly medium: string;
  /** A regular expression. */
  readonly pattern: string;
}

/** `rc_login`. */
export interface LoginRateLimits {
  readonly address: RateLimit;
  readonly account: RateLimit;
  readonly failedAttempts: RateLimit;
}

/** `rc_joins`. */
export interface JoinRateLimits {
  readonly local: RateLimit;
  readonly remote: RateLimit;
}

/** `rc_invites`. */
export interface InviteRateLimits {
  readonly perRoom: RateLimit;
  readonly perUser: RateLimit;
  readonly perIssuer: RateLimit;
}

/** `rc_presence`. */
export interface PresenceRateLimits {
  readonly perUser: RateLimit;
}

/** `server_notices`. */
export class ServerNoticesConfig {
  readonly systemMxidLocalpart: string = '';
  readonly systemMxidDisplayName: string | undefined = undefined;
  readonly systemMxidAvatarUrl: string | undefined = undefined;
  readonly roomName: string = 'Server Notices';
  readonly roomAvatarUrl: string | undefined = undefined;
  readonly roomTopic: string | undefined = undefined;
  readonly autoJoin: boolean = false;
}

/** `retention.default_policy`; times in milliseconds. */
export class RetentionPolicyConfig {
  readonly minLifetime: number | undefined = undefined;
  readonly maxLifetime: number | undefined = undefined;
}

/** `retention`; times in milliseconds. */
export class RetentionConfig {
  readonly enabled: boolean = false;
  readonly defaultPolicy: RetentionPolicyConfig = new RetentionPolicyConfig();
  readonly allowedLifetimeMin: number | undefined = undefined;
  readonly allowedLifetimeMax: number | undefined = undefined;
}

/** `background_updates`; times in milliseconds. */
export class BackgroundUpdatesConfig {
  readonly backgroundUpdateDurationMs: number = 100;
  readonly sleepEnabled: boolean = true;
  readonly sleepDurationMs: number = 1000;
  readonly minBatchSize: number = 1;
  readonly defaultBatchSize: number = 100;
}

/** `account_validity`; times in milliseconds. */
export class AccountValidityConfig {
  readonly enabled: boolean = false;
  readonly period: number | undefined = undefined;
  readonly renewAt: number | undefined = undefined;
  readonly renewEmailSubject: string = 'Renew your %(app)s account';
}

/** `auto_accept_invites`. */
export class AutoAcceptInvitesConfig {
  readonly enabled: boolean = false;
  readonly onlyForDirectMessages: boolean = false;
  readonly onlyFromLocalUsers: boolean = false;
}

/** `templates`. */
export class TemplatesConfig {
  readonly customTemplateDirectory: string | undefined = undefined;
}

/** `push`. */
export class PushConfig {
  readonly enabled: boolean = true;
  readonly includeContent: boolean = true;
  readonly groupUnreadCountByRoom: boolean = true;
}

/** `room_prejoin_state`: the state that an invited or knocking user is shown. */
export class RoomPrejoinStateConfig {
  readonly disableDefaultEventTypes: boolean = false;
  /** Event types, or pairs of event type and state key. */
  readonly additionalEventTypes: readonly (string | readonly [string, string])[] = [];
}

/** `user_types`. */
export class UserTypesConfig {
  readonly defaultUserType: string | undefined = undefined;
  readonly extraUserTypes: readonly string[] = [];
}

/** `stats`. */
export class StatsConfig {
  readonly enabled: boolean = true;
}
