import type { CallbackOptions } from '../callbacks/callback-options.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { callbackHint } from '../callbacks/callback-hint.js';
import { callbackCategories, type CallbackCategory, findRule, isCallbackCategory } from '../callbacks/registry.js';
import type { AnyHandler, Rule } from '../callbacks/rule.js';
import { checkCallbackOptions } from '../dispatch/callback-policy.js';
import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { type CallbackRecord, readCallbacks } from '../metadata/callback-record.js';
import type { Class } from '../metadata/metadata-store.js';

/** One method that is a callback. */
export interface DescribedCallback {
  readonly category: CallbackCategory;
  readonly name: string;
  readonly method: string | symbol;
  readonly options: CallbackOptions;
  /** Around this callback alone, the first outermost. */
  readonly interceptors: readonly Class<Interceptor>[];
  /** For `auth_checkers`: the login type and its fields. */
  readonly key?: { readonly value: string; readonly fields: readonly string[] };
}

/** The callbacks of a class; what is wrong with them goes to `mistakes`. */
export function describeCallbacks(type: Class, mistakes: VesicleError[]): readonly DescribedCallback[] {
  return readCallbacks(type).flatMap((record) => {
    const found = describeCallback(type, record);
    if (!(found instanceof VesicleError)) return [found];
    mistakes.push(found);
    return [];
  });
}

function describeCallback(type: Class, record: CallbackRecord): DescribedCallback | VesicleError {
  const { category, name, method } = record;
  const where = `${type.name}.${String(method)}`;
  const rule = ruleOf(record, where);
  if (rule instanceof VesicleError) return rule;
  const misplaced = faultOfMember(type, record, where);
  if (misplaced !== undefined) return misplaced;
  const { loginType, fields, interceptors = [], ...options } = record.options;
  if (!isClasses(interceptors)) {
    return new VesicleError('CALLBACK_OPTION_INVALID', { where, problem: 'interceptors must be an array of classes' });
  }
  const mistake = checkCallbackOptions(rule, options, where);
  if (mistake !== undefined) return mistake;
  const described = { category: category as CallbackCategory, name, method, options, interceptors };
  if (rule.keyedBy === undefined) return loginType === undefined ? described : keyNotTaken(where, category, name);
  if (typeof loginType === 'string' && Array.isArray(fields))
    return { ...described, key: { value: loginType, fields } };
  return new VesicleError('CALLBACK_OPTION_INVALID', {
    where,
    problem: `${category}.${name} needs the options { loginType, fields }`,
  });
}

function ruleOf({ category, name }: CallbackRecord, where: string): Rule<AnyHandler, unknown> | VesicleError {
  if (!isCallbackCategory(category)) {
    return new VesicleError('CATEGORY_UNKNOWN', { where, category, hint: didYouMean(category, callbackCategories) });
  }
  const hint = callbackHint(category, name);
  return findRule(category, name) ?? new VesicleError('CALLBACK_UNKNOWN', { where, category, name, hint });
}

function faultOfMember(type: Class, record: CallbackRecord, where: string): VesicleError | undefined {
  const { category, name, method, isStatic } = record;
  const decorator = `@Callback('${category}', '${name}')`;
  // A decorator is not told the name of a member that begins with "#".
  if (method === '') return new VesicleError('DECORATOR_ON_PRIVATE', { module: type.name, decorator });
  if (isStatic) return new VesicleError('STATIC_MEMBER', { where, decorator });
  const member: unknown = Reflect.get(type.prototype, method);
  if (typeof member === 'function') return undefined;
  const what = member === undefined ? 'a property, which only instances have (as arrow functions are)' : typeof member;
  return new VesicleError('CALLBACK_NOT_A_FUNCTION', { where, callback: `${category}.${name}`, kind: what });
}

function keyNotTaken(where: string, category: string, name: string): VesicleError {
  return new VesicleError('CALLBACK_OPTION_INVALID', {
    where,
    problem: `${category}.${name} is not registered for a loginType`,
  });
}

/** Whether a value is an array of classes. */
export function isClasses(value: unknown): boolean {
  return Array.isArray(value) && value.every((type) => typeof type === 'function');
}
