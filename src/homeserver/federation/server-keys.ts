import type { Logger } from '../../log/logger.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { Clock } from '../runtime/clock.js';
import { isSignedBy } from '../rooms/model/signing-key.js';

/** A public key of a server. */
export interface VerifyKey {
  /** `ed25519:` and a version. */
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
}

/** A key that a server told itself. */
export interface ToldKey extends VerifyKey {
  /** When it told, in milliseconds since 1970. */
  readonly addedAt: number;
  /** All that it told then: the body of its `/_matrix/key/v2/server`. */
  readonly response: JsonObject;
}

/** Asks a server within reach for its keys: the body of `/_matrix/key/v2/server`, undefined when there is no answer. */
export type FetchKeys = (serverName: ServerName) => Promise<JsonObject | undefined>;

/** What servers told of their keys, the newest of each key (`storage/databases/main/keys.py`). */
export class ServerKeys {
  private readonly told = new Map<string, Map<string, ToldKey>>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly context: { readonly clock: Clock; readonly log: Logger },
    private readonly fetchKeys: FetchKeys,
  ) {}

  find(serverName: string, keyId: string): ToldKey | undefined {
    return this.told.get(serverName)?.get(keyId);
  }

  /** All keys of a server that are known. */
  of(serverName: string): readonly ToldKey[] {
    return [...(this.told.get(serverName)?.values() ?? [])];
  }

  /** Asks a server for its keys. One that is out of reach, or says what it did not sign, leaves what is known as it is. */
  async fetch(serverName: ServerName): Promise<void> {
    let running = this.running.get(serverName);
    if (running === undefined) {
      running = this.ask(serverName).finally(() => this.running.delete(serverName));
      this.running.set(serverName, running);
    }
    return running;
  }

  private async ask(serverName: ServerName): Promise<void> {
    const addedAt = this.context.clock.now();
    let response: JsonObject | undefined;
    try {
      response = await this.fetchKeys(serverName);
    } catch (error) {
      // Whoever needs the key says that there is none.
      this.context.log.warn(`Error looking up keys from ${serverName}`, { err: error });
      return;
    }
    if (response?.['server_name'] !== serverName) return;
    const keys = readKeys(response, serverName);
    if (keys.length === 0) return;
    let told = this.told.get(serverName);
    if (told === undefined) this.told.set(serverName, (told = new Map<string, ToldKey>()));
    for (const key of keys) told.set(key.keyId, { ...key, addedAt, response });
  }
}

/** The keys of a response; none unless it is signed with one of them that is in use (`crypto/keyring.py: process_v2_response`). */
function readKeys(response: JsonObject, serverName: string): readonly VerifyKey[] {
  const { valid_until_ts: validUntil, verify_keys: inUse, old_verify_keys: old } = response;
  const current = keysIn(inUse, () => validUntil);
  const isSigned = current.some(({ keyId, publicKey }) => isSignedBy(response, serverName, keyId, publicKey));
  return isSigned ? [...current, ...keysIn(old, (entry) => entry['expired_ts'])] : [];
}

function keysIn(value: JsonValue | undefined, validUntilOf: (entry: JsonObject) => JsonValue | undefined): VerifyKey[] {
  return Object.entries(isJsonObject(value) ? value : {}).flatMap(([keyId, entry]) => {
    if (!keyId.startsWith('ed25519:') || !isJsonObject(entry)) return [];
    const [publicKey, validUntil] = [entry['key'], validUntilOf(entry)];
    return typeof publicKey === 'string' && typeof validUntil === 'number' && Number.isSafeInteger(validUntil)
      ? [{ keyId, publicKey, validUntil }]
      : [];
  });
}
