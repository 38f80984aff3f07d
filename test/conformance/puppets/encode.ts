import type { Template } from '../../../src/module-api/template.js';
import { Code } from '../../../src/errors/matrix-codes.js';
import type { MediaFile, MediaFileInfo } from '../../../src/callbacks/media-file.js';
import type { MediaUploadLimit } from '../../../src/callbacks/media-upload-limit.js';
import { RegistrationBehaviour } from '../../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import type { FederationEventDelivery } from '../../../src/callbacks/federation-event-delivery.js';
import type { MatrixEvent, StateMap } from '../../../src/matrix/event.js';
import type { UserPresenceState } from '../../../src/matrix/presence.js';
import type { Requester } from '../../../src/matrix/requester.js';
import { Tuple } from '../../../src/matrix/tuple.js';
import { compareText } from '../../../src/homeserver/parity/sort-order.js';
import type { Json, JsonRecord } from '../format.js';
import { pythonJson } from '../python-json.js';
import { snakeCase } from './casing.js';

/** How objects that are nothing special are written: JSON keeps its names, records of Vesicle get Python's. */
export type Naming = 'json' | 'record';

/** A value that a module was given, in the form that cases use. */
export async function encode(value: unknown, naming: Naming = 'json'): Promise<Json> {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === NOT_SPAM) return 'NOT_SPAM';
  if (typeof value !== 'object') return { $object: typeof value };
  const known = encodeKnown(value);
  if (known !== undefined) return known;
  return await (encodeHandle(value) ?? encodeCollection(value, naming));
}

/** Bytes as text where they are, else in base64. */
export function encodeBytes(bytes: Uint8Array): JsonRecord {
  try {
    return { $text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { $base64: Buffer.from(bytes).toString('base64') };
  }
}

function encodeKnown(value: object): Json | undefined {
  if (value instanceof Code) return { $code: value.name };
  if (value instanceof RegistrationBehaviour) return { $registration: value.name };
  if (value instanceof Uint8Array) return encodeBytes(value);
  if (isRequest(value)) return { method: value.method, uri: value.url.replace(/^\w+:\/\/[^/]*/, '') };
  if (isUploadLimit(value)) return encodeUploadLimit(value);
  if (isRequester(value)) return encodeRequester(value);
  if (isTemplate(value)) return { $template: value.name };
  if (isPresence(value)) return { user_id: value.userId, state: value.state, status_msg: value.statusMsg };
  return undefined;
}

function encodeHandle(value: object): Promise<Json> | undefined {
  if (isEvent(value)) return encodeEvent(value);
  if (isStateMap(value)) return encodeStateMap(value);
  if (isMediaFile(value)) return encodeFile(value);
  if (isMediaFileInfo(value)) return encodeFileInfo(value);
  return isDelivery(value) ? encodeDelivery(value) : undefined;
}

async function encodeCollection(value: object, naming: Naming): Promise<Json> {
  if (value instanceof Tuple) return await encodeAll(value.items as readonly unknown[], naming);
  if (Array.isArray(value)) return await encodeAll(value, naming);
  if (value instanceof Set) {
    return (await encodeAll([...value], naming)).sort((a, b) => compareText(pythonJson(a), pythonJson(b)));
  }
  if (value instanceof Map) return await encodeEntries([...value], 'json');
  return await encodeEntries(Object.entries(value), naming);
}

async function encodeAll(values: readonly unknown[], naming: Naming): Promise<Json[]> {
  return await Promise.all(values.map((item) => encode(item, naming)));
}

async function encodeEntries(entries: readonly (readonly [unknown, unknown])[], naming: Naming): Promise<JsonRecord> {
  const members = entries
    .filter(([, item]) => item !== undefined && typeof item !== 'function')
    .map(async ([key, item]) => [nameOf(String(key), naming), await encode(item, naming)] as const);
  return Object.fromEntries(await Promise.all(members));
}

function nameOf(key: string, naming: Naming): string {
  return naming === 'record' ? snakeCase(key) : key;
}

async function encodeEvent(event: MatrixEvent): Promise<JsonRecord> {
  return {
    type: event.type,
    sender: event.sender,
    room_id: event.roomId,
    content: await encode(event.content),
    ...(event.isState() ? { state_key: event.stateKey ?? null } : {}),
    ...(event.type === 'm.room.redaction' ? { redacts: event.redacts ?? null } : {}),
  };
}

async function encodeStateMap(state: StateMap): Promise<JsonRecord> {
  const keys = (await state.keys()).map(([type, stateKey]): [string, string] => [type, stateKey]);
  keys.sort((a, b) => compareText(a[0], b[0]) || compareText(a[1], b[1]));
  // An empty dict of Python says nothing of its keys.
  return keys.length === 0 ? {} : { $state: keys };
}

async function encodeFile(file: MediaFile): Promise<JsonRecord> {
  const bytes = await file.read();
  return { $file: bytes.byteLength < 200 ? encodeBytes(bytes) : { size: bytes.byteLength } };
}

async function encodeFileInfo(info: MediaFileInfo): Promise<JsonRecord> {
  return {
    server_name: info.serverName,
    url_cache: info.urlCache,
    thumbnail: info.thumbnail === null ? null : await encode(info.thumbnail, 'record'),
  };
}

async function encodeDelivery(delivery: FederationEventDelivery): Promise<JsonRecord> {
  return {
    server_name: delivery.serverName,
    method: delivery.method,
    events: await encodeAll(delivery.events, 'json'),
  };
}

function encodeRequester(requester: Requester): JsonRecord {
  return {
    user: requester.userId,
    is_guest: requester.isGuest,
    shadow_banned: requester.shadowBanned,
    has_device: requester.deviceId !== undefined,
    authenticated_entity: requester.authenticatedEntity,
  };
}

/** Members that are not given have a value in Python. */
function encodeUploadLimit(limit: MediaUploadLimit): JsonRecord {
  return {
    max_bytes: limit.maxBytes,
    time_period_ms: limit.timePeriodMs,
    info_uri: limit.infoUri ?? null,
    can_upgrade: limit.canUpgrade ?? false,
  };
}

/** Not `instanceof`: a server may bring a class of its own. */
function isRequest(value: object): value is Request {
  return 'headers' in value && 'method' in value && 'url' in value;
}

function isEvent(value: object): value is MatrixEvent {
  return 'eventId' in value && 'getDict' in value;
}

function isStateMap(value: object): value is StateMap {
  return !(value instanceof Map) && ['get', 'keys', 'all'].every((name) => name in value);
}

function isMediaFile(value: object): value is MediaFile {
  return 'path' in value && 'read' in value && 'stream' in value;
}

function isMediaFileInfo(value: object): value is MediaFileInfo {
  return 'fileId' in value && 'urlCache' in value;
}

function isDelivery(value: object): value is FederationEventDelivery {
  return 'serverName' in value && 'events' in value && 'method' in value;
}

function isUploadLimit(value: object): value is MediaUploadLimit {
  return 'maxBytes' in value && 'timePeriodMs' in value;
}

function isRequester(value: object): value is Requester {
  return 'authenticatedEntity' in value && 'shadowBanned' in value;
}

function isPresence(value: object): value is UserPresenceState {
  return 'lastUserSyncTs' in value && 'userId' in value;
}

function isTemplate(value: object): value is Template {
  return 'render' in value && 'name' in value;
}
