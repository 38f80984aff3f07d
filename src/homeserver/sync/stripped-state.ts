import { type RoomPrejoinStateConfig } from '../../config/homeserver-sections.js';
import { type JsonObject } from '../../matrix/json.js';
import { type RoomEvent } from '../rooms/room-event.js';
import { type Visibility } from '../rooms/visibility.js';

const USUAL_TYPES = [
  'm.room.create',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.name',
  'm.room.topic',
];

/** What somebody is shown of a room before they join: some of its state, stripped, and their own membership at the end. */
export function strippedStateFor(
  event: RoomEvent,
  config: RoomPrejoinStateConfig,
  visibility: Visibility,
): readonly JsonObject[] {
  const given = event.metadata.strippedState;
  if (given !== undefined) return [...given, strip(event)];
  const types = [...(config.disableDefaultEventTypes ? [] : USUAL_TYPES), ...config.additionalEventTypes];
  const keys = types.map((type) => (typeof type === 'string' ? ([type, ''] as const) : type));
  const state = [...keys, ['m.room.member', event.sender] as const].map(([type, stateKey]) =>
    visibility.stateAfter(event.roomId, event.position, type, stateKey),
  );
  return [...state.filter((found) => found !== undefined), event].map(strip);
}

function strip({ type, stateKey = '', content, sender }: RoomEvent): JsonObject {
  return { type, state_key: stateKey, content, sender };
}
