import type { EventId } from '../../../matrix/ids.js';
import { authTypesFor } from '../auth/event-auth.js';
import type { EventDraft, EventPlace } from '../model/event-builder.js';
import type { RoomState } from '../model/room-state.js';
import type { Extremity, Room } from '../model/rooms.js';
import { EventBatch } from './event-batch.js';

/** Where an event comes in its room when it follows these ends, or a batch that is stored with it. */
export function placeIn(
  room: Room,
  draft: EventDraft,
  after: EventBatch | { readonly state: RoomState; readonly ends: readonly Extremity[] },
): EventPlace {
  const { version, roomId } = room;
  const state = after instanceof EventBatch ? after : after.state;
  const authEvents: EventId[] = [];
  for (const [type, stateKey] of authTypesFor(version, draft)) {
    if (type === 'm.room.create' && version.hasCreatorPower) continue;
    const event = state.get(type, stateKey);
    if (event !== undefined) authEvents.push(event.eventId);
  }
  if (after instanceof EventBatch) {
    return { version, roomId, authEvents, prevEvents: after.prevEvents, depth: after.depth };
  }
  const depth = 1 + Math.max(0, ...after.ends.map((end) => end.depth));
  return { version, roomId, authEvents, prevEvents: after.ends.map((end) => end.eventId), depth };
}
