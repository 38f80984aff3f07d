import type { UserId } from '../matrix/ids.js';
import { notification, single } from './notification.js';
import { type CombinationRules, NEXT, rule } from './rule.js';
import { propagates } from './throws.js';
import { isTruthy } from './truthiness.js';
import type { Tuple } from '../matrix/tuple.js';

/**
 * Callbacks of the category `account_validity`.
 *
 * @example
 * ```ts
 * import { type AccountValidityCallbacks } from 'vesicle';
 * const callbacks: Partial<AccountValidityCallbacks> = { is_user_expired: async () => null };
 * ```
 */
export interface AccountValidityCallbacks {
  /** Asked for each authenticated request; null is no opinion. */
  readonly is_user_expired: (userId: UserId) => Promise<boolean | null>;
  /** Told after an account was made. A throw fails the request although the account exists. */
  readonly on_user_registration: (userId: UserId) => Promise<void>;
  /** Told after a login; a throw fails the response. */
  readonly on_user_login: (
    userId: UserId,
    authProviderType: string | null,
    authProviderId: string | null,
  ) => Promise<void>;
  /** Sends the renewal mail in place of Synapse. */
  readonly on_legacy_send_mail: (userId: UserId) => Promise<void>;
  /** Handles a renewal link: whether the token is valid, whether it was used before, and until when (ms) the account is valid. */
  readonly on_legacy_renew: (
    renewalToken: string,
  ) => Promise<
    | readonly [tokenValid: boolean, tokenStale: boolean, expirationTs: number]
    | Tuple<readonly [boolean, boolean, number]>
  >;
  /** Handles the admin request; answers with the expiration in milliseconds. */
  readonly on_legacy_admin_request: (request: Request) => Promise<number>;
}

type Handlers = AccountValidityCallbacks;

/** How the answers of `account_validity` combine (`handlers/account_validity.py`). */
export const accountValidityRules = {
  is_user_expired: rule<Handlers['is_user_expired'], boolean | undefined>({
    combine: 'first_answer',
    args: { user_id: 'json' },
    result: 'truth',
    neutral: () => undefined,
    judge: (answer) => (answer === null || answer === undefined ? NEXT : isTruthy(answer)),
    throws: propagates,
    summary: 'Has this account expired?',
    source: 'api/auth/internal.py: _wrapped_get_user_by_req',
  }),
  on_user_registration: notification<Handlers['on_user_registration']>({
    args: { user_id: 'json' },
    throws: propagates,
    summary: 'An account was made.',
    source: 'handlers/register.py: register_with_store',
  }),
  on_user_login: notification<Handlers['on_user_login']>({
    args: { user_id: 'json', auth_provider_type: 'json', auth_provider_id: 'json' },
    throws: propagates,
    summary: 'A user logged in.',
    source: 'rest/client/login.py: _complete_login; handlers/auth.py: complete_sso_login',
  }),
  on_legacy_send_mail: single<Handlers['on_legacy_send_mail']>({
    args: { user_id: 'json' },
    result: 'none',
    throws: propagates,
    summary: 'Send the renewal mail.',
    source: 'rest/client/account_validity.py: AccountValiditySendMailServlet',
  }),
  on_legacy_renew: single<Handlers['on_legacy_renew']>({
    args: { renewal_token: 'json' },
    result: 'renewal',
    throws: propagates,
    summary: 'Renew an account by its token.',
    source: 'rest/client/account_validity.py: AccountValidityRenewServlet',
  }),
  on_legacy_admin_request: single<Handlers['on_legacy_admin_request']>({
    args: { request: 'request' },
    result: 'number',
    throws: propagates,
    summary: 'Handle the admin request for account validity.',
    source: 'rest/admin/__init__.py: AccountValidityRenewServlet',
  }),
} satisfies CombinationRules<AccountValidityCallbacks>;
