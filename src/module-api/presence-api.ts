import type { UserId } from '../matrix/ids.js';
import type { Presence } from '../matrix/presence.js';
import type { Tuple } from '../matrix/tuple.js';

/**
 * Presence and status text to set; null for no text.
 *
 * @example
 * ```ts
 * import { type PresenceUpdate } from 'vesicle';
 * const away: PresenceUpdate = ['unavailable', 'at lunch'];
 * ```
 */
export type PresenceUpdate =
  readonly [state: Presence, statusMsg: string | null] | Tuple<readonly [state: Presence, statusMsg: string | null]>;

/** The methods of `ModuleApi` about presence. */
export interface PresenceApi {
  /**
   * Sends the presence of all local users who are online to these users: a local one gets it with the next sync, a remote
   * one at once. Synapse: `send_local_online_presence_to`.
   *
   * @throws `HostError` `Exception` on a process that does not write presence.
   *
   * @example
   * ```ts
   * await api.sendLocalOnlinePresenceTo([userId]);
   * ```
   */
  readonly sendLocalOnlinePresenceTo: (users: Iterable<UserId>) => Promise<void>;

  /**
   * Sets the presence of users, local or not. Synapse: `set_presence_for_users`.
   *
   * @throws `HostError` `AssertionError` on a process that does not write presence.
   *
   * @example
   * ```ts
   * await api.setPresenceForUsers(new Map([[userId, ['unavailable', 'at lunch']]]));
   * ```
   */
  readonly setPresenceForUsers: (
    users: ReadonlyMap<UserId, PresenceUpdate> | Readonly<Record<UserId, PresenceUpdate>>,
  ) => Promise<void>;
}
