export { type AccountDataManager } from './module-api/account-data-manager.js';
export { type BackgroundCall } from './module-api/background-call.js';
export { type CachedFunction } from './module-api/cached-function.js';
export { type DbRow, type DbTransaction, type DbValue } from './module-api/db-transaction.js';
export {
  type FetchedFile,
  type HttpArguments,
  type HttpClient,
  type HttpFileOptions,
  type HttpHeaders,
  type HttpRequestOptions,
} from './module-api/http-client.js';
export { type LoginResponse } from './module-api/login-response.js';
export { type PushRuleAction } from './module-api/messaging-api.js';
export { ModuleApi } from './module-api/module-api.js';
export { type PresenceUpdate } from './module-api/presence-api.js';
export { type PublicRoomListManager } from './module-api/public-room-list-manager.js';
export { type RegisteredDevice } from './module-api/registered-device.js';
export { type CallbacksOf } from './module-api/registrar.js';
export { type MembershipAction, type StateFilter } from './module-api/rooms-api.js';
export { type Template } from './module-api/template.js';
export { type ThreepidOfUser, type UserInfo, type UserIpAndAgent } from './module-api/user-info.js';

export { type AccountDataCallbacks } from './callbacks/account-data.js';
export { type AccountValidityCallbacks } from './callbacks/account-validity.js';
export {
  type BackgroundUpdateControllerCallbacks,
  type BackgroundUpdateSlot,
} from './callbacks/background-update-controller.js';
export {
  type CallbackMode,
  type CallbackOptions,
  type CallbackPolicy,
  type FailureAction,
  type FailurePolicy,
} from './callbacks/callback-options.js';
export {
  type FederatedEventDeliveryMethod,
  type FederationEventDelivery,
} from './callbacks/federation-event-delivery.js';
export { type FederationCallbacks } from './callbacks/federation.js';
export { type InterceptedCall, type Interceptor } from './callbacks/interceptor.js';
export { type MediaFile, type MediaFileInfo, type ThumbnailInfo } from './callbacks/media-file.js';
export { type MediaRepositoryCallbacks } from './callbacks/media-repository.js';
export { type MediaUploadLimit } from './callbacks/media-upload-limit.js';
export {
  type AuthAnswer,
  type AuthChecker,
  type AuthCheckerEntry,
  type LoginCallback,
  type PasswordAuthProviderCallbacks,
} from './callbacks/password-auth-provider.js';
export { PRESENCE_ALL_USERS, type PresenceRouterCallbacks } from './callbacks/presence-router.js';
export { type ProfileInfo } from './callbacks/profile-info.js';
export { type RatelimitCallbacks, type RatelimitOverride } from './callbacks/ratelimit.js';
export {
  type CallbackCategories,
  type CallbackCategory,
  type CallbackName,
  type HandlerOf,
} from './callbacks/registry.js';
export { type AnyHandler } from './callbacks/rule.js';
export {
  RegistrationBehaviour,
  type RequestInfo,
  type SpamCheckerCallbacks,
  type UserProfile,
} from './callbacks/spam-checker.js';
export { NOT_SPAM, type SpamVerdict } from './callbacks/spam-verdict.js';
export {
  type EventAllowed,
  type ReplacementEvent,
  type ThirdPartyRulesCallbacks,
} from './callbacks/third-party-rules.js';
export { type UnsignedFieldsCallbacks } from './callbacks/unsigned-fields.js';
export { type When, type WhenSender, type WhenTest, type WhenTextTest } from './callbacks/when.js';

export { ByteSize } from './decorators/byte-size.js';
export { Cached, type CachedDecorator, type CachedOptions } from './decorators/cached.js';
export {
  type AuthCheckerOptions,
  Callback,
  type CallbackArguments,
  type CallbackDecorator,
  type CallbackDecoratorOptions,
} from './decorators/callback.js';
export { Duration, type UnitDecorator } from './decorators/duration.js';
export {
  type AbstractClass,
  type Class,
  Module,
  type ModuleOptions,
  type ModuleService,
  type ServiceKey,
  type ServiceScope,
} from './decorators/module.js';
export { WebResource, type WebResourceDecorator, type WebResourceDecoratorOptions } from './decorators/web-resource.js';

export {
  ContainerModule,
  inject,
  injectable,
  injectFromBase,
  LazyServiceIdentifier,
  multiInject,
  named,
  optional,
  postConstruct,
  preDestroy,
  type ResolutionContext,
  tagged,
  unmanaged,
} from 'inversify';

export { type Blame, type ErrorArguments, type ErrorCode } from './errors/codes.js';
export { ConfigError } from './errors/config-error.js';
export { HostError } from './errors/host-error.js';
export { HttpResponseException } from './errors/http-response-exception.js';
export { Code, Codes } from './errors/matrix-codes.js';
export { InvalidClientCredentialsError, RedirectException, SynapseError } from './errors/synapse-error.js';
export { type ErrorParts, VesicleError } from './errors/vesicle-error.js';

export { type LogFields, Logger, type LogLevel } from './log/logger.js';

export { type MatrixEvent, type StateMap } from './matrix/event.js';
export {
  domainOf,
  type EventId,
  localpartOf,
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseUserId,
  type RoomAlias,
  type RoomId,
  type ServerName,
  type UserId,
} from './matrix/ids.js';
export { isJsonObject, type JsonObject, type JsonValue, type MutableJsonObject } from './matrix/json.js';
export { type Presence, type UserPresenceState } from './matrix/presence.js';
export { type Requester } from './matrix/requester.js';
export { Tuple, tuple } from './matrix/tuple.js';

export { respondWithHtml } from './web/html-response.js';
export { parseJsonObjectFromRequest } from './web/json-request.js';
export {
  type Fetchable,
  type HttpMethod,
  type WebHandler,
  type WebResourceKind,
  type WebResourceLike,
  type WebResourceOptions,
} from './web/web-resource.js';
