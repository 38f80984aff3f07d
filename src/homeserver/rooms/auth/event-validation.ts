import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { checkCanonicalJson } from '../../../matrix/canonical-json.js';
import type { RoomId } from '../../../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';
import type { EventDraft } from '../model/event-builder.js';
import type { RoomEvent } from '../model/room-event.js';
import { findRoomVersion } from '../model/room-version.js';
import { serverMatchesAcl } from '../model/server-acl.js';

const maxSize = 65_536;
const maxIdLength = 255;
/** The length of a signature as it stands in an event: Ed25519, 64 bytes, unpadded base64. */
const signatureLength = 86;

const memberships = ['invite', 'join', 'knock', 'leave', 'ban'];
const stringContent: ReadonlyMap<string, readonly string[]> = new Map([
  ['m.room.message', ['body', 'msgtype']],
  ['m.room.topic', ['topic']],
  ['m.room.name', ['name']],
]);
const mustBeState = ['m.room.topic', 'm.room.name', 'm.room.member', 'm.room.tombstone'];

/** A create event may only name a version that is known. That it is state and names one, Synapse takes for granted. */
export function checkCreate({ stateKey, content }: EventDraft): void {
  if (stateKey === undefined) throw new Error("KeyError: 'state_key'");
  if (stateKey !== '') return;
  const version = content['room_version'];
  if (version === undefined) throw new Error("KeyError: 'room_version'");
  if (findRoomVersion(version) !== undefined) return;
  const shown = typeof version === 'string' ? version : pythonRepr(version);
  throw new SynapseError(400, shown, Codes.UNSUPPORTED_ROOM_VERSION);
}

/** Refuses nonsense before an event is built and anybody is asked about it (`events/validator.py: validate_builder`). */
export function validateDraft(draft: EventDraft, roomId: RoomId | undefined): void {
  // Numbers are looked at when the event is built, after modules were asked.
  checkCanonicalJson(draft.content, false);
  for (const key of stringContent.get(draft.type) ?? []) {
    if (!Object.hasOwn(draft.content, key)) throw new SynapseError(400, `'${key}' not in content`);
    if (typeof draft.content[key] !== 'string') throw new SynapseError(400, `'${key}' not a string type`);
  }
  if (draft.type === 'm.room.member') validateMember(draft.content);
  if (draft.type === 'm.room.tombstone') validateTombstone(draft.content, roomId);
  if (mustBeState.includes(draft.type) && draft.stateKey === undefined) {
    throw new SynapseError(400, `'${draft.type}' must be state events`);
  }
}

/** Refuses what a built event may not hold (`validate_new`). */
export function validateEvent(event: RoomEvent, serverName: string): void {
  const { content } = event;
  if (event.version.isStrictJson) checkCanonicalJson(content);
  if (event.type === 'm.room.aliases') validateAliases(content);
  else if (event.type === 'm.room.retention') validateRetention(event);
  else if (event.type === 'm.room.server_acl') {
    if (!serverMatchesAcl(content, serverName)) {
      throw new SynapseError(400, "Can't create an ACL event that denies the local server");
    }
  } else if (event.type === 'm.room.power_levels') validatePowerLevels(content);
  if (Object.hasOwn(content, 'm.mentions')) validateMentions(content['m.mentions']);
}

/** Refuses events that are too large to exchange (`event_auth.py: _check_size_limits`): 413 `M_TOO_LARGE`. */
export function checkEventSize(event: RoomEvent, serverName: string): void {
  const signatures = `,"signatures":{"${serverName}":{"ed25519:a_000000":""}}`.length + signatureLength;
  const unsigned = `,"unsigned":{"age_ts":${event.originServerTs}}`.length;
  if (Buffer.byteLength(event.json) + signatures + unsigned > maxSize) throw tooLarge('event too large');
  const fields: Readonly<Record<string, string | undefined>> = {
    sender: event.sender,
    room_id: event.roomId,
    state_key: event.stateKey,
    type: event.type,
    event_id: event.eventId,
  };
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && Buffer.byteLength(value) > maxIdLength) throw tooLarge(`'${name}' too large`);
  }
}

function tooLarge(message: string): SynapseError {
  return new SynapseError(413, message, Codes.TOO_LARGE);
}

function validateMember(content: JsonObject): void {
  if (!Object.hasOwn(content, 'membership')) throw new SynapseError(400, 'Content has not membership key');
  const { membership } = content;
  if (typeof membership !== 'string' || !memberships.includes(membership)) {
    throw new SynapseError(400, 'Invalid membership key');
  }
}

function validateTombstone(content: JsonObject, roomId: RoomId | undefined): void {
  if (!Object.hasOwn(content, 'replacement_room')) {
    throw new SynapseError(400, 'Content has no replacement_room key');
  }
  if (content['replacement_room'] === roomId) {
    throw new SynapseError(400, 'Tombstone cannot reference the room it was sent in');
  }
}

function validateAliases(content: JsonObject): void {
  const aliases = content['aliases'];
  if (!Array.isArray(aliases)) return;
  if (aliases.some((alias) => typeof alias === 'string' && alias.length > maxIdLength)) {
    throw new SynapseError(400, "Can't create aliases longer than 255 characters", Codes.INVALID_PARAM);
  }
}

function validateRetention(event: RoomEvent): void {
  if (!event.isState()) throw new SynapseError(400, 'must be a state event');
  const { min_lifetime: min, max_lifetime: max } = event.content;
  for (const [key, value] of Object.entries({ min_lifetime: min, max_lifetime: max })) {
    if (value !== undefined && value !== null && !Number.isInteger(value)) {
      throw new SynapseError(400, `'${key}' must be an integer`, Codes.BAD_JSON);
    }
  }
  if (typeof min === 'number' && typeof max === 'number' && min > max) {
    throw new SynapseError(400, "'min_lifetime' can't be greater than 'max_lifetime", Codes.BAD_JSON);
  }
}

const powerIntegers = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'];
const powerObjects = ['events', 'notifications', 'users'];

function validatePowerLevels(content: JsonObject): void {
  for (const [key, value] of Object.entries(content)) {
    if (powerIntegers.includes(key)) checkInteger(key, value);
    if (!powerObjects.includes(key)) continue;
    if (!isJsonObject(value)) throw wrongType(key, value, 'object');
    for (const [name, level] of Object.entries(value)) checkInteger(name, level);
  }
}

function checkInteger(key: string, value: JsonValue | undefined): void {
  if (!Number.isInteger(value)) throw wrongType(key, value, 'integer');
}

function validateMentions(mentions: JsonValue | undefined): void {
  if (!isJsonObject(mentions)) {
    throw new SynapseError(400, `${pythonRepr(mentions ?? null)} is not of type 'object'`, Codes.BAD_JSON);
  }
  const { user_ids: users, room } = mentions;
  // A text counts as a list of its characters in Synapse, and passes.
  if (users !== undefined && typeof users !== 'string' && !Array.isArray(users)) {
    throw wrongType('user_ids', users, 'array');
  }
  for (const [index, user] of itemsOf(users).entries()) {
    if (typeof user !== 'string') throw wrongType(String(index), user, 'string');
  }
  if (room !== undefined && typeof room !== 'boolean') throw wrongType('room', room, 'boolean');
}

function wrongType(key: string, value: JsonValue | undefined, type: string): SynapseError {
  return new SynapseError(400, `"${key}": ${pythonRepr(value ?? null)} is not of type '${type}'`, Codes.BAD_JSON);
}
