import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import { redactPdu } from '../rooms/model/redaction.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import { isSignedBy, type SigningKey } from '../rooms/model/signing-key.js';
import type { ServerKeys, VerifyKey } from './server-keys.js';

/** The keys of other servers, and checks of what they signed (`crypto/keyring.py`). */
export class KeyRing {
  /** Keys that need not be told: this server's own, and those that were added. */
  private readonly known = new Map<string, Map<string, VerifyKey>>();

  constructor(
    private readonly serverName: ServerName,
    ownKey: SigningKey,
    private readonly told: ServerKeys,
  ) {
    const { keyId, publicKey } = ownKey;
    this.add(serverName, { keyId, publicKey, validUntil: Number.MAX_SAFE_INTEGER });
  }

  /** Notes a key of a server. */
  add(serverName: ServerName, key: VerifyKey): void {
    let keys = this.known.get(serverName);
    if (keys === undefined) this.known.set(serverName, (keys = new Map<string, VerifyKey>()));
    keys.set(key.keyId, key);
  }

  /** Refuses JSON that this server did not sign with a key valid at a time: 400 or 401 `M_UNAUTHORIZED`. */
  async verify(serverName: ServerName, value: JsonObject, validAt: number): Promise<void> {
    const keyIds = Object.keys(signaturesOf(value, serverName)).filter((keyId) => keyId.split(':')[0] === 'ed25519');
    if (keyIds.length === 0) throw unauthorized(400, `Not signed by ${serverName}`);
    const isValid = (key: VerifyKey | undefined): key is VerifyKey => key !== undefined && key.validUntil >= validAt;
    const isKnown = keyIds.some((keyId) => isValid(this.find(serverName, keyId)));
    if (!isKnown && serverName !== this.serverName) await this.told.fetch(serverName);
    const keys = keyIds.map((keyId) => this.find(serverName, keyId)).filter(isValid);
    if (keys.length === 0) {
      const wanted = `server_name='${serverName}', minimum_valid_until_ts=${validAt}, key_ids=['${keyIds.join("', '")}']`;
      throw unauthorized(401, `Failed to find any key to satisfy: _FetchKeyRequest(${wanted})`);
    }
    for (const key of keys) this.check(serverName, value, key);
  }

  /** Refuses an event that this server did not sign. */
  async verifyEvent(serverName: ServerName, event: RoomEvent): Promise<void> {
    const pdu = parseStoredObject(event.json);
    const signatures = pdu['signatures'] ?? event.getDict()['signatures'] ?? {};
    if (!isJsonObject(signatures) || !Object.hasOwn(signatures, serverName)) {
      throw unauthorized(400, `Not signed by ${serverName}`);
    }
    const validAt = Number(event.version.id) >= 5 ? event.originServerTs : 0;
    await this.verify(serverName, redactPdu(event.version, { ...pdu, signatures }), validAt);
  }

  private check(serverName: ServerName, value: JsonObject, { keyId, publicKey }: VerifyKey): void {
    if (isSignedBy(value, serverName, keyId, publicKey)) return;
    const signature = signaturesOf(value, serverName)[keyId];
    const isBase64 = typeof signature === 'string' && /^[A-Za-z0-9+/]+=*$/.test(signature);
    const reason = isBase64
      ? `Unable to verify signature for ${serverName}: <class 'nacl.exceptions.BadSignatureError'> Signature was forged or corrupt`
      : `Invalid signature base64 for ${serverName}, ${keyId}`;
    throw unauthorized(401, `Invalid signature for server ${serverName} with key ${keyId}: ${reason}`);
  }

  private find(serverName: string, keyId: string): VerifyKey | undefined {
    return this.known.get(serverName)?.get(keyId) ?? this.told.find(serverName, keyId);
  }
}

function signaturesOf(value: JsonObject, serverName: string): Readonly<Record<string, JsonValue | undefined>> {
  const { signatures } = value;
  const block = isJsonObject(signatures) && Object.hasOwn(signatures, serverName) ? signatures[serverName] : undefined;
  return isJsonObject(block) ? block : {};
}

function unauthorized(status: number, message: string): SynapseError {
  return new SynapseError(status, message, Codes.UNAUTHORIZED);
}
