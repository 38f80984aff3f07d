import type { When } from './when.js';

/**
 * `audit` runs the callback and logs what it would have done, but answers neutrally; `off` does not run it.
 *
 * @example
 * ```ts
 * import { type CallbackMode } from 'vesicle';
 * const mode: CallbackMode = 'audit';
 * ```
 */
export type CallbackMode = 'enforce' | 'audit' | 'off';

/**
 * What a failure means: no objection, a refusal, or the same as a throw.
 *
 * @example
 * ```ts
 * import { type FailureAction } from 'vesicle';
 * const action: FailureAction = 'deny';
 * ```
 */
export type FailureAction = 'allow' | 'deny' | 'error';

/**
 * What a failure means, by whose action it is: a local user's, or one that came over federation.
 *
 * @example
 * ```ts
 * import { type FailurePolicy } from 'vesicle';
 * const policy: FailurePolicy = { local: 'deny', federated: 'allow' };
 * ```
 */
export type FailurePolicy = FailureAction | { readonly local: FailureAction; readonly federated: FailureAction };

/**
 * How callbacks are run; for a module, or for one callback.
 *
 * @example
 * ```ts
 * import { type CallbackPolicy } from 'vesicle';
 * const policy: CallbackPolicy = { mode: 'audit', timeout: 500 };
 * ```
 */
export interface CallbackPolicy {
  /** `enforce` when absent. */
  readonly mode?: CallbackMode;
  /** Milliseconds; none when absent. A callback that takes longer goes on, but its answer no longer counts. */
  readonly timeout?: number;
  /**
   * What a timeout and a lost connection mean: `{ local: 'error', federated: 'allow' }` when absent. If given, it
   * also holds for answers of the wrong shape, which otherwise mean what they mean in Synapse.
   */
  readonly onFailure?: FailurePolicy;
}

/**
 * Options of `@Callback`.
 *
 * @example
 * ```ts
 * import { type CallbackOptions } from 'vesicle';
 * const options: CallbackOptions = { when: { type: 'm.room.message' }, timeout: 500, onFailure: 'allow' };
 * ```
 */
export interface CallbackOptions extends CallbackPolicy {
  /** Which questions the callback is asked; all when absent. */
  readonly when?: When;
}
