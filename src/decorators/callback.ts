import type { CallbackCategory, CallbackName, HandlerOf } from '../callbacks/registry.js';
import { type AuthCheckerOptions, type CallbackDecoratorOptions, recordCallback } from '../metadata/callback-record.js';
import { classOf, isClass } from './decorated-class.js';
import { refuseStandard } from './standard-decorator.js';

export { type AuthCheckerOptions, type CallbackDecoratorOptions } from '../metadata/callback-record.js';

/**
 * The last argument of `@Callback`: needed for `auth_checkers`, which are registered for a login type.
 *
 * @example
 * ```ts
 * import { Callback, type CallbackArguments, type CallbackDecorator } from 'vesicle';
 * export const MayJoin = (...options: CallbackArguments<'user_may_join_room'>): CallbackDecorator<'spam_checker', 'user_may_join_room'> =>
 *   Callback('spam_checker', 'user_may_join_room', ...options);
 * ```
 */
export type CallbackArguments<N> = N extends 'auth_checkers'
  ? [options: AuthCheckerOptions]
  : [options?: CallbackDecoratorOptions];

/**
 * What `@Callback` returns: it takes methods with the signature of the callback only.
 *
 * @example
 * ```ts
 * import { Callback, type CallbackDecorator } from 'vesicle';
 * export const MayInvite = (): CallbackDecorator<'spam_checker', 'user_may_invite'> =>
 *   Callback('spam_checker', 'user_may_invite', { onFailure: 'deny' });
 * ```
 */
export type CallbackDecorator<C extends CallbackCategory, N extends CallbackName<C>> = <M extends HandlerOf<C, N>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Registers a method as a callback of the homeserver, under Synapse's names. A method may carry several.
 *
 * @example
 * ```ts
 * import { Callback, Codes, type MatrixEvent, Module, NOT_SPAM, type SpamVerdict } from 'vesicle';
 *
 * \@Module()
 * export class NoShouting {
 *   \@Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
 *   async checkEvent(event: MatrixEvent): Promise<SpamVerdict> {
 *     const text = String(event.content['body']);
 *     return text === text.toUpperCase() ? Codes.FORBIDDEN : NOT_SPAM;
 *   }
 * }
 * ```
 */
export function Callback<C extends CallbackCategory, N extends CallbackName<C>>(
  category: C,
  name: N,
  ...[options]: CallbackArguments<N>
): CallbackDecorator<C, N> {
  return (target, method) => {
    refuseStandard('@Callback', method);
    recordCallback(classOf(target), { category, name, method, isStatic: isClass(target), options: options ?? {} });
  };
}
