import type { WebResourceLike, WebResourceOptions } from '../web/web-resource.js';
import type { CallbacksOf } from './registrar.js';

/** The methods of `ModuleApi` that register what a module answers. */
export interface RegistrationApi {
  /**
   * Registers callbacks of the category `spam_checker`. Synapse: `register_spam_checker_callbacks`.
   *
   * @example
   * ```ts
   * api.registerSpamCheckerCallbacks({ user_may_create_room: async () => NOT_SPAM });
   * ```
   */
  readonly registerSpamCheckerCallbacks: (callbacks: CallbacksOf<'spam_checker'>) => void;

  /**
   * Registers callbacks of the category `third_party_rules`. Synapse: `register_third_party_rules_callbacks`.
   *
   * @example
   * ```ts
   * api.registerThirdPartyRulesCallbacks({ check_event_allowed: async () => [true, null] });
   * ```
   */
  readonly registerThirdPartyRulesCallbacks: (callbacks: CallbacksOf<'third_party_rules'>) => void;

  /**
   * Registers callbacks of the category `password_auth_provider`; `auth_checkers` is a list of login types with their
   * fields and checkers. Synapse: `register_password_auth_provider_callbacks`.
   *
   * @example
   * ```ts
   * api.registerPasswordAuthProviderCallbacks({ is_3pid_allowed: async (medium) => medium === 'email' });
   * ```
   */
  readonly registerPasswordAuthProviderCallbacks: (callbacks: CallbacksOf<'password_auth_provider'>) => void;

  /**
   * Registers callbacks of the category `account_validity`. Synapse: `register_account_validity_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when an `on_legacy_...` callback is registered a second time.
   *
   * @example
   * ```ts
   * api.registerAccountValidityCallbacks({ is_user_expired: async () => false });
   * ```
   */
  readonly registerAccountValidityCallbacks: (callbacks: CallbacksOf<'account_validity'>) => void;

  /**
   * Registers the two callbacks of the category `presence_router`. Synapse: `register_presence_router_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when only one is given.
   *
   * @example
   * ```ts
   * api.registerPresenceRouterCallbacks({
   *   get_users_for_states: async () => new Map(),
   *   get_interested_users: async () => new Set(),
   * });
   * ```
   */
  readonly registerPresenceRouterCallbacks: (callbacks: CallbacksOf<'presence_router'>) => void;

  /**
   * Registers the controller of background updates; the first one counts, a later one is warned about. Synapse:
   * `register_background_update_controller_callbacks`.
   *
   * @throws `HostError` `TypeError` without `on_update`.
   *
   * @example
   * ```ts
   * api.registerBackgroundUpdateControllerCallbacks({
   *   on_update: async () => ({ enter: async () => 100, exit: async () => undefined }),
   * });
   * ```
   */
  readonly registerBackgroundUpdateControllerCallbacks: (
    callbacks: CallbacksOf<'background_update_controller'>,
  ) => void;

  /**
   * Registers callbacks of the category `account_data`. Synapse: `register_account_data_callbacks`.
   *
   * @example
   * ```ts
   * api.registerAccountDataCallbacks({ on_account_data_updated: async () => undefined });
   * ```
   */
  readonly registerAccountDataCallbacks: (callbacks: CallbacksOf<'account_data'>) => void;

  /**
   * Registers callbacks of the category `add_extra_fields_to_unsigned_client_event`.
   * Synapse: `register_add_extra_fields_to_unsigned_client_event_callbacks`.
   *
   * @example
   * ```ts
   * api.registerAddExtraFieldsToUnsignedClientEventCallbacks({
   *   add_field_to_unsigned_callback: async () => ({ 'org.example.checked': true }),
   * });
   * ```
   */
  readonly registerAddExtraFieldsToUnsignedClientEventCallbacks: (
    callbacks: CallbacksOf<'add_extra_fields_to_unsigned_client_event'>,
  ) => void;

  /**
   * Registers callbacks of the category `media_repository`. Synapse: `register_media_repository_callbacks`.
   *
   * @example
   * ```ts
   * api.registerMediaRepositoryCallbacks({ is_user_allowed_to_upload_media_of_size: async (_user, size) => size < 1_000_000 });
   * ```
   */
  readonly registerMediaRepositoryCallbacks: (callbacks: CallbacksOf<'media_repository'>) => void;

  /**
   * Registers callbacks of the category `ratelimit`. Synapse: `register_ratelimit_callbacks`.
   *
   * @example
   * ```ts
   * api.registerRatelimitCallbacks({ get_ratelimit_override_for_user: async () => ({ perSecond: 0, burstCount: 0 }) });
   * ```
   */
  readonly registerRatelimitCallbacks: (callbacks: CallbacksOf<'ratelimit'>) => void;

  /**
   * Registers callbacks of the category `federation`. Synapse: `register_federation_callbacks`.
   *
   * @example
   * ```ts
   * api.registerFederationCallbacks({
   *   on_event_delivered_over_federation: async ({ serverName, events }) => console.log(serverName, events.length),
   * });
   * ```
   */
  readonly registerFederationCallbacks: (callbacks: CallbacksOf<'federation'>) => void;

  /**
   * Serves a path, what `@WebResource` does for a method or property. Only while the module is being constructed.
   * Synapse: `register_web_resource`.
   *
   * @throws `HostError` `RuntimeError` after start-up; `VesicleError` `WEB_PATH_RESERVED` for a path of Synapse's own.
   *
   * @example
   * ```ts
   * api.registerWebResource('/_synapse/client/hello', () => new Response('Hello'));
   * ```
   */
  readonly registerWebResource: (path: string, resource: WebResourceLike, options?: WebResourceOptions) => void;
}
