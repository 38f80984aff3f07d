import type { HomeserverConfig } from '../../config/homeserver/homeserver-config.js';
import type { RateLimit } from '../../config/homeserver/rate-limits.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import type { UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import type { Clock } from './clock.js';
import { RateLimiter } from './rate-limiter.js';

/** Where the limits that admins gave to users are kept. */
export interface RateLimitOverrides {
  readonly overrideOf: (entity: string) => RateLimit | undefined;
}

/** All limiters of the homeserver, by what they limit (`config/ratelimiting.py`). Those that are not configured let everything pass. */
export class RateLimiters {
  readonly registration: RateLimiter;
  readonly registrationTokenValidity: RateLimiter;
  readonly loginAddress: RateLimiter;
  readonly loginAccount: RateLimiter;
  readonly loginFailedAttempts: RateLimiter;
  readonly joinsLocal: RateLimiter;
  readonly joinsRemote: RateLimiter;
  readonly joinsPerRoom: RateLimiter;
  readonly keyRequests: RateLimiter;
  readonly threepidValidation: RateLimiter;
  readonly invitesPerRoom: RateLimiter;
  readonly invitesPerUser: RateLimiter;
  readonly invitesPerIssuer: RateLimiter;
  readonly thirdPartyInvite: RateLimiter;
  readonly mediaCreate: RateLimiter;
  readonly presencePerUser: RateLimiter;
  readonly delayedEventMgmt: RateLimiter;
  readonly roomCreation: RateLimiter;
  readonly reports: RateLimiter;
  readonly userDirectory: RateLimiter;
  readonly profile: RateLimiter;
  private readonly messages: RateLimiter;
  private readonly adminRedactions: RateLimiter;

  constructor(
    private readonly config: HomeserverConfig,
    clock: Clock,
    dispatch: Dispatcher,
    private readonly overrides: RateLimitOverrides,
  ) {
    const overrideOf = (entity: string): RateLimit | undefined => overrides.overrideOf(entity);
    const limiter = (name: string, limit: RateLimit | undefined): RateLimiter =>
      new RateLimiter({ name, limit, clock, overrideOf });
    const question = dispatch.hook('ratelimit', 'get_ratelimit_override_for_user');
    const ask = async (userId: UserId, name: string): Promise<RateLimit | undefined> =>
      question.isUsed ? question.ask(userId, name) : undefined;
    const invites = (name: string, limit: RateLimit | undefined): RateLimiter =>
      new RateLimiter({ name, limit, clock, overrideOf, ask });

    this.messages = limiter('rc_message', config.rcMessage);
    this.adminRedactions = limiter('rc_admin_redaction', config.rcAdminRedaction);
    this.registration = limiter('rc_registration', config.rcRegistration);
    this.registrationTokenValidity = limiter('rc_registration_token_validity', config.rcRegistrationTokenValidity);
    this.loginAddress = limiter('rc_login.address', config.rcLogin?.address);
    this.loginAccount = limiter('rc_login.account', config.rcLogin?.account);
    this.loginFailedAttempts = limiter('rc_login.failed_attempts', config.rcLogin?.failedAttempts);
    this.joinsLocal = limiter('rc_joins.local', config.rcJoins?.local);
    this.joinsRemote = limiter('rc_joins.remote', config.rcJoins?.remote);
    this.joinsPerRoom = limiter('rc_joins_per_room', config.rcJoinsPerRoom);
    this.keyRequests = limiter('rc_key_requests', config.rcKeyRequests);
    this.threepidValidation = limiter('rc_3pid_validation', config.rc3pidValidation);
    this.invitesPerRoom = invites('rc_invites.per_room', config.rcInvites?.perRoom);
    this.invitesPerUser = invites('rc_invites.per_user', config.rcInvites?.perUser);
    this.invitesPerIssuer = invites('rc_invites.per_issuer', config.rcInvites?.perIssuer);
    this.thirdPartyInvite = limiter('rc_third_party_invite', config.rcThirdPartyInvite);
    this.mediaCreate = limiter('rc_media_create', config.rcMediaCreate);
    this.presencePerUser = limiter('rc_presence.per_user', config.rcPresence?.perUser);
    this.delayedEventMgmt = limiter('rc_delayed_event_mgmt', config.rcDelayedEventMgmt);
    this.roomCreation = limiter('rc_room_creation', config.rcRoomCreation);
    this.reports = limiter('rc_reports', config.rcReports);
    this.userDirectory = limiter('rc_user_directory', config.rcUserDirectory);
    this.profile = limiter('rc_profile', config.rcProfile);
  }

  /**
   * What every request that sends an event, sets a profile or changes an alias passes (`api/ratelimiting.py: RequestRatelimiter`).
   * Here an admin's override replaces the limit; elsewhere it only lifts it.
   */
  async request(
    requester: Requester,
    options: { readonly update?: boolean; readonly isAdminRedaction?: boolean; readonly actions?: number } = {},
  ): Promise<void> {
    const limit = this.overrides.overrideOf(requester.userId) ?? this.config.rcMessage;
    if (limit === undefined) return;
    const { isAdminRedaction, ...question } = options;
    if (isAdminRedaction === true && this.config.rcAdminRedaction !== undefined) {
      await this.adminRedactions.check(requester, question);
    } else {
      await this.messages.check(requester, { ...question, limit });
    }
  }
}
