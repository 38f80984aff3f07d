import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { UserPresenceState } from '../../matrix/presence.js';
import { presenceContent } from '../ephemeral/presence-transitions.js';
import type { Receipts } from '../ephemeral/receipts.js';

/** Presence as the endpoints before `/sync` show it: the user is named within. */
export function presenceEvents(states: readonly UserPresenceState[], now: number): JsonObject[] {
  return states.map((state) => ({
    type: 'm.presence',
    content: { ...presenceContent(state, now), user_id: state.userId },
  }));
}

/** What changed in the receipts of rooms after a position, as those endpoints show it. */
export function receiptEvents(
  receipts: Receipts,
  roomIds: Iterable<RoomId>,
  position: number,
  viewer: UserId,
): JsonObject[] {
  return [...roomIds].flatMap((roomId) => {
    const content = receipts.changedSince(roomId, position, viewer);
    return content === undefined ? [] : [{ type: 'm.receipt', room_id: roomId, content }];
  });
}
