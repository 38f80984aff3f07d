import { type JsonObject, type JsonValue } from '../matrix/json.js';

/** Headers of an outgoing request: one value or several for each name. */
export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Query or form arguments: one value or several for each name. */
export type HttpArguments = Readonly<Record<string, string | readonly string[]>>;

/** Arguments and headers that most requests take. */
export interface HttpRequestOptions {
  /** Query arguments; for `postUrlencodedGetJson` the form. */
  readonly args?: HttpArguments;
  readonly headers?: HttpHeaders;
}

/** What `getFile` may limit. */
export interface HttpFileOptions {
  /** Bytes; a larger file is a `SynapseError` 502. */
  readonly maxSize?: number;
  readonly headers?: HttpHeaders;
  /** Refuses a file by its content type. */
  readonly isAllowedContentType?: (contentType: string) => boolean;
}

/** A fetched file: bytes written, the answer's headers, the address after redirects, the status. */
export type FetchedFile = readonly [length: number, headers: Headers, finalUrl: string, code: number];

/**
 * Outbound HTTP without proxy and without IP blocklist (`synapse.http.client.SimpleHttpClient`).
 *
 * An answer that is not 2xx is an `HttpResponseException`; 60 seconds without an answer are a `HostError`
 * `RequestTimedOutError`. JSON is sent in canonical form.
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
  /** Fetches a file into a stream. Any failure is a `SynapseError` 502. */
  readonly getFile: (
    url: string,
    outputStream: WritableStream<Uint8Array>,
    options?: HttpFileOptions,
  ) => Promise<FetchedFile>;
}
