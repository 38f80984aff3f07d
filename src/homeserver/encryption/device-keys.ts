import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, type RoomId, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { ClaimableKey, DeviceKeyStore, KeySignature } from '../store/device-key-store.js';
import type { UploadedKeys } from './uploaded-keys.js';

const USAGES = ['master', 'self_signing', 'user_signing'] as const;

/** Public keys of devices and users, kept and handed out as they came: no signature is verified (`handlers/e2e_keys.py`). */
export class DeviceKeys {
  constructor(
    private readonly context: Pick<HomeserverContext, 'stream' | 'notifier' | 'serverName' | 'database'>,
    private readonly store: DeviceKeyStore,
    private readonly displayNameOf: (userId: UserId, deviceId: string) => string | null,
    private readonly roomsOf: (userId: UserId) => Iterable<RoomId>,
  ) {}

  /** Stores what a device uploaded. */
  upload(userId: UserId, deviceId: string, keys: UploadedKeys): void {
    const isChanged = this.context.database.transaction(() => {
      for (const key of keys.oneTime) this.addOneTimeKey(userId, deviceId, key);
      for (const key of keys.fallback) this.store.setFallbackKey(userId, deviceId, key);
      return keys.device !== undefined && this.store.setDeviceKeys(userId, deviceId, keys.device);
    });
    if (isChanged) this.announce(userId);
  }

  /** Algorithm to number of one-time keys; the usual algorithm is always named. */
  countOneTimeKeys(userId: UserId, deviceId: string): JsonObject {
    return { signed_curve25519: 0, ...Object.fromEntries(this.store.countOneTimeKeys(userId, deviceId)) };
  }

  unusedFallbackTypes(userId: UserId, deviceId: string): string[] {
    return this.store.unusedFallbackTypes(userId, deviceId);
  }

  /** The keys of users' devices; an empty list of devices means all. */
  query(viewer: UserId, wanted: Readonly<Record<string, readonly string[]>>): JsonObject {
    const answer: Record<string, Record<string, JsonValue>> = {
      device_keys: {},
      failures: {},
      master_keys: {},
      self_signing_keys: {},
      user_signing_keys: {},
    };
    const put = (member: string, userId: UserId, value: JsonValue | undefined): void => {
      if (value !== undefined) (answer[member] ??= {})[userId] = value;
    };
    for (const [id, deviceIds] of Object.entries(wanted)) {
      const userId = id as UserId;
      if (domainOf(userId) !== this.context.serverName) continue;
      put('device_keys', userId, this.devicesOf(userId, deviceIds, viewer));
      put('master_keys', userId, this.crossSigningKey(userId, 'master', viewer));
      put('self_signing_keys', userId, this.crossSigningKey(userId, 'self_signing', viewer));
      if (userId === viewer) put('user_signing_keys', userId, this.crossSigningKey(userId, 'user_signing', viewer));
    }
    return answer;
  }

  /** Hands out one key for each device asked for. */
  claim(wanted: Readonly<Record<string, Readonly<Record<string, string>>>>): JsonObject {
    const claimed: Record<string, Record<string, JsonObject>> = {};
    for (const [userId, byDevice] of Object.entries(wanted)) {
      for (const [deviceId, algorithm] of Object.entries(byDevice)) {
        const key = this.store.claim(userId as UserId, deviceId, algorithm);
        if (key !== undefined) {
          (claimed[userId] ??= {})[deviceId] = { [`${algorithm}:${key.keyId}`]: key.value };
        }
      }
    }
    return { one_time_keys: claimed, failures: {} };
  }

  hasCrossSigning(userId: UserId): boolean {
    return this.store.crossSigningKey(userId, 'master') !== undefined;
  }

  /** Whether these cross-signing keys differ from those stored. */
  isNews(userId: UserId, body: JsonObject): boolean {
    return USAGES.some((usage) => {
      const key = body[`${usage}_key`];
      if (!isJsonObject(key)) return false;
      return JSON.stringify(this.store.crossSigningKey(userId, usage)?.['keys']) !== JSON.stringify(key['keys']);
    });
  }

  /** Stores the cross-signing keys of a user. */
  setCrossSigningKeys(userId: UserId, body: JsonObject): void {
    if (!isJsonObject(body['master_key']) && !this.hasCrossSigning(userId)) {
      throw new SynapseError(400, 'No master key available', Codes.MISSING_PARAM);
    }
    for (const usage of USAGES) {
      const key = body[`${usage}_key`];
      if (key === undefined) continue;
      this.store.setCrossSigningKey(userId, usage, checkCrossSigningKey(userId, usage, key));
    }
    this.announce(userId);
  }

