import type { RoomPrejoinStateConfig } from '../../../config/homeserver/homeserver-sections.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { RoomEmitter } from './room-emitter.js';
import type { RoomEvent } from './room-event.js';
import type { RoomState } from './room-state.js';

const defaultTypes = [
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.name',
  'm.room.create',
  'm.room.topic',
];

/** Keeps with each invite and knock what its target learns of the room. */
export function keepStrippedState(config: RoomPrejoinStateConfig, emitter: RoomEmitter): void {
  emitter.onAsk('storing', (_requester, event, room) => {
    if (event.membership === 'invite' || event.membership === 'knock') {
      event.note({ strippedState: strippedStateFor(config, room.state, event) });
    }
    return undefined;
  });
}

/** What somebody who is invited or knocks learns of a room: a few state events, without what only members need. */
function strippedStateFor(config: RoomPrejoinStateConfig, state: RoomState, event: RoomEvent): JsonObject[] {
  return strippedEventsFor(config, state, event).map(strip);
}

/** The same as whole events: what other servers get to know. */
export function strippedEventsFor(config: RoomPrejoinStateConfig, state: RoomState, event: RoomEvent): RoomEvent[] {
  const events: (RoomEvent | undefined)[] = [];
  if (!config.disableDefaultEventTypes) events.push(...defaultTypes.map((type) => state.get(type, '')));
  for (const entry of config.additionalEventTypes) {
    if (typeof entry === 'string') events.push(...state.ofType(entry).values());
    else events.push(state.get(...entry));
  }
  if (event.membership === 'invite') events.push(state.get('m.room.member', event.sender));
  return [...new Set(events)].filter((item) => item !== undefined);
}

function strip(event: RoomEvent): JsonObject {
  const { type, sender, content, stateKey = '' } = event;
  return { type, state_key: stateKey, sender, content };
}
