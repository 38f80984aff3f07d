import type { UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { StateStore } from '../../store/state-store.js';
import type { Memberships } from '../sending/memberships.js';

/** The change that is on its way for a user; by what a homeserver's state is kept in. */
const newest = new WeakMap<StateStore, Map<UserId, object>>();

/**
 * Brings a changed profile into the user's rooms, in the background: each is joined anew (`handlers/profile.py`). A later change
 * of the same user takes the place of one that is on its way.
 */
export function propagateProfile(
  context: HomeserverContext,
  states: StateStore,
  memberships: Memberships,
  requester: Requester,
  userId: UserId,
): void {
  if (requester.shadowBanned) return;
  // Synapse forgets here whether it is a guest: the memberships lose that they are one's.
  const { authenticatedEntity } = requester;
  const member = { userId, isGuest: false, shadowBanned: false, authenticatedEntity };
  const change = {};
  const changes = newest.get(states) ?? new Map<UserId, object>();
  newest.set(states, changes.set(userId, change));
  context.inBackground('update_join_states', async () => {
    // A request may change several fields.
    await new Promise(setImmediate);
    const joined = states.membershipsOf(userId).filter((entry) => entry.membership === 'join');
    for (const roomId of joined.map((entry) => entry.room_id).sort()) {
      if (changes.get(userId) !== change) return;
      // Who has left in the meantime stays out.
      if (states.membership(userId, roomId)?.membership !== 'join') continue;
      try {
        await memberships.update(member, userId, roomId, 'join', { ratelimit: false });
      } catch (error) {
        context.log.warn(`Failed to update join event for room ${roomId}`, { userId, err: error });
      }
    }
    if (changes.get(userId) === change) changes.delete(userId);
  });
}
