import type { WebResourceLike, WebResourceOptions } from '../web/web-resource.js';
import type { CallbacksOf } from './registrar.js';

/** The methods of `ModuleApi` that register what a module answers. */
export interface RegistrationApi {
  /** Registers callbacks of the category `spam_checker`. Synapse: `register_spam_checker_callbacks`. */
  readonly registerSpamCheckerCallbacks: (callbacks: CallbacksOf<'spam_checker'>) => void;

  /** Registers callbacks of the category `third_party_rules`. Synapse: `register_third_party_rules_callbacks`. */
  readonly registerThirdPartyRulesCallbacks: (callbacks: CallbacksOf<'third_party_rules'>) => void;

  /**
   * Registers callbacks of the category `password_auth_provider`; `auth_checkers` is a list of login types with their
   * fields and checkers. Synapse: `register_password_auth_provider_callbacks`.
   */
  readonly registerPasswordAuthProviderCallbacks: (callbacks: CallbacksOf<'password_auth_provider'>) => void;

  /**
   * Registers callbacks of the category `account_validity`. Synapse: `register_account_validity_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when an `on_legacy_...` callback is registered a second time.
   */
  readonly registerAccountValidityCallbacks: (callbacks: CallbacksOf<'account_validity'>) => void;

  /**
   * Registers the two callbacks of the category `presence_router`. Synapse: `register_presence_router_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when only one is given.
   */
  readonly registerPresenceRouterCallbacks: (callbacks: CallbacksOf<'presence_router'>) => void;

  /**
   * Registers the controller of background updates; the first one counts, a later one is warned about. Synapse:
   * `register_background_update_controller_callbacks`.
   *
   * @throws `HostError` `TypeError` without `on_update`.
   */
  readonly registerBackgroundUpdateControllerCallbacks: (
    callbacks: CallbacksOf<'background_update_controller'>,
  ) => void;

  /** Registers callbacks of the category `account_data`. Synapse: `register_account_data_callbacks`. */
  readonly registerAccountDataCallbacks: (callbacks: CallbacksOf<'account_data'>) => void;

  /**
   * Registers callbacks of the category `add_extra_fields_to_unsigned_client_event`.
   * Synapse: `register_add_extra_fields_to_unsigned_client_event_callbacks`.
   */
  readonly registerAddExtraFieldsToUnsignedClientEventCallbacks: (
    callbacks: CallbacksOf<'add_extra_fields_to_unsigned_client_event'>,
  ) => void;

  /** Registers callbacks of the category `media_repository`. Synapse: `register_media_repository_callbacks`. */
  readonly registerMediaRepositoryCallbacks: (callbacks: CallbacksOf<'media_repository'>) => void;

  /** Registers callbacks of the category `ratelimit`. Synapse: `register_ratelimit_callbacks`. */
  readonly registerRatelimitCallbacks: (callbacks: CallbacksOf<'ratelimit'>) => void;

  /** Registers callbacks of the category `federation`. Synapse: `register_federation_callbacks`. */
  readonly registerFederationCallbacks: (callbacks: CallbacksOf<'federation'>) => void;

  /**
   * Serves a path, what `@WebResource` does for a method or property. Only while the module is being constructed.
   * Synapse: `register_web_resource`.
   *
   * @throws `HostError` `RuntimeError` after start-up; `VesicleError` `WEB_PATH_RESERVED` for a path of Synapse's own.
   */
  readonly registerWebResource: (path: string, resource: WebResourceLike, options?: WebResourceOptions) => void;
}
