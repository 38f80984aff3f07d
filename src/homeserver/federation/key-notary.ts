import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import type { Clock } from '../runtime/clock.js';
import type { SigningKey } from '../rooms/model/signing-key.js';
import type { ServerKeys, ToldKey } from './server-keys.js';

/** The keys that are wanted of each server: until when each must be valid; all that are known where none is named. */
export type KeyQuery = ReadonlyMap<ServerName, ReadonlyMap<string, number | null>>;

/** What a notary is made with. */
export interface KeyNotaryParts {
  readonly serverName: ServerName;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly keys: ServerKeys;
}

/**
 * Vouches for keys of servers by its own signature (`rest/key/v2/remote_key_resource.py`). As in Synapse, a server is asked only for
 * keys that are named, its own name is one like the others, and a key too old for the question is better than none.
 */
export class KeyNotary {
  constructor(private readonly parts: KeyNotaryParts) {}

  /** What the servers told, each of it once, signed by them and by this one. */
  async answer(query: KeyQuery): Promise<readonly JsonObject[]> {
    const stale = [...query].filter(([server, wanted]) =>
      [...wanted].some(([keyId, validUntil]) => !this.isFresh(this.parts.keys.find(server, keyId), validUntil)),
    );
    await Promise.all(stale.map(([server]) => this.parts.keys.fetch(server)));
    const known = [...query].flatMap(([server, wanted]) => this.known(server, wanted));
    return [...new Set(known.map(({ response }) => response))].map((response) => this.sign(response));
  }

  /** The known ones of some keys, or of all. */
  private known(server: ServerName, wanted: ReadonlyMap<string, number | null>): readonly ToldKey[] {
    const { keys } = this.parts;
    if (wanted.size === 0) return keys.of(server);
    return [...wanted.keys()].flatMap((keyId) => keys.find(server, keyId) ?? []);
  }

  /** Where nobody says how long a key must be valid, half of its time may be over. */
  private isFresh(key: ToldKey | undefined, validUntil: number | null): boolean {
    if (key === undefined) return false;
    return validUntil === null
      ? (key.addedAt + key.validUntil) / 2 >= this.parts.clock.now()
      : key.validUntil >= validUntil;
  }

  private sign(response: JsonObject): JsonObject {
    const { serverName, key } = this.parts;
    const { signatures, unsigned: _unsigned, ...signed } = response;
    const given = isJsonObject(signatures) ? signatures : {};
    const own = given[serverName];
    const added = { [key.keyId]: key.sign(encodeCanonicalJson(signed)) };
    return { ...response, signatures: { ...given, [serverName]: { ...(isJsonObject(own) && own), ...added } } };
  }
}