  /** Stores signatures under keys: `{ user: { device ID or key: signed object } }`. */
  addSignatures(signer: UserId, body: JsonObject): JsonObject {
    const found = Object.entries(body).flatMap(([targetUser, targets]) =>
      Object.entries(isJsonObject(targets) ? targets : {}).flatMap(([targetId, signed]) =>
        signaturesBy(signer, targetUser as UserId, targetId, signed),
      ),
    );
    for (const signature of found) this.store.addSignature(signature);
    for (const userId of new Set(found.map((signature) => signature.targetUser))) this.announce(userId);
    return { failures: {} };
  }

  /** Notes that a user's list of devices changed, and wakes everybody who shares a room with them. */
  announce(userId: UserId): void {
    this.store.markChanged(userId, this.context.stream.next());
    this.context.notifier.notify({ users: [userId], rooms: [...this.roomsOf(userId)] });
  }

  changedSince(position: number): UserId[] {
    return this.store.changedSince(position);
  }

  /** Forgets the keys of devices that are gone. */
  forgetDevices(userId: UserId, deviceIds: readonly string[]): void {
    for (const deviceId of deviceIds) this.store.deleteDevice(userId, deviceId);
    this.announce(userId);
  }

  private addOneTimeKey(userId: UserId, deviceId: string, key: ClaimableKey): void {
    const before = this.store.oneTimeKey(userId, deviceId, key.algorithm, key.keyId);
    if (before === undefined) this.store.addOneTimeKey(userId, deviceId, key);
    else if (before !== JSON.stringify(key.value)) {
      throw new SynapseError(400, `One time key ${key.algorithm}:${key.keyId} already exists.`, Codes.UNKNOWN);
    }
  }

  private devicesOf(userId: UserId, deviceIds: readonly string[], viewer: UserId): JsonObject {
    const devices: Record<string, JsonObject> = {};
    for (const [deviceId, keys] of this.store.deviceKeysOf(userId)) {
      if (deviceIds.length > 0 && !deviceIds.includes(deviceId)) continue;
      const name = this.displayNameOf(userId, deviceId);
      const unsigned = name === null ? {} : { device_display_name: name };
      devices[deviceId] = { ...this.withSignatures(keys, userId, deviceId, viewer), unsigned };
    }
    return devices;
  }

  private crossSigningKey(userId: UserId, usage: string, viewer: UserId): JsonObject | undefined {
    const key = this.store.crossSigningKey(userId, usage);
    if (key === undefined || !isJsonObject(key['keys'])) return key;
    const [publicKey] = Object.values(key['keys']);
    return typeof publicKey === 'string' ? this.withSignatures(key, userId, publicKey, viewer) : key;
  }

  private withSignatures(key: JsonObject, userId: UserId, targetId: string, viewer: UserId): JsonObject {
    const added = this.store.signaturesUnder(userId, targetId, viewer);
    if (added.length === 0) return key;
    const own = isJsonObject(key['signatures']) ? key['signatures'] : {};
    const signatures: Record<string, JsonValue | undefined> = { ...own };
    for (const { signer, keyId, signature } of added) {
      const bySigner = signatures[signer];
      signatures[signer] = { ...(isJsonObject(bySigner) ? bySigner : {}), [keyId]: signature };
    }
    return { ...key, signatures };
  }
}

function checkCrossSigningKey(userId: UserId, usage: string, key: JsonValue): JsonObject {
  if (!isJsonObject(key)) throw new SynapseError(400, `Invalid ${usage} key`, Codes.INVALID_PARAM);
  if (key['user_id'] !== userId || !isJsonObject(key['keys'])) {
    throw new SynapseError(400, `Invalid ${usage} key`, Codes.INVALID_PARAM);
  }
  return key;
}

function signaturesBy(
  signer: UserId,
  targetUser: UserId,
  targetId: string,
  signed: JsonValue | undefined,
): KeySignature[] {
  const signatures = isJsonObject(signed) ? signed['signatures'] : undefined;
  const bySigner = isJsonObject(signatures) ? signatures[signer] : undefined;
  return Object.entries(isJsonObject(bySigner) ? bySigner : {}).flatMap(([keyId, signature]) =>
    typeof signature === 'string' ? [{ signer, keyId, targetUser, targetId, signature }] : [],
  );
}
