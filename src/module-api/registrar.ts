import type { CallbackCategories, CallbackCategory } from '../callbacks/registry.js';
import type { AuthCheckerEntry } from '../callbacks/password-auth-provider.js';
import type { WebResourceLike, WebResourceOptions } from '../web/web-resource.js';

/**
 * The callbacks of one category as a module registers them: any of them, `auth_checkers` as a list of entries.
 *
 * @example
 * ```ts
 * import { type CallbacksOf, NOT_SPAM } from 'vesicle';
 * const callbacks: CallbacksOf<'spam_checker'> = { user_may_join_room: async () => NOT_SPAM };
 * ```
 */
export type CallbacksOf<C extends CallbackCategory> = {
  readonly [N in keyof CallbackCategories[C]]?: N extends 'auth_checkers'
    ? readonly AuthCheckerEntry[]
    : CallbackCategories[C][N];
};

/** Takes what one module registers; the kernel gives each `ModuleApi` its own. */
export interface Registrar {
  readonly registerCallbacks: <C extends CallbackCategory>(category: C, callbacks: CallbacksOf<C>) => void;
  readonly registerWebResource: (path: string, resource: WebResourceLike, options?: WebResourceOptions) => void;
}
