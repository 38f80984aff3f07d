import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { RequesterOptions } from '../../users/requester-options.js';

/** One request as an endpoint sees it. */
export interface Call {
  readonly method: string;
  /** The path parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Header of this name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly ip: string;
  readonly userAgent: string | null;
  /** The body as a JSON object: 400 `M_NOT_JSON` / `M_BAD_JSON` otherwise; an absent body is `{}` only with `allowEmpty`. */
  readonly json: (options?: { readonly allowEmpty?: boolean }) => Promise<JsonObject>;
  /** The raw body. */
  readonly bytes: () => Promise<Uint8Array>;
  /** The raw body as it comes: for what may be long. */
  readonly pieces: () => AsyncIterable<Uint8Array>;
  /** The authenticated requester: 401 and 403 as in Synapse otherwise. At most once per call. */
  readonly requester: (options?: RequesterOptions) => Promise<Requester>;
  /** The Fetch request, for what the members above do not give. */
  readonly request: Request;
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
}

/** What an endpoint answers: JSON with 200, JSON with a status, or a whole response. */
export type Answer = JsonObject | JsonAnswer | Response;

/** A JSON answer with a status or headers of its own; made by {@link answer}. */
export class JsonAnswer {
  constructor(
    readonly status: number,
    readonly body: JsonValue,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** The methods of endpoints; HEAD goes to GET's, OPTIONS is the server's. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One endpoint. `path` is like `/_matrix/client/v3/rooms/:roomId/send/:eventType/:txnId`. */
export interface Route {
  readonly method: Method;
  /** Absolute paths; several where Synapse answers under several prefixes (`clientPaths`). */
  readonly paths: readonly string[];
  readonly handle: (call: Call) => Promise<Answer>;
  /** It answers everything below its paths, too (Twisted's `isLeaf`). */
  readonly isLeaf?: boolean;
}

/** The paths of a client endpoint under the given versions (`rest/client/_base.py: client_patterns`). */
export function clientPaths(path: string, versions: readonly string[] = ['r0', 'v3', 'unstable']): readonly string[] {
  return versions.map((version) => `/_matrix/client/${version}${path}`);
}

/** The versions of the endpoints that Synapse has had from its beginning (`client_patterns(..., v1=True)`). */
export const oldestVersions: readonly string[] = ['api/v1', 'r0', 'v3', 'unstable'];
