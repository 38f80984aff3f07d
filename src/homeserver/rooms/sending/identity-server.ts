import { createHash } from 'node:crypto';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { Fetch } from '../../../module-api/shared/fetch.js';
import { refuseBlockedAddress } from '../../runtime/ip-blocklist.js';

/** What an identity server gives for an invited address. */
export interface StoredInvite {
  readonly token: string;
  readonly displayName: string;
  readonly publicKeys: readonly JsonValue[];
  readonly publicKey: JsonValue;
  readonly keyValidityUrl: JsonValue;
}

const timeout = 10_000;
const unreachable = 'Failed to contact identity server';

/** Asks identity servers (`handlers/identity.py`). */
export class IdentityServers {
  constructor(private readonly fetch: Fetch) {}

  /** The user behind an address; undefined when there is none, or the server cannot tell. */
  async lookUp(server: string, medium: string, address: string, token: string): Promise<string | undefined> {
    try {
      return await this.find(server, medium, address, token);
    } catch {
      // Synapse logs it and goes on as if the address were unknown.
      return undefined;
    }
  }

  /** Has an invite stored until the address is bound to a user. */
  async storeInvite(server: string, token: string, invite: JsonObject): Promise<StoredInvite> {
    const answer = await this.ask(server, '/store-invite', token, invite);
    const keys = itemsOf(answer['public_keys']);
    const own: JsonObject | undefined =
      answer['public_key'] === undefined
        ? undefined
        : {
            public_key: answer['public_key'],
            key_validity_url: `https://${server}/_matrix/identity/v2/pubkey/isvalid`,
          };
    const fallback = own ?? keys[0];
    const { token: inviteToken, display_name: displayName } = answer;
    if (!isJsonObject(fallback) || typeof inviteToken !== 'string' || typeof displayName !== 'string') {
      throw new SynapseError(502, unreachable);
    }
    return {
      token: inviteToken,
      displayName,
      publicKeys: keys.length > 0 ? keys : [fallback],
      publicKey: fallback['public_key'] ?? null,
      keyValidityUrl: fallback['key_validity_url'] ?? null,
    };
  }

  /** Whether a key that signed for an invite still counts. */
  async isKeyValid(validityUrl: string, publicKey: string): Promise<boolean> {
    const uncheckable = 'Third party certificate could not be checked';
    const url = URL.parse(validityUrl);
    if (url === null) throw new SynapseError(502, uncheckable);
    url.searchParams.set('public_key', publicKey);
    try {
      refuseBlockedAddress(url);
      const response = await this.fetch(url, { signal: AbortSignal.timeout(timeout) });
      const answer: unknown = await response.json();
      return isJsonObject(answer) && answer['valid'] === true;
    } catch (error) {
      throw new SynapseError(502, uncheckable, Codes.UNKNOWN, {}, {}, { cause: error });
    }
  }

  private async find(server: string, medium: string, address: string, token: string): Promise<string | undefined> {
    const details = await this.ask(server, `/hash_details?access_token=${encodeURIComponent(token)}`, token);
    const { algorithms, lookup_pepper: pepper } = details;
    if (!Array.isArray(algorithms) || typeof pepper !== 'string') return undefined;
    const isHashed = algorithms.includes('sha256');
    if (!isHashed && !algorithms.includes('none')) return undefined;
    const value = isHashed
      ? createHash('sha256').update(`${address} ${medium} ${pepper}`).digest('base64url')
      : `${address} ${medium}`;
    const algorithm = isHashed ? 'sha256' : 'none';
    const answer = await this.ask(server, '/lookup', token, { addresses: [value], algorithm, pepper });
    const mapped = isJsonObject(answer['mappings']) ? answer['mappings'][value] : undefined;
    return typeof mapped === 'string' ? mapped : undefined;
  }

  private async ask(server: string, path: string, token: string, body?: JsonObject): Promise<JsonObject> {
    const url = URL.parse(`https://${server}/_matrix/identity/v2${path}`);
    if (url === null) throw new SynapseError(400, 'id_server must be a valid hostname', Codes.INVALID_PARAM);
    refuseBlockedAddress(url);
    try {
      const response = await this.fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(timeout),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (response.ok && isJsonObject(answer)) return answer;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError') {
        throw new SynapseError(500, 'Timed out contacting identity server', Codes.UNKNOWN, {}, {}, { cause: error });
      }
      // Whatever else happens is an exception that Synapse does not expect: 500.
      throw error;
    }
    throw new SynapseError(502, unreachable);
  }
}
