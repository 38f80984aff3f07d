import { HostError } from '../../errors/host-error.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { Tuple } from '../../matrix/tuple.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { AccountValidityStore } from '../store/account-validity-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import { AuthError, missingToken } from '../parity/synapse-errors.js';
import { randomLetters } from '../runtime/random-letters.js';

/** What came of a renewal link. */
export interface Renewal {
  readonly isValid: boolean;
  /** The link was used before. */
  readonly isStale: boolean;
  readonly expirationTs: number;
}

/** Accounts that expire: by modules, or by the old `account_validity` setting (`handlers/account_validity.py`). */
export class AccountValidity {
  private readonly expired;

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: AccountValidityStore,
    private readonly threepids: ThreepidStore,
  ) {
    this.expired = context.dispatch.hook('account_validity', 'is_user_expired');
  }

  /** Whether anybody decides at all: every request asks. */
  get isUsed(): boolean {
    return this.expired.isUsed || this.context.config.accountValidity.enabled;
  }

  async isExpired(userId: UserId): Promise<boolean> {
    const answer = await this.askModules(userId);
    if (answer !== undefined) return answer;
    if (!this.context.config.accountValidity.enabled) return false;
    const validity = this.store.find(userId);
    return validity !== undefined && validity.expirationTs <= this.context.clock.now();
  }

  /** Tells the modules of a new account, and sets its end where the setting says so. */
  async onRegistration(userId: UserId): Promise<void> {
    const { enabled, period } = this.context.config.accountValidity;
    if (enabled && period !== undefined) this.store.setExpiration(userId, this.context.clock.now() + period, null);
    await this.context.dispatch.ask('account_validity', 'on_user_registration', userId);
  }

  /** Sends the user a mail with a renewal link. */
  async sendRenewalMail(userId: UserId): Promise<void> {
    const { dispatch, config, mailer } = this.context;
    if (dispatch.isAsked('account_validity', 'on_legacy_send_mail')) {
      await dispatch.ask('account_validity', 'on_legacy_send_mail', userId);
      return;
    }
    if (!config.accountValidity.enabled || config.accountValidity.renewAt === undefined) {
      throw new AuthError(403, 'Account renewal via email is disabled on this server.');
    }
    if (this.store.find(userId) === undefined) {
      throw new SynapseError(400, `User has no expiration time: ${userId}`);
    }
    const token = randomLetters(32);
    this.store.setToken(userId, token);
    const url = `${config.publicBaseurl}_matrix/client/unstable/account_validity/renew?token=${token}`;
    const subject = config.accountValidity.renewEmailSubject.replaceAll('%(app)s', config.email?.appName ?? 'Matrix');
    for (const { medium, address } of this.threepids.ofUser(userId)) {
      if (medium !== 'email') continue;
      const text = `Your account expires soon. Renew it: ${url}`;
      await mailer.send({
        to: address,
        subject,
        text,
        html: `<p>Your account expires soon. <a href="${url}">Renew it</a></p>`,
      });
    }
  }

  /** Renews an account by the token of a link. */
  async renew(token: string): Promise<Renewal> {
    const { dispatch } = this.context;
    if (dispatch.isAsked('account_validity', 'on_legacy_renew')) {
      return parseRenewal(await dispatch.ask('account_validity', 'on_legacy_renew', token));
    }
    const validity = this.store.findByToken(token);
    if (validity === undefined) return { isValid: false, isStale: false, expirationTs: 0 };
    if (validity.tokenUsedTs !== null) {
      return { isValid: false, isStale: true, expirationTs: validity.expirationTs };
    }
    return { isValid: true, isStale: false, expirationTs: this.renewUser(validity.userId, undefined) };
  }

  /** Sets until when an account is valid; one period from now when not said. */
  renewUser(userId: UserId, expirationTs: number | undefined): number {
    const { period } = this.context.config.accountValidity;
    const now = this.context.clock.now();
    // Synapse asserts the same: a server without the setting answers 500.
    if (expirationTs === undefined && period === undefined) {
      throw new HostError('AssertionError', 'account_validity.period is not set');
    }
    const end = expirationTs ?? now + (period ?? 0);
    this.store.setExpiration(userId, end, now);
    return end;
  }

  forget(userId: UserId): void {
    this.store.delete(userId);
  }

  private async askModules(userId: UserId): Promise<boolean | undefined> {
    if (!this.expired.isUsed) return undefined;
    try {
      return await this.expired.ask(userId);
    } catch (error) {
      // Synapse mistakes a KeyError of the module for a request without a token.
      if (error instanceof HostError && error.type === 'KeyError') throw missingToken();
      throw error;
    }
  }
}

function parseRenewal(answer: unknown): Renewal {
  const items: unknown = answer instanceof Tuple ? answer.items : answer;
  if (!Array.isArray(items) || items.length !== 3) {
    throw new HostError('TypeError', 'on_legacy_renew answered with something else than three values');
  }
  const [isValid, isStale, expirationTs] = items as readonly unknown[];
  if (typeof expirationTs === 'string') {
    throw new HostError('TypeError', 'on_legacy_renew answered with a text for a time');
  }
  return { isValid: Boolean(isValid), isStale: Boolean(isStale), expirationTs: Number(expirationTs) };
}
