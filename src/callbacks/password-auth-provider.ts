import { Code } from '../errors/matrix-codes.js';
import type { UserId } from '../matrix/ids.js';
import type { JsonObject, MutableJsonObject } from '../matrix/json.js';
import { isTuple, type Tuple } from '../matrix/tuple.js';
import { refusesOnFalse } from './boolean-gate.js';
import { notification } from './notification.js';
import { type AnyHandler, type CombinationRules, type Judge, NEXT, type Row, type Rule } from './rule.js';
import { internalServerError, loggedAsWarning } from './throws.js';

/**
 * Runs after the login it belongs to; may change and extend the response that the client gets.
 *
 * @example
 * ```ts
 * import { type LoginCallback } from 'vesicle';
 * const greet: LoginCallback = async (response) => {
 *   response['org.example.greeting'] = 'hello';
 * };
 * ```
 */
export type LoginCallback = (loginResponse: MutableJsonObject) => Promise<void>;

/**
 * Who logged in, and what to run afterwards; null for "no opinion". Make the pair with `tuple(userId, callback)`.
 *
 * @example
 * ```ts
 * import { type AuthAnswer, tuple, type UserId } from 'vesicle';
 * const answer = (userId: UserId | null): AuthAnswer => (userId === null ? null : tuple(userId, null));
 * ```
 */
export type AuthAnswer = Tuple<readonly [userId: UserId, callback: LoginCallback | null]> | null;

/** The combined answer of auth checkers. */
export interface AuthResult {
  readonly userId: UserId;
  readonly callback: LoginCallback | null;
}

/**
 * Checks a login of one type; `loginDict` holds the fields registered with it.
 *
 * @example
 * ```ts
 * import { type AuthChecker, parseUserId, tuple } from 'vesicle';
 * const check: AuthChecker = async (username, _loginType, { secret }) =>
 *   secret === 'sesame' ? tuple(parseUserId(`@${username}:example.org`), null) : null;
 * ```
 */
export type AuthChecker = (username: string, loginType: string, loginDict: JsonObject) => Promise<AuthAnswer>;

/**
 * A checker with the login type and the fields it is for: one entry of Synapse's `auth_checkers`.
 *
 * @example
 * ```ts
 * import { type AuthCheckerEntry } from 'vesicle';
 * const entry: AuthCheckerEntry = { loginType: 'org.example.secret', fields: ['secret'], check: async () => null };
 * ```
 */
export interface AuthCheckerEntry {
  readonly loginType: string;
  readonly fields: readonly string[];
  readonly check: AuthChecker;
}

/**
 * Callbacks of the category `password_auth_provider`; `auth_checkers` is registered as a list of entries.
 *
 * @example
 * ```ts
 * import { type PasswordAuthProviderCallbacks } from 'vesicle';
 * const callbacks: Partial<PasswordAuthProviderCallbacks> = { is_3pid_allowed: async (medium) => medium === 'email' };
 * ```
 */
export interface PasswordAuthProviderCallbacks {
  /** Asked for logins and user-interactive stages of the registered type. */
  readonly auth_checkers: AuthChecker;
  /** Asked for a login with an address in place of a user ID. */
  readonly check_3pid_auth: (medium: string, address: string, password: string) => Promise<AuthAnswer>;
  /** Told once for each access token that ends. */
  readonly on_logged_out: (userId: UserId, deviceId: string | null, accessToken: string) => Promise<void>;
  /** May choose the localpart of a new account. */
  readonly get_username_for_registration: (
    uiaResults: MutableJsonObject,
    params: MutableJsonObject,
  ) => Promise<string | null>;
  /** May choose the display name of a new account. */
  readonly get_displayname_for_registration: (
    uiaResults: MutableJsonObject,
    params: MutableJsonObject,
  ) => Promise<string | null>;
  /** Asked whether an address may be used; `registration` when it is for a new account. `false` refuses. */
  readonly is_3pid_allowed: (medium: string, address: string, registration: boolean) => Promise<boolean>;
}

type Handlers = PasswordAuthProviderCallbacks;

/** How the answers of `password_auth_provider` combine (`handlers/auth.py: PasswordAuthProvider`). */
export const passwordAuthProviderRules = {
  auth_checkers: firstAnswer<Handlers['auth_checkers'], AuthResult>({
    args: { username: 'json', login_type: 'json', login_dict: 'json' },
    result: 'auth',
    keyedBy: 'login_type',
    judge: judgeAuth,
    throws: loggedAsWarning,
    summary: 'Are these the credentials of a user?',
    source: 'handlers/auth.py: _validate_userid_login',
  }),
  check_3pid_auth: firstAnswer<Handlers['check_3pid_auth'], AuthResult>({
    args: { medium: 'json', address: 'json', password: 'json' },
    result: 'auth',
    judge: judgeAuth,
    throws: loggedAsWarning,
    summary: 'Are this address and password the credentials of a user?',
    source: 'handlers/auth.py: validate_login',
  }),
  on_logged_out: notification<Handlers['on_logged_out']>({
    args: { user_id: 'json', device_id: 'json', access_token: 'json' },
    throws: loggedAsWarning,
    summary: 'An access token ended.',
    source: 'handlers/auth.py: delete_access_token',
  }),
  get_username_for_registration: firstAnswer<Handlers['get_username_for_registration'], string>({
    args: { uia_results: 'live_json', params: 'live_json' },
    result: 'text',
    judge: judgeText,
    throws: internalServerError,
    summary: 'Which localpart shall the new account have?',
    source: 'rest/client/register.py: on_POST',
  }),
  get_displayname_for_registration: firstAnswer<Handlers['get_displayname_for_registration'], string>({
    args: { uia_results: 'live_json', params: 'live_json' },
    result: 'text',
    judge: judgeText,
    throws: internalServerError,
    summary: 'Which display name shall the new account have?',
    source: 'rest/client/register.py: on_POST',
  }),
  is_3pid_allowed: refusesOnFalse<Handlers['is_3pid_allowed']>({
    args: { medium: 'json', address: 'json', registration: 'json' },
    throws: internalServerError,
    summary: 'May this address be used?',
    source: 'util/threepids.py: check_3pid_allowed',
  }),
} satisfies CombinationRules<PasswordAuthProviderCallbacks>;

function firstAnswer<Handler extends AnyHandler, Result>(
  row: Row<Handler, 'keyedBy' | 'result' | 'throws'> & { readonly judge: Judge<Result | undefined> },
): Rule<Handler, Result | undefined> {
  return { ...row, combine: 'first_answer', neutral: () => undefined };
}

function judgeAuth(
  answer: unknown,
  _soFar: unknown,
  warn: (problem: string) => void,
): AuthResult | undefined | typeof NEXT {
  if (answer === null || answer === undefined) return NEXT;
  const items = isTuple(answer) ? answer.items : [];
  const [userId, callback] = items;
  const isCallback = callback === null || callback === undefined || typeof callback === 'function';
  if (items.length !== 2 || typeof userId !== 'string' || !isCallback) {
    warn('an answer that is no tuple of user ID and callback: ignored');
    return NEXT;
  }
  return { userId: userId as UserId, callback: (callback ?? null) as LoginCallback | null };
}

function judgeText(
  answer: unknown,
  _soFar: unknown,
  warn: (problem: string) => void,
): string | undefined | typeof NEXT {
  // A code is a text in Synapse, too.
  if (typeof answer === 'string' || answer instanceof Code) return String(answer);
  if (answer !== null && answer !== undefined) warn('an answer that is no text: ignored');
  return NEXT;
}
