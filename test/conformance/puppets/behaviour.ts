import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ModuleApi } from '../../../src/module-api/module-api.js';
import { RegistrationBehaviour } from '../../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import { tuple } from '../../../src/matrix/tuple.js';
import type { Json, JsonRecord, RuleSpec } from '../format.js';
import { MISSING, valueAt } from '../variables.js';
import { recordParameters } from './callback-names.js';
import { decode, type Scene } from './decode.js';
import { encode } from './encode.js';
import { callModuleApi } from './module-api.js';
import { setPath } from './mutate.js';
import { errorFor } from './raise.js';
import type { Theatre } from './theatre.js';

/** One callback of a puppet. */
export interface Role {
  readonly theatre: Theatre;
  readonly api: ModuleApi;
  readonly module: string;
  /** `category.name`, for auth checkers with the login type. */
  readonly callback: string;
  /** The callback's own name, which decides the neutral answer. */
  readonly name: string;
  readonly parameters: readonly string[];
}

/** A callback that follows its rules once the puppets are armed, with exactly the named parameters. */
export function makeCallback(role: Role): (...args: unknown[]) => Promise<unknown> {
  const callback = async (...args: unknown[]): Promise<unknown> => behave(role, args.slice(0, role.parameters.length));
  Object.defineProperty(callback, 'name', { value: `${role.module}.${role.name}` });
  // Two callbacks of Synapse are called by how many parameters they have.
  Object.defineProperty(callback, 'length', { value: role.parameters.length });
  return callback;
}

async function behave(role: Role, args: unknown[]): Promise<unknown> {
  const { theatre, module, callback, name } = role;
  const rules = theatre.rulesOf(module, callback);
  if (rules === undefined) return neutral(name);
  const call = theatre.record(module, callback);
  const encodedArgs = await theatre.follow(encodeArguments(role.parameters, args));
  // Written down now: a rule may change the arguments in place.
  if (call !== undefined)
    call.args = Object.fromEntries(role.parameters.map((key, at) => [key, encodedArgs[at] ?? null]));
  const rule = rules.find((candidate) => holds(candidate.when, encodedArgs));
  if (rule === undefined) return neutral(name);
  return await follow(rule, role, { theatre, module, args, encodedArgs });
}

async function follow(rule: RuleSpec, role: Role, scene: Scene): Promise<unknown> {
  for (const [index, path, value] of rule.mutate ?? []) setPath(scene.args[index], path, decode(value, scene));
  if (rule.delay_ms !== undefined) await delay(rule.delay_ms);
  for (const [method, ...args] of rule.api ?? []) {
    await callModuleApi(role.api, method, decode(args, scene) as unknown[]);
  }
  if (rule.never === true) await neverEnding(role.theatre);
  if (rule.raise !== undefined) throw errorFor(rule.raise);
  if (!Object.hasOwn(rule, 'return')) return neutral(role.name);
  return asAnswer(role.name, decode(rule.return ?? null, scene));
}

async function neverEnding(theatre: Theatre): Promise<never> {
  theatre.stuck++;
  return await new Promise<never>(() => {});
}

async function encodeArguments(names: readonly string[], args: readonly unknown[]): Promise<Json[]> {
  return await Promise.all(
    args.map((arg, index) => encode(arg, recordParameters.has(names[index] ?? '') ? 'record' : 'json')),
  );
}

function holds(when: JsonRecord | Readonly<Record<string, Json>> | undefined, encodedArgs: Json[]): boolean {
  return Object.entries(when ?? {}).every(([path, value]) => {
    const found = valueAt(encodedArgs, path);
    return isDeepStrictEqual(found === MISSING ? null : found, value);
  });
}

/** Dictionaries keyed by users are Maps here. */
function asAnswer(name: string, answer: unknown): unknown {
  const isPlain = typeof answer === 'object' && answer !== null && Object.getPrototypeOf(answer) === Object.prototype;
  return name === 'get_users_for_states' && isPlain ? new Map(Object.entries(answer)) : answer;
}

/** What an unarmed callback answers. */
function neutral(name: string): unknown {
  return Object.hasOwn(neutralAnswers, name) ? neutralAnswers[name]?.() : null;
}

const yes = (): boolean => true;
const notSpam = (): symbol => NOT_SPAM;

const neutralAnswers: Readonly<Record<string, () => unknown>> = {
  check_event_for_spam: notSpam,
  user_may_join_room: notSpam,
  user_may_invite: notSpam,
  federated_user_may_invite: notSpam,
  user_may_send_3pid_invite: notSpam,
  user_may_create_room: notSpam,
  user_may_create_room_alias: notSpam,
  user_may_publish_room: notSpam,
  user_may_send_state_event: notSpam,
  check_media_file_for_spam: notSpam,
  check_login_for_spam: notSpam,
  should_drop_federated_event: () => false,
  check_username_for_spam: () => false,
  check_registration_for_spam: () => RegistrationBehaviour.ALLOW,
  check_event_allowed: () => tuple(true, null),
  check_threepid_can_be_invited: yes,
  check_visibility_can_be_modified: yes,
  check_can_shutdown_room: yes,
  check_can_deactivate_user: yes,
  is_3pid_allowed: yes,
  get_users_for_states: () => new Map(),
  get_interested_users: () => new Set(),
  add_field_to_unsigned_callback: () => ({}),
  is_user_allowed_to_upload_media_of_size: yes,
  default_batch_size: () => 100,
  min_batch_size: () => 1,
};
