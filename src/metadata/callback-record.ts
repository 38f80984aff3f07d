import type { CallbackOptions } from '../callbacks/callback-options.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { type Class, MetadataRows } from './metadata-store.js';

/**
 * Options of `@Callback`.
 *
 * @example
 * ```ts
 * import { type CallbackDecoratorOptions } from 'vesicle';
 * const options: CallbackDecoratorOptions = { when: { type: 'm.room.message' }, timeout: 500, onFailure: 'allow' };
 * ```
 */
export interface CallbackDecoratorOptions extends CallbackOptions {
  /** Run around this callback, the first outermost; those of the module run around them. */
  readonly interceptors?: readonly Class<Interceptor>[];
}

/**
 * Options of `@Callback('password_auth_provider', 'auth_checkers', ...)`: which logins the method checks.
 *
 * @example
 * ```ts
 * import { type AuthCheckerOptions } from 'vesicle';
 * const options: AuthCheckerOptions = { loginType: 'm.login.password', fields: ['password'] };
 * ```
 */
export interface AuthCheckerOptions extends CallbackDecoratorOptions {
  /** The `type` of the login, `m.login.password` for one. */
  readonly loginType: string;
  /** The fields that a login of this type must bring. */
  readonly fields: readonly string[];
}

/** One `@Callback`: nothing of it is checked yet. */
export interface CallbackRecord {
  readonly category: string;
  readonly name: string;
  readonly method: string | symbol;
  /** The decorator stood on a static member. */
  readonly isStatic: boolean;
  readonly options: Partial<AuthCheckerOptions>;
}

const rows = new MetadataRows<CallbackRecord>('callback');

/** Records that a method is a callback. */
export function recordCallback(type: object, record: CallbackRecord): void {
  rows.add(type, record);
}

/**
 * The callbacks of a class, base classes first. A class that decorates an overriding method again for the same callback
 * replaces the record of its base class.
 */
export function readCallbacks(type: object): readonly CallbackRecord[] {
  const isSame = (a: CallbackRecord, b: CallbackRecord): boolean =>
    a.method === b.method &&
    a.category === b.category &&
    a.name === b.name &&
    a.options.loginType === b.options.loginType;
  const all = rows.all(type);
  if (all.length < 2) return all;
  const own = rows.own(type);
  return all.filter((record) => own.includes(record) || !own.some((newer) => isSame(record, newer)));
}
