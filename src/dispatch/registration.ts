import type { CallbackOptions } from '../callbacks/callback-options.js';
import type { CategoryRule } from '../callbacks/category-rule.js';
import { callbackHint } from '../callbacks/callback-hint.js';
import {
  callbackCategories,
  type CallbackCategory,
  callbackNames,
  categoryRules,
  findRule,
} from '../callbacks/registry.js';
import type { AnyHandler } from '../callbacks/rule.js';
import { HostError } from '../errors/host-error.js';
import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { isJsonObject } from '../matrix/json.js';
import { pythonText } from './python-text.js';

/** One callback as a module registers it. */
export interface NewCallback {
  readonly name: string;
  readonly handler: AnyHandler;
  readonly options?: CallbackOptions;
  /** For callbacks asked by key (`auth_checkers`): the key, here a login type, and the fields that go with it. */
  readonly key?: { readonly value: string; readonly fields: readonly string[] };
}

/** What one call of `register...Callbacks` brings, or the decorated methods of one category. */
export interface CallbackRegistration {
  /** The module's name, unique among the running ones. */
  readonly module: string;
  readonly category: CallbackCategory;
  readonly callbacks: readonly NewCallback[];
  /** The module has services that live for one question, which all its callbacks share. */
  readonly isScoped?: boolean;
  /** The module's place in the configuration; keeps the order when the module is reloaded. */
  readonly rank?: number;
}

/**
 * The callbacks in the argument of `register...Callbacks`, in the order of the category (not of the argument, as in
 * Synapse). Unknown names and values that are no functions are refused; null and undefined mean not given.
 */
export function parseCallbacks(where: string, category: string, callbacks: unknown): readonly NewCallback[] {
  const names = callbackNames(category);
  if (names === undefined) {
    throw new VesicleError('CATEGORY_UNKNOWN', { where, category, hint: didYouMean(category, callbackCategories) });
  }
  const given = isJsonObject(callbacks) ? callbacks : {};
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new VesicleError('CALLBACK_UNKNOWN', {
      where,
      category,
      name: unknown,
      hint: callbackHint(category as CallbackCategory, unknown),
    });
  }
  return names.flatMap((name) => parseCallback(where, category, name, given[name]));
}

function parseCallback(where: string, category: string, name: string, given: unknown): readonly NewCallback[] {
  if (given === undefined || given === null) return [];
  if (findRule(category, name)?.keyedBy === undefined) {
    return [{ name, handler: parseHandler(where, `${category}.${name}`, given) }];
  }
  const entries: readonly unknown[] = Array.isArray(given) ? given : [given];
  return entries.map((entry, index) => parseKeyed(where, `${category}.${name}`, name, entry, index));
}

function parseKeyed(where: string, callback: string, name: string, entry: unknown, index: number): NewCallback {
  const { loginType, fields, check } = isJsonObject(entry) ? entry : {};
  if (typeof loginType !== 'string' || (!Array.isArray(fields) && typeof fields !== 'string')) {
    const problem = `${callback}[${String(index)}] must be { loginType, fields, check }: a string, an array of strings, a function`;
    throw new VesicleError('CALLBACK_OPTION_INVALID', { where, problem });
  }
  const handler = parseHandler(where, `${callback}[${loginType}]`, check);
  // Synapse goes through the fields one by one, so a plain text counts as its characters.
  return { name, handler, key: { value: loginType, fields: Array.from(fields as Iterable<string>) } };
}

function parseHandler(where: string, callback: string, value: unknown): AnyHandler {
  if (typeof value === 'function') return value as AnyHandler;
  throw new VesicleError('CALLBACK_NOT_A_FUNCTION', { where, callback, kind: value === null ? 'null' : typeof value });
}

/** Whether a registration is to be ignored; throws Synapse's error when it breaks a rule of its category. */
export function checkCategory(
  registration: CallbackRegistration,
  isRegistered: (name: string) => boolean,
): { readonly ignored?: string } {
  const rule: CategoryRule | undefined = categoryRules[registration.category];
  if (rule === undefined) return {};
  const given = new Set(registration.callbacks.map((callback) => callback.name));
  const missing = rule.required?.find((name) => !given.has(name));
  if (missing !== undefined) {
    const method = `ModuleApi.register_${registration.category}_callbacks()`;
    throw new HostError('TypeError', `${method} missing 1 required keyword-only argument: '${missing}'`);
  }
  if (isHalf(rule, given)) throw new HostError('RuntimeError', rule.paired?.error ?? '');
  const isLate = rule.required?.some(isRegistered) === true;
  return isLate && rule.onlyFirst !== undefined ? { ignored: rule.onlyFirst } : {};
}

function isHalf(rule: CategoryRule, given: ReadonlySet<string>): boolean {
  const { names } = rule.paired ?? { names: [] };
  return names.some((name) => given.has(name)) && !names.every((name) => given.has(name));
}

/** `handlers/auth.py: register_password_auth_provider_callbacks`: what it says about the fields of a login type. */
export function checkKey(
  key: { readonly value: string; readonly fields: readonly unknown[] },
  known: ReadonlyMap<string, readonly string[]>,
): void {
  const { value, fields } = key;
  const start = `A module tried to register support for login type: ${value} with parameters ${pythonText(fields)}`;
  if (!fields.every((field) => typeof field === 'string')) {
    throw new HostError('RuntimeError', `${start} but all parameter names must be strings`);
  }
  // Synapse looks for the type among its own fields: only then does it notice that the fields differ.
  const before = known.get(value);
  if (before?.includes(value) === true && pythonText(before) !== pythonText(fields)) {
    const end = `but another module had already registered support for that type with parameters ${pythonText(before)}`;
    throw new HostError('RuntimeError', `${start} ${end}`);
  }
}
