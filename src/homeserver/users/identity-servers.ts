import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import type { Fetch } from '../../module-api/shared/fetch.js';
import { refuseBlockedAddress } from '../runtime/ip-blocklist.js';

const timeout = 10_000;
/** A host name with port and path (`util/stringutils.py: valid_id_server_location`). */
const location = /^[0-9a-zA-Z.:[\]_-]+(?:\/[^?#]*)?$/;

/** Talks to identity servers, as far as accounts need it (`handlers/identity.py`). */
export class IdentityServers {
  constructor(private readonly fetch: Fetch) {}

  /** Asks a server to forget an address; false when it cannot. */
  async unbind(server: string, userId: UserId, medium: string, address: string): Promise<boolean> {
    const response = await this.post(server, '/3pid/unbind', { mxid: userId, threepid: { medium, address } });
    if (response.ok) return true;
    if ([400, 404, 501].includes(response.status)) return false;
    throw new SynapseError(500, 'Failed to contact identity server');
  }

  /** Binds an address that the server validated; answers with what it says: the address. */
  async bind(
    server: string,
    binding: { readonly sid: string; readonly client_secret: string; readonly mxid: UserId },
    accessToken: string,
  ): Promise<JsonObject> {
    const response = await this.post(server, '/3pid/bind', binding, { Authorization: `Bearer ${accessToken}` });
    return answerOf(response);
  }

  /** Has the server that validates phone numbers send a message; `base` is its URL. */
  async requestMsisdnToken(base: string, request: JsonObject): Promise<JsonObject> {
    const url = `${base}/_matrix/identity/api/v1/validate/msisdn/requestToken`;
    return answerOf(await this.fetch(url, requestOf(request, {})));
  }

  /** What the server that validates phone numbers knows of a validation; undefined when it is not done. `base` is its URL. */
  async validatedThreepid(base: string, sid: string, clientSecret: string): Promise<JsonObject | undefined> {
    const query = new URLSearchParams({ sid, client_secret: clientSecret });
    const url = `${base}/_matrix/identity/api/v1/3pid/getValidated3pid?${query.toString()}`;
    const response = await this.inTime(url, { signal: AbortSignal.timeout(timeout) });
    const body: unknown = await response.json().catch(() => undefined);
    // Some servers say 200 to what they do not know.
    return response.ok && isJsonObject(body) && 'medium' in body ? body : undefined;
  }

  /** Gives the server that validates phone numbers what a user got from it; answers with what it says. `base` is its URL. */
  async submitMsisdnToken(base: string, proof: JsonObject): Promise<JsonObject> {
    const url = `${base}/_matrix/identity/api/v1/validate/msisdn/submitToken`;
    const response = await this.inTime(url, requestOf(proof, {}));
    if (!response.ok) throw new SynapseError(400, 'Error contacting the identity server');
    return answerOf(response);
  }

  private async inTime(url: string, request: RequestInit): Promise<Response> {
    try {
      return await this.fetch(url, request);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
      throw new SynapseError(500, 'Timed out contacting identity server', undefined, {}, {}, { cause: error });
    }
  }

  private async post(
    server: string,
    path: string,
    body: JsonObject,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    if (!location.test(server)) {
      throw new SynapseError(400, 'id_server must be a valid hostname with optional port and path components');
    }
    const url = new URL(`https://${server}/_matrix/identity/v2${path}`);
    refuseBlockedAddress(url);
    try {
      return await this.fetch(url, requestOf(body, headers));
    } catch (error) {
      throw new SynapseError(500, 'Failed to contact identity server', undefined, {}, {}, { cause: error });
    }
  }
}

function requestOf(body: JsonObject, headers: Readonly<Record<string, string>>): RequestInit {
  return {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeout),
  };
}

/** What a server says, or its error as ours (`api/errors.py: HttpResponseException.to_synapse_error`). */
async function answerOf(response: Response): Promise<JsonObject> {
  const body: unknown = await response.json().catch(() => ({}));
  const answer = isJsonObject(body) ? body : {};
  if (response.ok) return answer;
  const { error, errcode } = answer;
  throw new SynapseError(
    response.status === 401 ? 400 : response.status,
    typeof error === 'string' ? error : response.statusText,
    typeof errcode === 'string' && errcode !== 'M_UNKNOWN_TOKEN' ? errcode : undefined,
  );
}
