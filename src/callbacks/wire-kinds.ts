import type { MatrixEvent, StateMap } from '../matrix/event.js';
import type { JsonValue, MutableJsonObject } from '../matrix/json.js';
import type { UserPresenceState } from '../matrix/presence.js';
import type { Requester } from '../matrix/requester.js';
import type { FederationEventDelivery } from './federation-event-delivery.js';
import type { MediaFile, MediaFileInfo } from './media-file.js';
import type { MediaUploadLimit } from './media-upload-limit.js';
import type { ProfileInfo } from './profile-info.js';

/** Arguments that are more than JSON: the kind in which one travels to a module in another process, and its type. */
export interface ArgumentTypes {
  readonly event: MatrixEvent;
  readonly state: StateMap;
  readonly requester: Requester;
  readonly profile: ProfileInfo;
  readonly presences: readonly UserPresenceState[];
  readonly media_file: MediaFile;
  readonly media_info: MediaFileInfo;
  readonly delivery: FederationEventDelivery;
  readonly upload_limit: MediaUploadLimit;
  readonly request: Request;
}

/** The kind in which an argument of a callback travels. */
export type ArgumentKind =
  | 'json'
  /** JSON that the callback may change: what it changed travels back, and the homeserver's own object is changed in place. */
  | 'live_json'
  | keyof ArgumentTypes;

/** The kinds in which an argument of the type can travel; none, when it has to get a kind of its own first. */
export type ArgumentKindOf<T> = 0 extends 1 & T ? ArgumentKind : T extends unknown ? OwnOrJsonKind<T> : never;

type OwnOrJsonKind<T> = [OwnKind<T>] extends [never] ? JsonKind<T> : OwnKind<T>;

type OwnKind<T> = { [K in keyof ArgumentTypes]: [T] extends [ArgumentTypes[K]] ? K : never }[keyof ArgumentTypes];

type JsonKind<T> = [MutableJsonObject, T] extends [T, MutableJsonObject]
  ? 'json' | 'live_json'
  : [T] extends [JsonValue]
    ? 'json'
    : // An interface is compared by its members, since TypeScript gives it no index signature.
      [{ [K in keyof T]: T[K] }] extends [JsonValue]
      ? 'json'
      : never;

/** The kind in which the result of a callback travels. */
export type ResultKind =
  | 'none'
  | 'spam'
  /** True, false, or a string that counts as true. */
  | 'truth'
  | 'registration'
  | 'event_decision'
  | 'auth'
  | 'text'
  | 'json'
  | 'presence_map'
  /** User IDs, or the string `ALL`. */
  | 'users'
  | 'upload_limits'
  | 'ratelimit'
  | 'slot'
  | 'number'
  /** Three values that Synapse gets as a tuple. */
  | 'renewal';
