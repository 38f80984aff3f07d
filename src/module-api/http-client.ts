import type { JsonObject, JsonValue } from '../matrix/json.js';

/**
 * Headers of an outgoing request: one value or several for each name.
 *
 * @example
 * ```ts
 * import { type HttpHeaders } from 'vesicle';
 * const headers: HttpHeaders = { authorization: 'Bearer sesame' };
 * ```
 */
export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * Query or form arguments: one value or several for each name.
 *
 * @example
 * ```ts
 * import { type HttpArguments } from 'vesicle';
 * const args: HttpArguments = { q: 'casino', tag: ['a', 'b'] };
 * ```
 */
export type HttpArguments = Readonly<Record<string, string | readonly string[]>>;

/**
 * Arguments and headers that most requests take.
 *
 * @example
 * ```ts
 * import { type HttpRequestOptions } from 'vesicle';
 * const options: HttpRequestOptions = { args: { q: 'casino' }, headers: { accept: 'application/json' } };
 * ```
 */
export interface HttpRequestOptions {
  /** Query arguments; for `postUrlencodedGetJson` the form. */
  readonly args?: HttpArguments;
  readonly headers?: HttpHeaders;
}

/**
 * What `getFile` may limit.
 *
 * @example
 * ```ts
 * import { type HttpFileOptions } from 'vesicle';
 * const options: HttpFileOptions = { maxSize: 1_000_000, isAllowedContentType: (type) => type.startsWith('image/') };
 * ```
 */
export interface HttpFileOptions {
  /** Bytes; a larger file is a `SynapseError` 502. */
  readonly maxSize?: number;
  readonly headers?: HttpHeaders;
  /** Refuses a file by its content type. */
  readonly isAllowedContentType?: (contentType: string) => boolean;
}

/**
 * A fetched file: bytes written, the answer's headers, the address after redirects, the status.
 *
 * @example
 * ```ts
 * import { type FetchedFile } from 'vesicle';
 * const sizeOf = ([length]: FetchedFile) => length;
 * ```
 */
export type FetchedFile = readonly [length: number, headers: Headers, finalUrl: string, code: number];

/**
 * Outbound HTTP without proxy and without IP blocklist (`synapse.http.client.SimpleHttpClient`).
 *
 * An answer that is not 2xx is an `HttpResponseException`; 60 seconds without an answer are a `SynapseError` 504. JSON is
 * sent in canonical form, redirects are not followed.
 *
 * @example
 * ```ts
 * import { type ModuleApi } from 'vesicle';
 * const scoreOf = async (api: ModuleApi, text: string) =>
 *   api.httpClient.postJsonGetJson('https://classifier.example/score', { text });
 * ```
 */
export interface HttpClient {
  /** Sends a request and answers with the response, whatever its status. */
  readonly request: (
    method: string,
    uri: string,
    options?: { readonly data?: string | Uint8Array; readonly headers?: HttpHeaders },
  ) => Promise<Response>;
  /** Fetches JSON. */
  readonly getJson: (uri: string, options?: HttpRequestOptions) => Promise<JsonValue>;
  /** Posts JSON and answers with the JSON that comes back. */
  readonly postJsonGetJson: (
    uri: string,
    postJson: JsonObject,
    options?: Pick<HttpRequestOptions, 'headers'>,
  ) => Promise<JsonValue>;
  /** Puts JSON and answers with the JSON that comes back. */
  readonly putJson: (uri: string, jsonBody: JsonObject, options?: HttpRequestOptions) => Promise<JsonValue>;
  /** Posts a form and answers with the JSON that comes back. */
  readonly postUrlencodedGetJson: (uri: string, options?: HttpRequestOptions) => Promise<JsonValue>;
  /** Fetches bytes. */
  readonly getRaw: (uri: string, options?: HttpRequestOptions) => Promise<Uint8Array>;
  /** Fetches a file into a stream. An answer that is not 2xx, too large or of another type is a `SynapseError` 502. */
  readonly getFile: (
    url: string,
    outputStream: WritableStream<Uint8Array>,
    options?: HttpFileOptions,
  ) => Promise<FetchedFile>;
}
