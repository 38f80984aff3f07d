import type { FailureAction } from '../../callbacks/callback-options.js';
import type { When } from '../../callbacks/when.js';
import type { CallbackMode } from '../../callbacks/callback-options.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';

/*
 * The shapes of values on the wire, by kind. Keys are Synapse's (`snake_case`); bytes travel as base64. A value has its kind by
 * its place (its row in `src/callbacks` or in `src/module-api`), so that plain JSON needs no escaping.
 */

/** A handle of something that lives on the other side until it is released or the connection ends. */
export type Handle = number;

/** `event`: what a module may read without asking again. `pdu` is `get_dict()`, its `unsigned` included. */
export interface WireEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly room_version: string;
  /** What `event.redacts` says, wherever the room version keeps it. */
  readonly redacts?: string;
  readonly pdu: JsonObject;
}

/** `events`: as many as Synapse makes at once, so that a large room does not hold it up. */
export interface WireEvents {
  readonly events: readonly WireEvent[];
  /** There are more: what to ask `events.more` for; ends with the last of them. */
  readonly rest?: Handle;
}

/** `state`: a state map stays in Synapse; the handle ends with the call that brought it. */
export interface WireState {
  readonly state: Handle;
}

/** `requester` (`synapse.types.Requester`). */
export interface WireRequester {
  readonly user_id: string;
  readonly is_guest: boolean;
  readonly shadow_banned: boolean;
  readonly device_id: string | null;
  readonly access_token_id: number | null;
  readonly app_service_id: string | null;
  readonly authenticated_entity: string;
}

/** `profile` (`synapse.types.ProfileInfo`). */
export interface WireProfile {
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

/** `presence` (`synapse.api.presence.UserPresenceState`), also in lists and sets. */
export interface WirePresence {
  readonly user_id: string;
  readonly state: string;
  readonly last_active_ts: number;
  readonly last_federation_update_ts: number;
  readonly last_user_sync_ts: number;
  readonly status_msg: string | null;
  readonly currently_active: boolean;
}

/** `presence_map`: the answer of `get_users_for_states`. */
export type WirePresenceMap = readonly (readonly [userId: string, states: readonly WirePresence[]])[];

/** `media_file`: a stored file, read by `media.read` while the call lasts. */
export interface WireMediaFile {
  readonly file: Handle;
  readonly path: string;
}

/** `media_info` (`media/_base.py: FileInfo`). */
export interface WireMediaInfo {
  readonly server_name: string | null;
  readonly file_id: string;
  readonly url_cache: boolean;
  readonly thumbnail: {
    readonly width: number;
    readonly height: number;
    readonly method: string;
    readonly type: string;
    readonly length: number;
  } | null;
}

/** `delivery` (`FederationEventDeliveryEvent`). */
export interface WireDelivery {
  readonly server_name: string;
  readonly method: string;
  readonly events: readonly WireEvent[];
}

/** `upload_limit` (`synapse.module_api.MediaUploadLimit`). */
export interface WireUploadLimit {
  readonly max_bytes: number;
  readonly time_period_ms: number;
  readonly info_uri: string | null;
  readonly can_upgrade: boolean;
}

/** `ratelimit` (`synapse.module_api.RatelimitOverride`). */
export interface WireRatelimit {
  readonly per_second: number;
  readonly burst_count: number;
}

/** `request`: an HTTP request of a client; its body is read by `web.body` while the call lasts. */
export interface WireRequest {
  readonly request: Handle;
  readonly method: string;
  /** Path and query as they came, percent-encoded. */
  readonly uri: string;
  /** Bytes of names and values as Latin-1. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The address of the client, as Synapse sees it. */
  readonly ip: string;
  readonly has_body: boolean;
  /** The whole body when it is small, in base64. */
  readonly body?: string;
}

/** `response`: the whole body when it is small; else it is pulled by `web.read`. */
export interface WireResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Base64; absent when the body is to be pulled. */
  readonly body?: string;
}

/** `spam`: a refusal of a spam checker; null is NOT_SPAM. */
export interface WireSpamRefusal {
  /** The text of a member of `Codes`. */
  readonly errcode: string;
  readonly fields?: JsonObject;
  /** Only `check_event_for_spam`: the error text in place of Synapse's. */
  readonly message?: string;
}

