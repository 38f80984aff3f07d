import type { RoomId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { EventSigner, RoomEvent } from '../rooms/model/room-event.js';
import type { RoomVersion } from '../rooms/model/room-version.js';
import { type EventChecks, EventSignatureError } from './event-checks.js';
import { parseReceivedEvent } from './received-event.js';

/** The room that somebody is invited to. */
export interface InvitedRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}

/**
 * What another server says of a room to somebody invited or knocking: whole events, signed, the create event among them
 * (MSC4311), or bare stripped events as servers sent them before. Nonsense is left out
 * (`handlers/federation.py: _parse_stripped_room_state`, `_minimal_parse_stripped_room_state`).
 */
export async function readStrippedState(
  value: readonly JsonValue[],
  room: InvitedRoom,
  checks: EventChecks,
  sign: EventSigner,
): Promise<readonly JsonObject[]> {
  const whole = await readEvents(value, room, checks, sign);
  if (whole?.some((event) => event.type === 'm.room.create' && event.stateKey === '') === true) {
    return whole.map(({ type, stateKey = '', sender, content }) => ({ type, state_key: stateKey, sender, content }));
  }
  return value.map(stripped).filter((event) => event !== undefined);
}

/** The events, or undefined when one is no event of this room. */
async function readEvents(
  value: readonly JsonValue[],
  room: InvitedRoom,
  checks: EventChecks,
  sign: EventSigner,
): Promise<readonly RoomEvent[] | undefined> {
  try {
    const parsed = value.map((item) => parseReceivedEvent(item, room.version, sign));
    if (parsed.some((event) => event.roomId !== room.roomId || !event.isState())) return undefined;
    const events: RoomEvent[] = [];
    for (const event of parsed) events.push(await checks.check(event));
    return events;
  } catch (error) {
    if (error instanceof EventSignatureError || isRefusal(error)) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'SynapseError';
}

function stripped(value: JsonValue): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined;
  const { type, state_key: stateKey, sender, content } = value;
  const isComplete =
    typeof type === 'string' && typeof stateKey === 'string' && typeof sender === 'string' && isJsonObject(content);
  return isComplete ? { type, state_key: stateKey, sender, content } : undefined;
}
