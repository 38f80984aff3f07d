import { SynapseError } from '../../errors/synapse-error.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { parseJson } from '../../matrix/untrusted-json.js';
import type { SigningKey } from '../rooms/model/signing-key.js';
import type { Peers } from './peers.js';
import { authorizationFor } from './signing.js';

/** A server is out of reach, or answers nothing that could be understood. */
export class UnreachableServerError extends Error {}

/** Sends signed requests to other servers within reach. */
export class FederationClient {
  constructor(
    private readonly serverName: ServerName,
    private readonly key: SigningKey,
    private readonly peers: Peers,
  ) {}

  /** The body of the answer. A refusal by the other server is a {@link SynapseError} with its status, code and text. */
  async request(method: string, destination: ServerName, uri: string, content?: JsonObject): Promise<JsonValue> {
    const fetch = this.peers.find(destination);
    if (fetch === undefined) throw new UnreachableServerError(`Can't connect to server ${destination}`);
    const signed = { method, uri, destination, ...(content !== undefined && { content }) };
    const request = new Request(`http://${destination}${uri}`, {
      method,
      headers: {
        Authorization: authorizationFor(signed, this.serverName, this.key),
        ...(content !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
    });
    const response = await fetch(request);
    const body = await readBody(response, destination);
    if (response.ok) return body;
    const { errcode, error } = isJsonObject(body) ? body : {};
    throw new SynapseError(
      response.status,
      typeof error === 'string' ? error : response.statusText,
      typeof errcode === 'string' ? errcode : undefined,
    );
  }

  /** The same where the answer must be an object. */
  async object(method: string, destination: ServerName, uri: string, content?: JsonObject): Promise<JsonObject> {
    const body = await this.request(method, destination, uri, content);
    if (isJsonObject(body)) return body;
    throw new UnreachableServerError(`${destination} answered with something else than a JSON object`);
  }
}

async function readBody(response: Response, destination: string): Promise<JsonValue> {
  try {
    return parseJson(new Uint8Array(await response.arrayBuffer()));
  } catch (error) {
    throw new UnreachableServerError(`${destination} answered with something else than JSON`, { cause: error });
  }
}

/** Path of a federation endpoint, its parameters escaped. */
export function federationPath(path: string, ...parameters: readonly string[]): string {
  return `/_matrix/federation${path}/${parameters.map(encodeURIComponent).join('/')}`;
}
