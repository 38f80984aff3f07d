import { type AccountDataCallbacks, accountDataRules } from './account-data.js';
import { type AccountValidityCallbacks, accountValidityRules } from './account-validity.js';
import {
  type BackgroundUpdateControllerCallbacks,
  backgroundUpdateControllerCategory,
  backgroundUpdateControllerRules,
} from './background-update-controller.js';
import { type FederationCallbacks, federationRules } from './federation.js';
import { type MediaRepositoryCallbacks, mediaRepositoryRules } from './media-repository.js';
import { type PasswordAuthProviderCallbacks, passwordAuthProviderRules } from './password-auth-provider.js';
import type { CategoryRule } from './category-rule.js';
import { type PresenceRouterCallbacks, presenceRouterCategory, presenceRouterRules } from './presence-router.js';
import { type RatelimitCallbacks, ratelimitRules } from './ratelimit.js';
import type { AnyHandler, Rule } from './rule.js';
import { type SpamCheckerCallbacks, spamCheckerRules } from './spam-checker.js';
import { type ThirdPartyRulesCallbacks, thirdPartyRulesRules } from './third-party-rules.js';
import { type UnsignedFieldsCallbacks, unsignedFieldsRules } from './unsigned-fields.js';

/**
 * The handler types of every category, by Synapse's names (`register_<category>_callbacks`).
 *
 * @example
 * ```ts
 * import { type CallbackCategories, NOT_SPAM } from 'vesicle';
 * const join: CallbackCategories['spam_checker']['user_may_join_room'] = async () => NOT_SPAM;
 * ```
 */
export interface CallbackCategories {
  readonly spam_checker: SpamCheckerCallbacks;
  readonly third_party_rules: ThirdPartyRulesCallbacks;
  readonly password_auth_provider: PasswordAuthProviderCallbacks;
  readonly account_validity: AccountValidityCallbacks;
  readonly presence_router: PresenceRouterCallbacks;
  readonly background_update_controller: BackgroundUpdateControllerCallbacks;
  readonly account_data: AccountDataCallbacks;
  readonly add_extra_fields_to_unsigned_client_event: UnsignedFieldsCallbacks;
  readonly media_repository: MediaRepositoryCallbacks;
  readonly ratelimit: RatelimitCallbacks;
  readonly federation: FederationCallbacks;
}

/** The rules of every category: the closed map that decorators, dispatch, bridge and documents read. */
export const callbackRules = {
  spam_checker: spamCheckerRules,
  third_party_rules: thirdPartyRulesRules,
  password_auth_provider: passwordAuthProviderRules,
  account_validity: accountValidityRules,
  presence_router: presenceRouterRules,
  background_update_controller: backgroundUpdateControllerRules,
  account_data: accountDataRules,
  add_extra_fields_to_unsigned_client_event: unsignedFieldsRules,
  media_repository: mediaRepositoryRules,
  ratelimit: ratelimitRules,
  federation: federationRules,
} as const satisfies { readonly [C in CallbackCategory]: unknown };

/** What a registration of a category must hold to; a category without a row takes any of its callbacks, any number of times. */
export const categoryRules: { readonly [C in CallbackCategory]?: CategoryRule } = {
  presence_router: presenceRouterCategory,
  background_update_controller: backgroundUpdateControllerCategory,
};

type Rules = typeof callbackRules;

/**
 * The name of a category.
 *
 * @example
 * ```ts
 * import { type CallbackCategory } from 'vesicle';
 * const category: CallbackCategory = 'spam_checker';
 * ```
 */
export type CallbackCategory = keyof CallbackCategories;
/**
 * The names of a category's callbacks.
 *
 * @example
 * ```ts
 * import { type CallbackName } from 'vesicle';
 * const name: CallbackName<'spam_checker'> = 'user_may_invite';
 * ```
 */
export type CallbackName<C extends CallbackCategory> = keyof CallbackCategories[C] & string;
/**
 * The type of a callback's handler.
 *
 * @example
 * ```ts
 * import { type HandlerOf, NOT_SPAM } from 'vesicle';
 * const handler: HandlerOf<'spam_checker', 'user_may_invite'> = async () => NOT_SPAM;
 * ```
 */
export type HandlerOf<C extends CallbackCategory, N extends CallbackName<C>> = Extract<
  CallbackCategories[C][N],
  AnyHandler
>;
/** What the homeserver learns when it asks. */
export type ResultOf<C extends CallbackCategory, N extends CallbackName<C>> = N extends keyof Rules[C]
  ? Rules[C][N] extends Rule<AnyHandler, infer Result>
    ? Result
    : never
  : never;

/** The rule of a callback named by strings, or undefined. */
export function findRule(category: string, name: string): Rule<AnyHandler, unknown> | undefined {
  if (!isCallbackCategory(category)) return undefined;
  const rules = callbackRules[category] as Readonly<Record<string, Rule<AnyHandler, unknown>>>;
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** Whether there is a category of this name. */
export function isCallbackCategory(category: string): category is CallbackCategory {
  return Object.hasOwn(callbackRules, category);
}

/** The names of a category's callbacks, or undefined for an unknown category. */
export function callbackNames(category: string): readonly string[] | undefined {
  return isCallbackCategory(category) ? Object.keys(callbackRules[category]) : undefined;
}

/** The names of all categories. */
export const callbackCategories: readonly CallbackCategory[] = Object.keys(callbackRules).filter(isCallbackCategory);
