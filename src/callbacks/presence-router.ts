import type { UserId } from '../matrix/ids.js';
import type { UserPresenceState } from '../matrix/presence.js';
import type { CategoryRule } from './category-rule.js';
import { NEXT, type CombinationRules, rule } from './rule.js';
import { loggedAsWarning } from './throws.js';

/**
 * Answer of `get_interested_users` that means every user (`synapse.module_api.PRESENCE_ALL_USERS`).
 *
 * @example
 * ```ts
 * import { PRESENCE_ALL_USERS } from 'vesicle';
 * const everybody = async () => PRESENCE_ALL_USERS;
 * ```
 */
export const PRESENCE_ALL_USERS = 'ALL';

/**
 * Callbacks of the category `presence_router`; both or neither.
 *
 * @example
 * ```ts
 * import { type PresenceRouterCallbacks } from 'vesicle';
 * const callbacks: PresenceRouterCallbacks = {
 *   get_users_for_states: async () => new Map(),
 *   get_interested_users: async () => new Set(),
 * };
 * ```
 */
export interface PresenceRouterCallbacks {
  /** Who shall get which of these presence states. */
  readonly get_users_for_states: (
    stateUpdates: readonly UserPresenceState[],
  ) => Promise<ReadonlyMap<UserId, ReadonlySet<UserPresenceState>>>;
  /** Whose presence this user shall get besides that of room members. */
  readonly get_interested_users: (userId: UserId) => Promise<ReadonlySet<UserId> | typeof PRESENCE_ALL_USERS>;
}

type Handlers = PresenceRouterCallbacks;

/** How the answers of `presence_router` combine (`events/presence_router.py`). */
export const presenceRouterRules = {
  get_users_for_states: rule<Handlers['get_users_for_states'], Map<UserId, Set<UserPresenceState>>>({
    combine: 'merge',
    args: { state_updates: 'presences' },
    result: 'presence_map',
    neutral: () => new Map(),
    judge: (answer, soFar, warn) => {
      if (!(answer instanceof Map)) {
        warn('an answer that is no Map: ignored');
        return NEXT;
      }
      for (const [userId, states] of answer as Map<UserId, unknown>) {
        // The first entry of a wrong type ends the reading of this answer; what came before counts.
        if (!(states instanceof Set)) {
          warn(`an entry of ${userId} that is no Set: it and the rest of the answer are ignored`);
          break;
        }
        const known = soFar.get(userId);
        soFar.set(userId, new Set([...(known ?? []), ...(states as Set<UserPresenceState>)]));
      }
      return NEXT;
    },
    throws: loggedAsWarning,
    summary: 'Which users shall get these presence states?',
    source: 'handlers/presence.py: get_interested_parties',
  }),
  get_interested_users: rule<Handlers['get_interested_users'], Set<UserId> | typeof PRESENCE_ALL_USERS>({
    combine: 'merge',
    args: { user_id: 'json' },
    result: 'users',
    neutral: () => new Set<UserId>(),
    judge: (answer, soFar, warn) => {
      if (answer === PRESENCE_ALL_USERS) return PRESENCE_ALL_USERS;
      if (!(answer instanceof Set)) {
        warn('an answer that is no Set: ignored');
        return NEXT;
      }
      if (soFar !== PRESENCE_ALL_USERS) for (const userId of answer as Set<UserId>) soFar.add(userId);
      return NEXT;
    },
    throws: loggedAsWarning,
    summary: 'Whose presence shall this user get?',
    source: 'handlers/presence.py: PresenceEventSource.get_new_events',
  }),
} satisfies CombinationRules<PresenceRouterCallbacks>;

/** Half of the pair is an error, whichever half. */
export const presenceRouterCategory: CategoryRule = {
  paired: {
    names: ['get_users_for_states', 'get_interested_users'],
    error:
      'PresenceRouter modules must register neither or both of the paired callbacks: [get_users_for_states, get_interested_users]',
  },
};
