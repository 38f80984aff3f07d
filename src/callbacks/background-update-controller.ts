import type { CategoryRule } from './category-rule.js';
import { single } from './notification.js';
import type { AnyHandler, CombinationRules, Row, Rule } from './rule.js';
import { propagates } from './throws.js';

/**
 * Brackets one iteration of a background update: the time it should take in milliseconds, and what to do after it.
 *
 * @example
 * ```ts
 * import { type BackgroundUpdateSlot } from 'vesicle';
 * const slot: BackgroundUpdateSlot = { enter: async () => 100, exit: async () => {} };
 * ```
 */
export interface BackgroundUpdateSlot {
  /** Waits until the iteration may run; answers with its target duration in milliseconds. */
  readonly enter: () => Promise<number>;
  /** Runs after the iteration; `error` is what it threw. */
  readonly exit: (error?: unknown) => Promise<void>;
}

/**
 * Callbacks of the category `background_update_controller`. Only the first registration counts.
 *
 * @example
 * ```ts
 * import { type BackgroundUpdateControllerCallbacks } from 'vesicle';
 * const callbacks: Pick<BackgroundUpdateControllerCallbacks, 'on_update'> = {
 *   on_update: async () => ({ enter: async () => 100, exit: async () => {} }),
 * };
 * ```
 */
export interface BackgroundUpdateControllerCallbacks {
  /** Told before each iteration of an update; paces it. With `oneShot` the duration is ignored. */
  readonly on_update: (updateName: string, databaseName: string, oneShot: boolean) => Promise<BackgroundUpdateSlot>;
  /** How many rows the first iteration takes; 100 when absent. */
  readonly default_batch_size: (updateName: string, databaseName: string) => Promise<number>;
  /** How many rows later iterations take at least; 1 when absent. */
  readonly min_batch_size: (updateName: string, databaseName: string) => Promise<number>;
}

type Handlers = BackgroundUpdateControllerCallbacks;

/** Synapse gives up all background updates after five failures in a row: without a controller it paces them itself. */
function pacing<Handler extends AnyHandler>(
  row: Row<Handler, 'result' | 'neutralAnswer'>,
): Rule<Handler, Awaited<ReturnType<Handler>> | undefined> {
  return single<Handler>({ ...row, throws: propagates, onFailure: 'allow' });
}

/** The rules of `background_update_controller` (`storage/background_updates.py`). */
export const backgroundUpdateControllerRules = {
  on_update: pacing<Handlers['on_update']>({
    args: { update_name: 'json', database_name: 'json', one_shot: 'json' },
    result: 'slot',
    summary: 'An iteration of a background update is about to run.',
    source: 'storage/background_updates.py: do_next_background_update',
  }),
  default_batch_size: pacing<Handlers['default_batch_size']>({
    args: { update_name: 'json', database_name: 'json' },
    result: 'number',
    neutralAnswer: () => 100,
    summary: 'How many rows does the first iteration take?',
    source: 'storage/background_updates.py: _default_batch_size',
  }),
  min_batch_size: pacing<Handlers['min_batch_size']>({
    args: { update_name: 'json', database_name: 'json' },
    result: 'number',
    neutralAnswer: () => 1,
    summary: 'How many rows do later iterations take at least?',
    source: 'storage/background_updates.py: _min_batch_size',
  }),
} satisfies CombinationRules<BackgroundUpdateControllerCallbacks>;

/** There is one controller, the first. */
export const backgroundUpdateControllerCategory: CategoryRule = {
  required: ['on_update'],
  onlyFirst:
    "More than one module tried to register callbacks for controlling background updates. Only the callbacks registered by the first module (in order of appearance in Synapse's configuration file) that tried to do so will be called.",
};
