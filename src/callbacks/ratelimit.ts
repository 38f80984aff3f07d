import type { UserId } from '../matrix/ids.js';
import { NEXT, type CombinationRules, rule } from './rule.js';
import { propagates } from './throws.js';
import { isTruthy } from './truthiness.js';

/**
 * A rate limit in place of the configured one (`synapse.module_api.RatelimitOverride`).
 *
 * @example
 * ```ts
 * import { type RatelimitOverride } from 'vesicle';
 * const generous: RatelimitOverride = { perSecond: 100, burstCount: 1000 };
 * ```
 */
export interface RatelimitOverride {
  /** Actions a second, in the long run. */
  readonly perSecond: number;
  /** Actions at once. */
  readonly burstCount: number;
}

/**
 * Callbacks of the category `ratelimit`.
 *
 * @example
 * ```ts
 * import { type RatelimitCallbacks } from 'vesicle';
 * const callbacks: RatelimitCallbacks = { get_ratelimit_override_for_user: async () => null };
 * ```
 */
export interface RatelimitCallbacks {
  /** The limit of a user for a limiter such as `rc_invites.per_room`, null for the configured one. */
  readonly get_ratelimit_override_for_user: (userId: UserId, limiterName: string) => Promise<RatelimitOverride | null>;
}

/** The rules of `ratelimit` (`module_api/callbacks/ratelimit_callbacks.py`). */
export const ratelimitRules = {
  get_ratelimit_override_for_user: rule<
    RatelimitCallbacks['get_ratelimit_override_for_user'],
    RatelimitOverride | undefined
  >({
    combine: 'first_answer',
    args: { user_id: 'json', limiter_name: 'json' },
    result: 'ratelimit',
    neutral: () => undefined,
    judge: (answer) => {
      if (!isTruthy(answer)) return NEXT;
      if (!isOverride(answer)) throw new TypeError('the answer has no perSecond and burstCount');
      return answer;
    },
    throws: propagates,
    summary: 'Does this user have another rate limit?',
    source: 'api/ratelimiting.py: can_do_action',
  }),
} satisfies CombinationRules<RatelimitCallbacks>;

function isOverride(answer: unknown): answer is RatelimitOverride {
  return typeof answer === 'object' && answer !== null && 'perSecond' in answer && 'burstCount' in answer;
}
