import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { type RoomVersion } from './room-version.js';

const alwaysKept = [
  'event_id',
  'sender',
  'room_id',
  'hashes',
  'signatures',
  'type',
  'state_key',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
];
const keptBeforeVersion11 = ['prev_state', 'membership', 'origin'];
const powerKeys = ['users', 'users_default', 'events', 'events_default', 'state_default', 'ban', 'kick', 'redact'];

/** What redaction leaves of an event as servers exchange it; without `unsigned`. */
export function redactPdu(version: RoomVersion, pdu: JsonObject): JsonObject {
  const kept = version.isUpdated ? alwaysKept : [...alwaysKept, ...keptBeforeVersion11];
  const result: Record<string, JsonObject[string]> = {};
  for (const [key, value] of Object.entries(pdu)) if (kept.includes(key)) result[key] = value;
  if (version.hasCreatorPower && pdu['type'] === 'm.room.create') delete result['room_id'];
  result['content'] = redactContent(version, pdu['type'], isJsonObject(pdu['content']) ? pdu['content'] : {});
  return result;
}

/** What redaction leaves of `content` (https://spec.matrix.org/latest/rooms/v12/#redactions). */
export function redactContent(version: RoomVersion, type: unknown, content: JsonObject): JsonObject {
  switch (type) {
    case 'm.room.member':
      return redactMember(version, content);
    case 'm.room.create':
      return version.isUpdated ? content : pick(content, ['creator']);
    case 'm.room.join_rules':
      return pick(content, version.allowsRestricted ? ['join_rule', 'allow'] : ['join_rule']);
    case 'm.room.power_levels':
      return pick(content, version.isUpdated ? [...powerKeys, 'invite'] : powerKeys);
    case 'm.room.history_visibility':
      return pick(content, ['history_visibility']);
    case 'm.room.aliases':
      return version.hasAliasesRule ? pick(content, ['aliases']) : {};
    case 'm.room.redaction':
      return version.isUpdated ? pick(content, ['redacts']) : {};
    default:
      return {};
  }
}

function redactMember(version: RoomVersion, content: JsonObject): JsonObject {
  const keys = version.keepsAuthorisingUser ? ['membership', 'join_authorised_via_users_server'] : ['membership'];
  const kept = pick(content, keys);
  const invite = content['third_party_invite'];
  if (!version.isUpdated || !isJsonObject(invite)) return kept;
  return { ...kept, third_party_invite: pick(invite, ['signed']) };
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  const result: Record<string, JsonObject[string]> = {};
  for (const key of keys) if (Object.hasOwn(from, key)) result[key] = from[key];
  return result;
}
