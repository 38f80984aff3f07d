import type { ServerName } from '../matrix/ids.js';
import type { WebResourceLike, WebResourceOptions } from '../web/web-resource.js';
import type { AccountDataManager } from './account-data-manager.js';
import { BackgroundApi } from './background-api.js';
import type { HttpClient } from './http-client.js';
import type { PublicRoomListManager } from './public-room-list-manager.js';
import type { CallbacksOf, Registrar } from './registrar.js';

/**
 * What a module can do with its homeserver (`synapse.module_api.ModuleApi`). Injected by class, so import it as a value.
 *
 * Every method is Synapse's in camelCase and asynchronous. Arguments that have a default in Synapse are members of the last
 * argument; arguments of a function to be called are bound in a closure. Python's exceptions are {@link HostError} unless
 * they are `SynapseError`.
 *
 * @example
 * ```ts
 * import { Codes, ModuleApi, NOT_SPAM } from 'vesicle';
 *
 * export class AdminsOnly {
 *   constructor(api: ModuleApi) {
 *     api.registerSpamCheckerCallbacks({
 *       user_may_create_room: async (userId) => ((await api.isUserAdmin(userId)) ? NOT_SPAM : Codes.FORBIDDEN),
 *     });
 *   }
 * }
 * ```
 */
export abstract class ModuleApi extends BackgroundApi {
  /** The server's name as configured, with its port if it has one. */
  abstract readonly serverName: ServerName;
  /** Where clients reach the server, with a slash at the end; `https://<server name>/` unless configured. */
  abstract readonly publicBaseurl: string;
  /** What the server calls itself in mails; `Matrix` unless configured. */
  abstract readonly emailAppName: string;
  /** The name of this worker, null on the main process. */
  abstract readonly workerName: string | null;
  /** The kind of this worker, null on the main process. */
  abstract readonly workerApp: string | null;
  /** The directory of the server's own templates, null unless configured. */
  abstract readonly customTemplateDir: string | null;
  /** Outbound HTTP. */
  abstract readonly httpClient: HttpClient;
  /** The public room list. */
  abstract readonly publicRoomListManager: PublicRoomListManager;
  /** Global account data. */
  abstract readonly accountDataManager: AccountDataManager;

  /** @internal Hosts make it; authors are given one. */
  constructor(private readonly registrar: Registrar) {
    super();
  }

  /** Registers callbacks of the category `spam_checker`. Synapse: `register_spam_checker_callbacks`. */
  registerSpamCheckerCallbacks(callbacks: CallbacksOf<'spam_checker'>): void {
    this.registrar.registerCallbacks('spam_checker', callbacks);
  }

  /** Registers callbacks of the category `third_party_rules`. Synapse: `register_third_party_rules_callbacks`. */
  registerThirdPartyRulesCallbacks(callbacks: CallbacksOf<'third_party_rules'>): void {
    this.registrar.registerCallbacks('third_party_rules', callbacks);
  }

  /**
   * Registers callbacks of the category `password_auth_provider`; `auth_checkers` is a list of login types with their
   * fields and checkers. Synapse: `register_password_auth_provider_callbacks`.
   */
  registerPasswordAuthProviderCallbacks(callbacks: CallbacksOf<'password_auth_provider'>): void {
    this.registrar.registerCallbacks('password_auth_provider', callbacks);
  }

  /**
   * Registers callbacks of the category `account_validity`. Synapse: `register_account_validity_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when an `on_legacy_...` callback is registered a second time.
   */
  registerAccountValidityCallbacks(callbacks: CallbacksOf<'account_validity'>): void {
    this.registrar.registerCallbacks('account_validity', callbacks);
  }

  /**
   * Registers the two callbacks of the category `presence_router`. Synapse: `register_presence_router_callbacks`.
   *
   * @throws `HostError` `RuntimeError` when only one is given.
   */
  registerPresenceRouterCallbacks(callbacks: CallbacksOf<'presence_router'>): void {
    this.registrar.registerCallbacks('presence_router', callbacks);
  }

  /**
   * Registers the controller of background updates; the first one counts, a later one is warned about. Synapse:
   * `register_background_update_controller_callbacks`.
   *
   * @throws `HostError` `TypeError` without `on_update`.
   */
  registerBackgroundUpdateControllerCallbacks(callbacks: CallbacksOf<'background_update_controller'>): void {
    this.registrar.registerCallbacks('background_update_controller', callbacks);
  }

  /** Registers callbacks of the category `account_data`. Synapse: `register_account_data_callbacks`. */
  registerAccountDataCallbacks(callbacks: CallbacksOf<'account_data'>): void {
    this.registrar.registerCallbacks('account_data', callbacks);
  }

  /**
   * Registers callbacks of the category `add_extra_fields_to_unsigned_client_event`.
   * Synapse: `register_add_extra_fields_to_unsigned_client_event_callbacks`.
   */
  registerAddExtraFieldsToUnsignedClientEventCallbacks(
    callbacks: CallbacksOf<'add_extra_fields_to_unsigned_client_event'>,
  ): void {
    this.registrar.registerCallbacks('add_extra_fields_to_unsigned_client_event', callbacks);
  }

  /** Registers callbacks of the category `media_repository`. Synapse: `register_media_repository_callbacks`. */
  registerMediaRepositoryCallbacks(callbacks: CallbacksOf<'media_repository'>): void {
    this.registrar.registerCallbacks('media_repository', callbacks);
  }

  /** Registers callbacks of the category `ratelimit`. Synapse: `register_ratelimit_callbacks`. */
  registerRatelimitCallbacks(callbacks: CallbacksOf<'ratelimit'>): void {
    this.registrar.registerCallbacks('ratelimit', callbacks);
  }

  /** Registers callbacks of the category `federation`. Synapse: `register_federation_callbacks`. */
  registerFederationCallbacks(callbacks: CallbacksOf<'federation'>): void {
    this.registrar.registerCallbacks('federation', callbacks);
  }

  /**
   * Serves a path, what `@WebResource` does for a method or property. Only while the module is being constructed.
   * Synapse: `register_web_resource`.
   *
   * @throws `HostError` `RuntimeError` after start-up; `VesicleError` `WEB_PATH_RESERVED` for a path of Synapse's own.
   */
  registerWebResource(path: string, resource: WebResourceLike, options?: WebResourceOptions): void {
    this.registrar.registerWebResource(path, resource, options);
  }
}
