import type { DbValue } from '../../../src/module-api/db-transaction.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { PRESENCE_ALL_USERS } from '../../../src/callbacks/presence-router.js';
import { RegistrationBehaviour } from '../../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import type { MatrixEvent } from '../../../src/matrix/event.js';
import { parseRoomAlias, parseRoomId, parseUserId } from '../../../src/matrix/ids.js';
import type { UserPresenceState } from '../../../src/matrix/presence.js';
import { tuple } from '../../../src/matrix/tuple.js';
import { isRecord, type Json, type JsonRecord, type RaiseSpec, textOf } from '../format.js';
import { MISSING, valueAt } from '../variables.js';
import { camelCase } from './casing.js';
import { encode } from './encode.js';
import { decodeFunction, decodeSql } from './functions.js';
import { setPath } from './mutate.js';
import { plainForms } from './plain-forms.js';
import { errorFor } from './raise.js';
import type { Theatre } from './theatre.js';

/** What a value of a case is decoded for: a module, and the arguments of the callback that answers with it. */
export interface Scene {
  readonly theatre: Theatre;
  readonly module: string;
  readonly args: readonly unknown[];
  readonly encodedArgs: Json[];
}

/** The value that a piece of a case stands for, as Vesicle's types have it. */
export function decode(value: Json, scene: Scene): unknown {
  if (typeof value === 'string') return decodeText(value, scene);
  if (Array.isArray(value)) return value.map((item) => decode(item, scene));
  if (!isRecord(value)) return value;
  const form = Object.keys(value).find((key) => Object.hasOwn(forms, key));
  if (form !== undefined) return forms[form]?.(value[form] ?? null, scene, value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [String(decodeText(key, scene)), decode(item, scene)]),
  );
}

function decodeText(text: string, scene: Scene): unknown {
  if (text === 'NOT_SPAM') return NOT_SPAM;
  const whole = /^\{arg:([^}]+)\}$/.exec(text)?.[1];
  if (whole !== undefined) return argumentAt(whole, scene);
  return text.replace(/\{arg:([^}]+)\}/g, (_match, path: string) => textOf(argumentAt(path, scene)));
}

function argumentAt(path: string, scene: Scene): Json {
  const value = valueAt(scene.encodedArgs, path);
  return value === MISSING ? null : value;
}

type Form = (value: Json, scene: Scene, whole: JsonRecord) => unknown;

/** The special values of the format: what each stands for. */
const forms: Readonly<Record<string, Form>> = {
  ...plainForms,
  $code: (name) => Codes[name as keyof typeof Codes],
  $tuple: (items, scene) => tuple(...list(items).map((item) => decode(item, scene))),
  $set: (items, scene) => new Set(list(items).map((item) => decode(item, scene))),
  $registration: (name) => RegistrationBehaviour[name as 'ALLOW' | 'DENY' | 'SHADOW_BAN'],
  $presence_all: () => PRESENCE_ALL_USERS,
  $media_limit: (fields) => camelCased(fields),
  $ratelimit: (fields) => camelCased(fields),
  $user_id: (id, scene) => parseUserId(decode(id, scene)),
  $room_id: (id, scene) => parseRoomId(decode(id, scene)),
  $room_alias: (id, scene) => parseRoomAlias(decode(id, scene)),
  $arg: (index, scene) => scene.args[Number(index)],
  $state_of: (userId, scene) => new Set(statesOf(scene).filter((state) => state.userId === decode(userId, scene))),
  $all_states: (_true, scene) => new Set(statesOf(scene)),
  $presence_state: (fields, scene) => presenceState(decode(fields, scene) as JsonRecord),
  $event_dict: (spec, scene) => changedEvent(spec as JsonRecord, scene),
  $callback: (name, scene, whole) => recordingCallback(textOf(name), whole['raise'], scene),
  $fn: (spec, scene) => decodeFunction(spec as JsonRecord, scene),
  $sql: (sql, _scene, whole) => decodeSql(textOf(sql), list(whole['params'] ?? []) as DbValue[]),
};

function list(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

function camelCased(fields: Json): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields as JsonRecord).map(([key, item]) => [camelCase(key), item]));
}

function statesOf(scene: Scene): readonly UserPresenceState[] {
  return scene.args[0] as readonly UserPresenceState[];
}

function presenceState(fields: JsonRecord): UserPresenceState {
  return {
    userId: fields['user_id'] as UserPresenceState['userId'],
    state: fields['state'] as UserPresenceState['state'],
    statusMsg: (fields['status_msg'] ?? null) as string | null,
    lastActiveTs: 0,
    lastFederationUpdateTs: 0,
    lastUserSyncTs: 0,
    currentlyActive: false,
  };
}

function changedEvent(spec: JsonRecord, scene: Scene): JsonRecord {
  const event = scene.args[Number(spec['arg'] ?? 0)] as MatrixEvent;
  const copy = structuredClone(event.getDict()) as JsonRecord;
  for (const change of list(spec['set'] ?? [])) {
    const [path, value] = change as [string, Json];
    setPath(copy, path, decode(value, scene));
  }
  return copy;
}

function recordingCallback(name: string, raise: Json | undefined, scene: Scene): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const call = scene.theatre.record(scene.module, `callback:${name}`);
    const encoded = await scene.theatre.follow(Promise.all(args.map((arg) => encode(arg))));
    if (call !== undefined) call.args = { args: encoded };
    if (raise !== undefined) throw errorFor(raise as RaiseSpec);
  };
}
