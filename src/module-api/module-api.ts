import type { CallbackCategory } from '../callbacks/registry.js';
import type { BackgroundApi } from './background-api.js';
import type { MessagingApi } from './messaging-api.js';
import type { PresenceApi } from './presence-api.js';
import type { CallbacksOf, Registrar } from './registrar.js';
import type { RegistrationApi } from './registration-api.js';
import type { RoomsApi } from './rooms-api.js';
import type { ServerProperties } from './server-properties.js';
import type { UsersApi } from './users-api.js';

/** What each host brings of `ModuleApi`: its class says `implements HostApi`, so that one without a body does not compile. */
export interface HostApi extends ServerProperties, UsersApi, RoomsApi, PresenceApi, MessagingApi, BackgroundApi {}

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
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-extraneous-class -- the class of a host extends `HostBase` and says `implements HostApi`
export abstract class ModuleApi {
  /** @internal Hosts make it; authors are given one. */
  constructor(registrar: Registrar) {
    Object.assign(this, registrationOf(registrar));
  }
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- as above
export interface ModuleApi extends RegistrationApi, HostApi {}

/** {@link ModuleApi} as the class of a host extends it: with the methods that register, the others are to be brought. */
export const HostBase: abstract new (registrar: Registrar) => RegistrationApi = ModuleApi;

function registrationOf(registrar: Registrar): RegistrationApi {
  const of =
    <Category extends CallbackCategory>(category: Category) =>
    (callbacks: CallbacksOf<Category>): void => {
      registrar.registerCallbacks(category, callbacks);
    };
  return {
    registerSpamCheckerCallbacks: of('spam_checker'),
    registerThirdPartyRulesCallbacks: of('third_party_rules'),
    registerPasswordAuthProviderCallbacks: of('password_auth_provider'),
    registerAccountValidityCallbacks: of('account_validity'),
    registerPresenceRouterCallbacks: of('presence_router'),
    registerBackgroundUpdateControllerCallbacks: of('background_update_controller'),
    registerAccountDataCallbacks: of('account_data'),
    registerAddExtraFieldsToUnsignedClientEventCallbacks: of('add_extra_fields_to_unsigned_client_event'),
    registerMediaRepositoryCallbacks: of('media_repository'),
    registerRatelimitCallbacks: of('ratelimit'),
    registerFederationCallbacks: of('federation'),
    registerWebResource: (...args) => {
      registrar.registerWebResource(...args);
    },
  };
}