/** `event_decision`: the answer of `check_event_allowed`; null allows. */
export interface WireEventDecision {
  readonly allowed: boolean;
  readonly replacement: JsonObject | null;
}

/** `auth`: who logged in; `callback` is called with the login response. */
export interface WireAuthResult {
  readonly user_id: string;
  readonly callback: Handle | null;
}

/** `slot`: what surrounds one iteration of a background update. */
export interface WireSlot {
  readonly slot: Handle;
}

/** A value of a database column; big integers, bytes and numbers that are not finite are marked values. */
export type WireDbValue = null | number | bigint | string | boolean | Uint8Array;

/** An error of either side, rebuilt on the other with type, status and code. */
export interface WireError {
  /** The Python class (`SynapseError`, `AuthError`, `KeyError`, ...), or that of JavaScript for an error that has none. */
  readonly type: string;
  readonly message: string;
  /** Of `SynapseError` and its subclasses. */
  readonly status?: number;
  readonly errcode?: string;
  readonly additional_fields?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of `RedirectException`; `status` is there, too. */
  readonly location?: string;
  readonly cookies?: readonly string[];
  /** Of `ConfigError`: path below the bridge's `config`, list indexes as `<item N>`. */
  readonly path?: readonly string[];
  /** Of `HttpResponseException`: the body of the answer, in base64. */
  readonly response?: string;
  /** Messages of the causes, outermost first. */
  readonly causes?: readonly string[];
  /** For the log of Synapse: where a module threw. Only sent to a bridge that has said who it is. */
  readonly stack?: string;
  /** The sender's number of an exception of Synapse; an error that comes back unchanged with it is raised as that exception. */
  readonly origin?: number;
}

/** One callback of one module, as far as the bridge must know it. */
export interface WireEntry {
  readonly module: string;
  readonly mode: CallbackMode;
  /** The call may be left out when the `when` of every entry rules it out. */
  readonly when?: When;
  /** Milliseconds. */
  readonly timeout?: number;
  /** What a lost connection means, by origin. */
  readonly on_failure: { readonly local: FailureAction; readonly federated: FailureAction };
}

/** One callback that Synapse is to call: all modules that registered it, in order. */
export interface WireRegistration {
  readonly category: string;
  readonly name: string;
  /** Of auth checkers: one registration for each login type. */
  readonly login_type?: string;
  readonly fields?: readonly string[];
  readonly entries: readonly WireEntry[];
}

/** A web resource that Synapse is to serve. */
export interface WireWebResource {
  readonly module: string;
  readonly path: string;
  /** Whether it answers everything below its path, too (Twisted: `isLeaf`). */
  readonly subtree: boolean;
  /** Twisted's class name in Synapse's access log. */
  readonly name: string;
}

/** What a Synapse process is, for the properties of `ModuleApi` and for `runOn`. */
export interface WireHomeserver {
  readonly server_name: string;
  readonly public_baseurl: string;
  readonly email_app_name: string;
  readonly worker_name: string | null;
  readonly worker_app: string | null;
  readonly custom_template_dir: string | null;
  /** What `should_run_background_tasks` answers. */
  readonly run_background_tasks: boolean;
  readonly synapse_version: string;
  /** The callbacks that this Synapse can register, by category: found by `inspect.signature`. */
  readonly callbacks: Readonly<Record<string, readonly string[]>>;
  /** Logins are delegated (MAS): these callbacks would never run. */
  readonly delegated_auth: boolean;
}

/** What the bridge is told of a failed start: the first problem as Synapse prints it, and all of them as text. */
export interface WireConfigProblem {
  readonly path: readonly string[];
  /** Outermost first, as Synapse indents them. */
  readonly messages: readonly string[];
  /** `file:line` of the module's class, when known. */
  readonly at?: string;
}

/** `templates`: a list of these, in the order asked for. */
export interface WireTemplate {
  readonly template: Handle;
  readonly name: string;
}

/** The values of a template. */
export type WireValues = Readonly<Record<string, JsonValue>>;
