import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { checkCanonicalJson, encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { EventId, RoomId } from '../../matrix/ids.js';
import { isJsonArray, isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { eventIdOf } from '../rooms/model/event-hash.js';
import { pythonRepr } from '../parity/python-repr.js';
import { type EventMetadata, type EventSigner, RoomEvent } from '../rooms/model/room-event.js';
import type { RoomVersion } from '../rooms/model/room-version.js';

/**
 * An event as another server sent it, nothing checked but its shape (`federation/federation_base.py: event_from_pdu_json`): 400
 * for what is no event. Synapse fails with 500 on some of that; no request that others may send should do that here.
 */
export function parseReceivedEvent(value: JsonValue | undefined, version: RoomVersion, sign: EventSigner): RoomEvent {
  if (!isJsonObject(value)) throw badJson('The event must be a JSON object');
  const missing = ['type', 'depth'].filter((key) => !Object.hasOwn(value, key));
  if (missing.length > 0) {
    throw new SynapseError(400, `Missing params: ${pythonRepr(missing)}`, Codes.MISSING_PARAM);
  }
  checkDepth(value['depth'] ?? null);
  checkCanonicalJson(value, version.isStrictJson);
  checkShape(version, value);
  const { unsigned, ...pdu } = value;
  const eventId = version.eventFormat === 1 ? (pdu['event_id'] as EventId) : eventIdOf(version, pdu);
  const roomId = typeof pdu['room_id'] === 'string' ? (pdu['room_id'] as RoomId) : (`!${eventId.slice(1)}` as RoomId);
  const json = encodeCanonicalJson(pdu);
  return new RoomEvent({ eventId, roomId, version, json, metadata: metadataOf(unsigned), position: 0, sign });
}

function checkDepth(depth: JsonValue): void {
  if (typeof depth !== 'number' || !Number.isInteger(depth)) {
    throw badJson(`Depth ${pythonRepr(depth)} not an intger`);
  }
  if (depth < 0) throw badJson('Depth too small');
  if (depth > Number.MAX_SAFE_INTEGER) throw badJson('Depth too large');
}

type Check = (value: JsonValue | undefined) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isEdges: Check = (value) => Array.isArray(value);

const shape: Readonly<Record<string, Check>> = {
  type: isText,
  sender: (value) => typeof value === 'string' && /^@[^:]*:./s.test(value),
  state_key: (value) => value === undefined || isText(value),
  content: isJsonObject,
  origin_server_ts: (value) => Number.isInteger(value),
  hashes: (value) => value === undefined || isJsonObject(value),
  signatures: isJsonObject,
  prev_events: isEdges,
  auth_events: isEdges,
};

function checkShape(version: RoomVersion, pdu: JsonObject): void {
  for (const [key, check] of Object.entries(shape)) {
    if (!check(pdu[key])) throw badJson(`'${key}' of the event is not valid`);
  }
  const isCreate = pdu['type'] === 'm.room.create' && version.hasCreatorPower;
  if (!(isCreate && pdu['room_id'] === undefined) && !isId(pdu['room_id'], '!')) {
    throw badJson("'room_id' of the event is not valid");
  }
  if (version.eventFormat === 1 && !isId(pdu['event_id'], '$')) throw badJson("'event_id' of the event is not valid");
  for (const key of ['prev_events', 'auth_events']) {
    const ids = itemsOf(pdu[key]).map((edge) => (version.eventFormat === 1 && isJsonArray(edge) ? edge[0] : edge));
    if (!ids.every((id) => isId(id, '$'))) throw badJson(`'${key}' of the event is not valid`);
  }
  checkCreateIsLeftOut(version, pdu);
}

function checkCreateIsLeftOut(version: RoomVersion, { room_id: roomId, auth_events: authEvents }: JsonObject): void {
  if (!version.hasCreatorPower || typeof roomId !== 'string') return;
  if (itemsOf(authEvents).includes(`$${roomId.slice(1)}`)) {
    throw badJson('auth_events must not contain the create event');
  }
}

/** Of what others say beside an event only the state shown to the invited or knocking user is kept. */
function metadataOf(unsigned: JsonValue | undefined): EventMetadata {
  if (!isJsonObject(unsigned)) return {};
  const stripped = unsigned['invite_room_state'] ?? unsigned['knock_room_state'];
  return isJsonArray(stripped) ? { strippedState: stripped } : {};
}

function isId(value: JsonValue | undefined, sigil: string): boolean {
  return typeof value === 'string' && value.startsWith(sigil) && value.length <= 255;
}

function badJson(message: string): SynapseError {
  return new SynapseError(400, message, Codes.BAD_JSON);
}
