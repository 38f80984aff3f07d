import type { MatrixEvent, StateMap } from '../matrix/event.js';
import type { RoomId, UserId } from '../matrix/ids.js';
import type { JsonValue, MutableJsonObject } from '../matrix/json.js';
import type { Requester } from '../matrix/requester.js';
import type { PresenceApi } from './presence-api.js';
import type { StateFilter } from './rooms-api.js';
import type { Template } from './template.js';

/** The kinds of arguments of a `ModuleApi` method that Synapse runs, with the types that may have them. */
export interface ArgumentTypes {
  readonly json: JsonValue;
  /** JSON that the method may change: the answer of such a method is always `[result, argument afterwards]`. */
  readonly live_json: MutableJsonObject;
  /** A string that the method takes as a `UserID` object. */
  readonly user_id: UserId;
  /** A string that the method takes as a `RoomID` object. */
  readonly room_id: RoomId;
  /** The handle of an HTTP request that is being answered. */
  readonly request: Request;
  /** An array of arrays that Synapse takes as tuples. */
  readonly tuples: StateFilter;
  /** A mapping of user IDs to arrays that Synapse takes as tuples. */
  readonly presence_updates: Parameters<PresenceApi['setPresenceForUsers']>[0];
  /** What can be iterated over, as an array. */
  readonly list: Iterable<string>;
  /** The contents of files by their names, which the method takes as the path of a directory that holds them. */
  readonly files: Readonly<Record<string, string>>;
}

/** The kind of an argument: how it travels. */
export type ArgumentKind = keyof ArgumentTypes;

/** The kinds of results of a `ModuleApi` method that Synapse runs, with the types that they become. */
export interface ResultTypes {
  readonly json: JsonValue;
  readonly none: undefined;
  readonly event: MatrixEvent;
  /** Events of which the rest is fetched on demand. */
  readonly events: readonly MatrixEvent[];
  /** The same, as a state map. */
  readonly state_events: StateMap;
  /** The public fields of an object of Synapse, in camel case; null stays null. */
  readonly record: object | null;
  readonly records: readonly object[];
  readonly requester: Requester;
  /** An ID object as a string, or null. */
  readonly id: string | null;
  /** What the method wrote as the response to the request. */
  readonly response: Response;
  readonly templates: readonly Template[];
  /** JSON values by name. */
  readonly map: ReadonlyMap<string, JsonValue>;
}

/** The kind of a result: how it travels. */
export type ResultKind = keyof ResultTypes;

/** The kinds that an argument of this type may have. */
export type ArgumentKindOf<Value> = {
  readonly [Kind in ArgumentKind]: [Value] extends [ArgumentTypes[Kind]] ? Kind : never;
}[ArgumentKind];

/** The kinds whose results are of this type, or are checked by nobody but Synapse and hold only JSON. */
export type ResultKindOf<Value> =
  | {
      readonly [Kind in ResultKind]: [ResultTypes[Kind]] extends [Value] ? Kind : never;
    }[Exclude<ResultKind, ClaimedKind>]
  | ([Value] extends [JsonValue] ? 'json' : never)
  | ([Value] extends [string | null] ? 'id' : never)
  | ([Value] extends [ReadonlyMap<string, JsonValue>] ? 'map' : never)
  | ([Value] extends [readonly (infer Item)[]] ? (IsRecord<Item> extends true ? 'records' : never) : never)
  | (IsRecord<Exclude<Value, null>> extends true ? 'record' : never);

/** Kinds of results whose type is what Synapse promises. */
type ClaimedKind = 'json' | 'id' | 'map' | 'record' | 'records';

/** Objects with names and JSON, no functions, no arrays. */
type IsRecord<Value> = [Value] extends [JsonValue]
  ? false
  : [Value] extends [{ readonly [Name in keyof Value]: JsonValue }]
    ? true
    : false;
