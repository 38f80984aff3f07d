import type { UserId } from './ids.js';

/**
 * Presence of a user.
 *
 * @example
 * ```ts
 * import { type Presence } from 'vesicle';
 * const isAway = (presence: Presence) => presence === 'unavailable';
 * ```
 */
export type Presence = 'online' | 'unavailable' | 'offline' | 'org.matrix.msc3026.busy';

/**
 * What is known of a user's presence (`synapse.api.presence.UserPresenceState`); times in milliseconds since 1970.
 *
 * @example
 * ```ts
 * import { type UserPresenceState } from 'vesicle';
 * const isHere = (state: UserPresenceState) => state.state === 'online';
 * ```
 */
export interface UserPresenceState {
  readonly userId: UserId;
  readonly state: Presence;
  readonly lastActiveTs: number;
  readonly lastFederationUpdateTs: number;
  readonly lastUserSyncTs: number;
  readonly statusMsg: string | null;
  readonly currentlyActive: boolean;
}
