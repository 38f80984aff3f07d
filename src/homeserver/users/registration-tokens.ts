import { Codes } from '../../errors/matrix-codes.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Clock } from '../runtime/clock.js';
import type { RegistrationTokenStore, StoredRegistrationToken } from '../store/registration-token-store.js';
import { LoginError } from '../parity/synapse-errors.js';
import type { UiAuthSession, UiAuthSessions } from './ui-auth-sessions.js';

/** The stage of a registration in which the token is shown. */
export const REGISTRATION_TOKEN = 'm.login.registration_token';

/** A token with the number of registrations that have shown it and are not finished. */
export interface RegistrationToken extends StoredRegistrationToken {
  readonly pending: number;
}

/** Who may register by which token (`storage/databases/main/registration.py`). */
export class RegistrationTokens {
  constructor(
    private readonly clock: Clock,
    readonly store: RegistrationTokenStore,
    private readonly sessions: UiAuthSessions,
  ) {}

  find(token: string): RegistrationToken | undefined {
    const stored = this.store.find(token);
    return stored && this.withPending(stored);
  }

  /** All tokens, those that are valid, or those that are not any more. */
  list(valid: boolean | undefined): readonly RegistrationToken[] {
    const tokens = this.store.list().map((token) => this.withPending(token));
    return valid === undefined ? tokens : tokens.filter((token) => this.isListedValid(token) === valid);
  }

  /** Whether somebody may begin a registration with it. */
  isValid(token: string): boolean {
    const found = this.find(token);
    if (found === undefined) return false;
    const { usesAllowed, expiryTime, pending, completed } = found;
    // Synapse takes 0 for "no limit" here, unlike in its list.
    const isExpired = expiryTime !== null && expiryTime !== 0 && expiryTime < this.clock.now();
    const isUsedUp = usesAllowed !== null && usesAllowed !== 0 && pending + completed >= usesAllowed;
    return !isExpired && !isUsedUp;
  }

  /** The stage `m.login.registration_token` of a registration (`handlers/ui_auth/checkers.py`). */
  checkStage({ data }: UiAuthSession, authDict: JsonObject): string {
    if (!('token' in authDict)) throw new LoginError(400, 'Missing registration token', Codes.MISSING_PARAM);
    const { token } = authDict;
    if (typeof token !== 'string') {
      throw new LoginError(400, 'Registration token must be a string', Codes.INVALID_PARAM);
    }
    if (!('session' in authDict)) throw new LoginError(400, 'Missing UIA session', Codes.MISSING_PARAM);
    if (data.registrationToken !== undefined) {
      if (data.registrationToken === token) return token;
      throw new LoginError(400, 'Registration token has changed', Codes.INVALID_PARAM);
    }
    if (!this.isValid(token)) throw new LoginError(401, 'Invalid registration token', Codes.UNAUTHORIZED);
    data.registrationToken = token;
    return token;
  }

  /** A registration that showed a token is finished. */
  complete({ data, completed }: UiAuthSession): void {
    if (data.registrationToken === undefined) return;
    this.store.countUse(data.registrationToken);
    completed[REGISTRATION_TOKEN] = true;
  }

  private isListedValid({ usesAllowed, expiryTime, pending, completed }: RegistrationToken): boolean {
    const hasUses = usesAllowed === null || usesAllowed > pending + completed;
    return hasUses && (expiryTime === null || expiryTime > this.clock.now());
  }

  private withPending(token: StoredRegistrationToken): RegistrationToken {
    const isPending = ({ data, completed }: UiAuthSession): boolean =>
      data.registrationToken === token.token && completed[REGISTRATION_TOKEN] !== true;
    return { ...token, pending: this.sessions.count(isPending) };
  }
}
