import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type RoomAlias, type ServerName, type UserId } from '../../../matrix/ids.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { InitialState } from './first-events.js';
import type { ThirdPartyInvite } from '../sending/third-party-invites.js';
import { findRoomVersion, type RoomVersion } from '../model/room-version.js';
import { isServerName, toUserId } from '../model/untrusted-ids.js';

/** The body of `/createRoom`, checked (`handlers/room.py: create_room`). */
export interface RoomWishes {
  readonly version: RoomVersion;
  /** The local part wanted. */
  readonly alias: RoomAlias | undefined;
  readonly invited: readonly UserId[];
  readonly invitedAddresses: readonly ThirdPartyInvite[];
  readonly visibility: string;
  readonly presetName: string;
  readonly creationContent: JsonObject;
  readonly initialState: readonly InitialState[];
  readonly powerLevels: JsonObject | undefined;
  readonly name: JsonValue | undefined;
  readonly topic: JsonValue | undefined;
  readonly isDirect: JsonValue | undefined;
}

const incompleteAddress =
  'all of `medium`, `address`, `id_server` and `id_access_token` are required when making a 3pid invite';

/** Reads the body of `/createRoom`; 400 with Synapse's texts where it has one. */
export function readRoomWishes(body: JsonObject, serverName: ServerName, defaultVersion: string): RoomWishes {
  const invitedAddresses = readAddresses(body['invite_3pid']);
  const version = readVersion(body['room_version'] ?? defaultVersion);
  const alias = readAlias(body['room_alias_name'], serverName);
  const invited = readInvited(body['invite']);
  const visibility = body['visibility'] ?? 'private';
  if (typeof visibility !== 'string') throw badJson('visibility must be a string');
  const presetName = body['preset'] ?? (visibility === 'private' ? 'private_chat' : 'public_chat');
  if (typeof presetName !== 'string') throw badJson('preset must be a string');
  return {
    version,
    alias,
    invited,
    invitedAddresses,
    visibility,
    presetName,
    creationContent: readObject(body['creation_content'], 'creation_content') ?? {},
    initialState: readInitialState(body['initial_state']),
    powerLevels: readObject(body['power_level_content_override'], 'power_level_content_override'),
    name: body['name'],
    topic: body['topic'],
    isDirect: body['is_direct'],
  };
}

function readVersion(id: JsonValue): RoomVersion {
  if (typeof id !== 'string') throw badJson('room_version must be a string');
  const version = findRoomVersion(id);
  if (version !== undefined) return version;
  throw new SynapseError(400, 'Your homeserver does not support this room version', Codes.UNSUPPORTED_ROOM_VERSION);
}

function readAlias(localpart: JsonValue | undefined, serverName: ServerName): RoomAlias | undefined {
  if (localpart === undefined) return undefined;
  if (typeof localpart !== 'string') throw badJson('room_alias_name must be a string');
  // eslint-disable-next-line no-control-regex -- the characters of Python's string.whitespace
  if (/[ \t\n\r\x0b\f]/.test(localpart)) throw new SynapseError(400, 'Invalid characters in room alias');
  if (localpart.includes(':')) {
    throw new SynapseError(
      400,
      "':' is not permitted in the room alias name. Please note this expects a local part — 'wombat', not '#wombat:example.com'.",
    );
  }
  return `#${localpart}:${serverName}` as RoomAlias;
}

function readInvited(invited: JsonValue | undefined): readonly UserId[] {
  return readList(invited, 'invite').map((entry) => {
    const text = typeof entry === 'string' ? entry : JSON.stringify(entry);
    try {
      const userId = toUserId(text);
      if (isServerName(domainOf(userId))) return userId;
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
    }
    throw new SynapseError(400, `Invalid user_id: ${text}`);
  });
}

function readAddresses(invites: JsonValue | undefined): readonly ThirdPartyInvite[] {
  return readList(invites, 'invite_3pid').map((invite) => {
    const entry = isJsonObject(invite) ? invite : {};
    const { medium, address, id_server: idServer, id_access_token: idAccessToken } = entry;
    const values = [medium, address, idServer, idAccessToken];
    if (values.includes(undefined)) throw new SynapseError(400, incompleteAddress, Codes.MISSING_PARAM);
    if (
      typeof medium !== 'string' ||
      typeof address !== 'string' ||
      typeof idServer !== 'string' ||
      typeof idAccessToken !== 'string'
    ) {
      throw badJson('the members of invite_3pid must be strings');
    }
    return { medium, address, idServer, idAccessToken };
  });
}

function readInitialState(events: JsonValue | undefined): readonly InitialState[] {
  return readList(events, 'initial_state').map((event) => {
    if (!isJsonObject(event)) throw badJson('initial_state must hold objects');
    const { type, state_key: stateKey = '', content } = event;
    if (type === undefined || content === undefined) throw badJson('initial_state must hold type and content');
    if (typeof type !== 'string') throw new SynapseError(400, "Not 'type' a string type");
    if (typeof stateKey !== 'string') throw new SynapseError(400, "Not 'state_key' a string type");
    if (!isJsonObject(content)) throw badJson('the content in initial_state must be an object');
    return { type, stateKey, content };
  });
}

function readObject(value: JsonValue | undefined, name: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw badJson(`${name} must be an object`);
  return value;
}

function readList(value: JsonValue | undefined, name: string): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!isJsonArray(value)) throw badJson(`${name} must be a list`);
  return value;
}

function badJson(message: string): SynapseError {
  return new SynapseError(400, message, Codes.BAD_JSON);
}
