import { RegistrationBehaviour, type RequestInfo } from '../../callbacks/spam-checker.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { localpartOf, type UserId, userIdOf } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { NewUser, UserStore } from '../store/user-store.js';
import { AuthError } from '../parity/synapse-errors.js';
import type { AccountValidity } from './account-validity.js';
import type { Authenticator } from './authenticator.js';
import type { Threepids } from './threepids.js';

const maxUserIdLength = 255;

/** A localpart that is wanted, and under which conditions a name in use is no error. */
export interface WantedName {
  readonly localpart: string;
  /** The token of the guest who becomes an ordinary user of the same name. */
  readonly guestAccessToken?: string | null;
  /** The account that this session made already: the only one it may name. */
  readonly assignedUserId?: UserId | undefined;
  readonly inhibitUserInUseError?: boolean;
}

/** An account to be made. */
export interface Registrant {
  /** A number when absent. */
  readonly localpart?: string | null;
  readonly passwordHash?: string | null;
  readonly guestAccessToken?: string | null;
  readonly isGuest?: boolean;
  readonly isAdmin?: boolean;
  /** The e-mail address that the registration proved. */
  readonly threepid?: JsonObject | null;
  readonly userType?: string | null;
  /** The localpart when absent; no profile when empty. */
  readonly displayName?: string | null;
  /** Addresses that the account gets without further proof. */
  readonly emails?: readonly string[];
  /** User agents and addresses seen in the course of the registration. */
  readonly requestInfo?: RequestInfo;
  readonly authProviderId?: string | null;
  readonly isApproved?: boolean;
}

/** What a new account leads to elsewhere. */
export interface RegistrationHooks {
  /** Joins the rooms of `auto_join_rooms`; failures are its own affair. */
  readonly autoJoin: (userId: UserId) => Promise<void>;
}

/** Makes accounts (`handlers/register.py`). */
export class Registration {
  constructor(
    private readonly context: HomeserverContext,
    private readonly users: UserStore,
    private readonly authenticator: Authenticator,
    private readonly threepids: Threepids,
    private readonly validity: AccountValidity,
    private readonly hooks: RegistrationHooks,
  ) {}

  /** 400 unless the name may be registered. */
  checkUsername({ localpart, guestAccessToken, assignedUserId, inhibitUserInUseError }: WantedName): void {
    this.checkForm(localpart);
    const userId = this.userIdOf(localpart);
    if (assignedUserId !== undefined) {
      if (userId === assignedUserId) return;
      throw new SynapseError(400, 'A different user ID has already been registered for this session');
    }
    this.checkReserved(userId);
    if (userId.length > maxUserIdLength) {
      throw invalidUsername(`User ID may not be longer than ${maxUserIdLength} characters`);
    }
    const isGuestUpgrade = typeof guestAccessToken === 'string' && guestAccessToken !== '';
    if (this.users.findIgnoringCase(userId).length > 0) {
      if (inhibitUserInUseError !== true && !isGuestUpgrade) {
        throw new SynapseError(400, 'User ID already taken.', Codes.USER_IN_USE);
      }
      if (isGuestUpgrade) this.checkGuest(guestAccessToken, localpart);
    }
    if (!isGuestUpgrade && /^\d+$/.test(localpart)) {
      throw invalidUsername('Numeric user IDs are reserved for guest users.');
    }
  }

  /** Makes an account, asking and telling the modules; answers with its ID. */
  async register(registrant: Registrant): Promise<UserId> {
    const localpart = registrant.localpart ?? null;
    const isShadowBanned = await this.isShadowBanned(registrant, localpart);
    const account = {
      passwordHash: registrant.passwordHash ?? null,
      isShadowBanned,
      isApproved: registrant.isApproved ?? true,
    };
    const userId =
      localpart === null
        ? await this.registerNumbered(registrant, account)
        : await this.registerNamed(localpart, registrant, account);
    if (registrant.isGuest !== true || this.context.config.autoJoinRoomsForGuests) await this.hooks.autoJoin(userId);
    const now = this.context.clock.now();
    for (const address of registrant.emails ?? []) {
      await this.threepids.add(userId, { medium: 'email', address, validated_at: now });
    }
    return userId;
  }

