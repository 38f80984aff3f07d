import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ModuleApi } from '../../../src/module-api/module-api.js';
import type { Json, JsonRecord, RuleSpec } from '../format.js';
import { MISSING, valueAt } from '../variables.js';
import type { PuppetRow } from './callback-row.js';
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
  /** The callback's own name. */
  readonly name: string;
  readonly row: PuppetRow;
}

/** A callback that follows its rules once the puppets are armed, with exactly the named parameters. */
export function makeCallback(role: Role): (...args: unknown[]) => Promise<unknown> {
  const callback = async (...args: unknown[]): Promise<unknown> => behave(role, args.slice(0, role.row.names.length));
  Object.defineProperty(callback, 'name', { value: `${role.module}.${role.name}` });
  // Two callbacks of Synapse are called by how many parameters they have.
  Object.defineProperty(callback, 'length', { value: role.row.names.length });
  return callback;
}

async function behave(role: Role, args: unknown[]): Promise<unknown> {
  const { theatre, module, callback, row } = role;
  const rules = theatre.rulesOf(module, callback);
  if (rules === undefined) return row.neutral();
  const call = theatre.record(module, callback);
  const encodedArgs = await theatre.follow(encodeArguments(row, args));
  // Written down now: a rule may change the arguments in place.
  if (call !== undefined) call.args = Object.fromEntries(row.names.map((key, at) => [key, encodedArgs[at] ?? null]));
  const rule = rules.find((candidate) => holds(candidate.when, encodedArgs));
  if (rule === undefined) return row.neutral();
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
  if (!Object.hasOwn(rule, 'return')) return role.row.neutral();
  return asAnswer(role.name, decode(rule.return ?? null, scene));
}

async function neverEnding(theatre: Theatre): Promise<never> {
  theatre.stuck++;
  return await new Promise<never>(() => {});
}

/** A profile is a record with names in camelCase; other objects are known by their members, or JSON that keeps its names. */
async function encodeArguments({ kinds }: PuppetRow, args: readonly unknown[]): Promise<Json[]> {
  return await Promise.all(args.map((arg, index) => encode(arg, kinds[index] === 'profile' ? 'record' : 'json')));
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
