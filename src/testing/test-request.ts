import type { JsonObject } from '../matrix/json.js';

/**
 * What a request is sent with besides its body.
 *
 * @example
 * ```ts
 * import { startHomeserver, type RequestOptions } from 'vesicle/testing';
 * const fromAfar: RequestOptions = { ip: '203.0.113.7', headers: { 'User-Agent': 'Robot' } };
 * await using hs = await startHomeserver({ modules: [] });
 * const answer = await hs.request('GET', '/_matrix/client/versions', undefined, fromAfar);
 * ```
 */
export interface RequestOptions {
  /** The access token. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the client seems to be. */
  readonly ip?: string;
  /** Ends a long poll. */
  readonly signal?: AbortSignal;
}

/**
 * A body: JSON, or text or bytes as they are.
 *
 * @example
 * ```ts
 * import { type RequestBody } from 'vesicle/testing';
 * const bodies: RequestBody[] = [{ msgtype: 'm.text', body: 'hello' }, '{"not":"JSON', new Uint8Array([1, 2, 3])];
 * ```
 */
export type RequestBody = JsonObject | string | Uint8Array<ArrayBuffer>;

/** Sends one request without a socket, as the methods of the kit do. */
export type SendRequest = (
  method: string,
  path: string,
  body?: RequestBody,
  options?: RequestOptions,
) => Promise<Response>;

/** Sends requests to one homeserver. */
export interface TestClient {
  readonly send: SendRequest;
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
}

/** The request of a call like that of `fetch`: a path stands for one of the homeserver. */
export function requestOf(serverName: string, input: string | URL | Request, init?: RequestInit): Request {
  if (input instanceof Request) return new Request(input, init);
  return new Request(new URL(input, `http://${serverName}`), init);
}

/** A Fetch request to a server. */
export function requestTo(
  serverName: string,
  method: string,
  path: string,
  body: RequestBody | undefined,
  { token, headers, signal }: RequestOptions,
): Request {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return new Request(`http://${serverName}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && !isRaw && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
}