  private async isShadowBanned(registrant: Registrant, localpart: string | null): Promise<boolean> {
    const behaviour = await this.context.dispatch.ask(
      'spam_checker',
      'check_registration_for_spam',
      registrant.threepid ?? null,
      localpart,
      registrant.requestInfo ?? [],
      registrant.authProviderId ?? null,
    );
    if (behaviour === RegistrationBehaviour.DENY) throw new SynapseError(429, 'Rate limited');
    return behaviour === RegistrationBehaviour.SHADOW_BAN;
  }

  private async registerNamed(
    localpart: string,
    registrant: Registrant,
    account: Pick<NewUser, 'passwordHash' | 'isShadowBanned' | 'isApproved'>,
  ): Promise<UserId> {
    const guestAccessToken = registrant.guestAccessToken ?? null;
    this.checkUsername({ localpart, guestAccessToken });
    const wasGuest = guestAccessToken !== null;
    const userId = this.userIdOf(localpart);
    await this.store({
      ...account,
      userId,
      wasGuest,
      isGuest: registrant.isGuest ?? false,
      isAdmin: registrant.isAdmin ?? false,
      userType: registrant.userType ?? this.context.config.userTypes.defaultUserType ?? null,
      displayName: wasGuest ? null : (registrant.displayName ?? localpart),
    });
    return userId;
  }

  /** Guests, and users who leave the name to the server, are called by the next free number. */
  private async registerNumbered(
    registrant: Registrant,
    account: Pick<NewUser, 'passwordHash' | 'isShadowBanned' | 'isApproved'>,
  ): Promise<UserId> {
    for (let failures = 0; failures <= 10; failures++) {
      const userId = this.userIdOf(String(this.users.nextNumber()));
      this.checkReserved(userId);
      try {
        const displayName = registrant.displayName ?? localpartOf(userId);
        await this.store({ ...account, userId, isGuest: registrant.isGuest ?? false, displayName });
        return userId;
      } catch (error) {
        // As in Synapse a module's SynapseError counts as "this name is taken", too.
        if (!(error instanceof SynapseError)) throw error;
      }
    }
    throw new SynapseError(500, 'Unable to find a suitable guest user ID');
  }

  private async store(user: Omit<NewUser, 'creationTs'>): Promise<void> {
    this.users.create({ ...user, creationTs: Math.floor(this.context.clock.now() / 1000) });
    await this.validity.onRegistration(user.userId);
  }

  private checkForm(localpart: string): void {
    if (!/^[a-z0-9=_\-./+]*$/.test(localpart)) {
      throw invalidUsername("User ID can only contain characters a-z, 0-9, or '=_-./+'");
    }
    if (localpart === '') throw invalidUsername('User ID cannot be empty');
    if (localpart.startsWith('_') && !this.context.config.allowUnderscorePrefixedLocalpart) {
      throw invalidUsername('User ID may not begin with _');
    }
  }

  private checkReserved(userId: UserId): void {
    const notices = this.context.config.serverNotices?.systemMxidLocalpart;
    if (notices !== undefined && userId === this.userIdOf(notices)) {
      throw new SynapseError(400, 'This user ID is reserved.', Codes.EXCLUSIVE);
    }
  }

  private checkGuest(guestAccessToken: string, localpart: string): void {
    const guest = this.authenticator.requesterOfToken(guestAccessToken);
    if (guest.isGuest && localpartOf(guest.userId) === localpart) return;
    throw new AuthError(403, 'Cannot register taken user ID without valid guest credentials for that user.');
  }

  private userIdOf(localpart: string): UserId {
    return userIdOf(localpart, this.context.serverName);
  }
}

function invalidUsername(message: string): SynapseError {
  return new SynapseError(400, message, Codes.INVALID_USERNAME);
}
