import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { ClaimableKey } from '../store/device-key-store.js';

/** The keys that a device uploads. */
export interface UploadedKeys {
  /** Identity keys; absent when they are known already. */
  readonly device?: JsonObject;
  readonly oneTime: readonly ClaimableKey[];
  readonly fallback: readonly ClaimableKey[];
}

/** Reads the body of `/keys/upload`, or 400 `M_BAD_JSON` (`rest/client/keys.py: KeyUploadRequestBody`). */
export function parseUploadedKeys(body: JsonObject, userId: UserId, deviceId: string): UploadedKeys {
  const { device_keys: device } = body;
  return {
    ...(device !== undefined && { device: parseDeviceKeys(device, userId, deviceId) }),
    oneTime: parseClaimableKeys(body, 'one_time_keys'),
    fallback: parseClaimableKeys(body, 'fallback_keys'),
  };
}

function parseDeviceKeys(device: JsonValue, userId: UserId, deviceId: string): JsonObject {
  if (!isJsonObject(device)) throw badJson('device_keys must be an object');
  const { algorithms, keys, signatures } = device;
  const isComplete =
    Array.isArray(algorithms) &&
    (algorithms as readonly JsonValue[]).every((algorithm) => typeof algorithm === 'string') &&
    areTexts(keys) &&
    areSignatures(signatures) &&
    typeof device['user_id'] === 'string' &&
    typeof device['device_id'] === 'string';
  if (!isComplete) throw badJson('device_keys must have algorithms, device_id, keys, signatures and user_id');
  if (device['user_id'] !== userId) {
    throw badJson('Provided `user_id` in `device_keys` does not match that of the authenticated user');
  }
  if (device['device_id'] !== deviceId) {
    throw badJson('Provided `device_id` in `device_keys` does not match that of the authenticated user device');
  }
  return device;
}

function parseClaimableKeys(body: JsonObject, name: 'one_time_keys' | 'fallback_keys'): ClaimableKey[] {
  const keys = body[name];
  if (keys === undefined || keys === null) return [];
  if (!isJsonObject(keys)) throw badJson(`${name} must be a mapping`);
  return Object.entries(keys).map(([id, value]) => {
    const [algorithm, keyId, ...rest] = id.split(':');
    if (algorithm === undefined || keyId === undefined || rest.length > 0) {
      throw badJson(`Invalid ${name} key '${id}'. Expected "<algorithm>:<device_id>".`);
    }
    return { algorithm, keyId, value: parseKey(value, name) };
  });
}

function parseKey(value: JsonValue | undefined, name: string): JsonValue {
  if (typeof value === 'string') return value;
  if (isJsonObject(value) && typeof value['key'] === 'string' && areSignatures(value['signatures'])) return value;
  throw badJson(`${name} must be strings, or objects with key and signatures`);
}

function areTexts(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
}

function areSignatures(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.values(value).every(areTexts);
}

function badJson(message: string): SynapseError {
  return new SynapseError(400, message, Codes.BAD_JSON);
}
