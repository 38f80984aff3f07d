import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import type { RoomVersion } from './room-version.js';

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

/** Which members of `content` redaction leaves, by event type; null for all. */
const keptContent: Readonly<Record<string, (version: RoomVersion) => readonly string[] | null>> = {
  'm.room.create': (version) => (version.isUpdated ? null : ['creator']),
  'm.room.join_rules': (version) => (version.allowsRestricted ? ['join_rule', 'allow'] : ['join_rule']),
  'm.room.power_levels': (version) => (version.isUpdated ? [...powerKeys, 'invite'] : powerKeys),
  'm.room.history_visibility': () => ['history_visibility'],
  'm.room.aliases': (version) => (version.hasAliasesRule ? ['aliases'] : []),
  'm.room.redaction': (version) => (version.isUpdated ? ['redacts'] : []),
};

/** What redaction leaves of `content` (https://spec.matrix.org/latest/rooms/v12/#redactions). */
export function redactContent(version: RoomVersion, type: unknown, content: JsonObject): JsonObject {
  if (type === 'm.room.member') return redactMember(version, content);
  if (typeof type !== 'string' || !Object.hasOwn(keptContent, type)) return {};
  const kept = keptContent[type]?.(version) ?? null;
  return kept === null ? content : pick(content, kept);
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
