import type { UserId } from '../../matrix/ids.js';
import { isMemberEvent } from '../rooms/model/room-event.js';
import type { SyncedRoom } from './sync-rooms.js';

/** Who came into rooms and who went, as the events of a sync tell (`handlers/sync.py: calculate_user_changes`). */
export function membersChanged(rooms: readonly SyncedRoom[]): {
  readonly joined: ReadonlySet<UserId>;
  readonly left: ReadonlySet<UserId>;
} {
  const joined = new Set<UserId>();
  const left = new Set<UserId>();
  for (const { entry, timeline, state } of rooms) {
    if (entry.section !== 'join') continue;
    for (const event of [...state, ...timeline.events.map((shown) => shown.event)]) {
      if (!isMemberEvent(event)) continue;
      const isThere = ['join', 'invite', 'knock'].includes(event.membership ?? '');
      (isThere ? joined : left).add(event.stateKey);
    }
  }
  for (const userId of joined) left.delete(userId);
  return { joined, left };
}
