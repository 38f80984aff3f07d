import { failureOf } from '../../errors/failure.js';
import type {
  FetchedFile,
  HttpArguments,
  HttpClient,
  HttpFileOptions,
  HttpHeaders,
  HttpRequestOptions,
} from '../http-client.js';
import { HostError } from '../../errors/host-error.js';
import { HttpResponseException } from '../../errors/http-response-exception.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import type { Fetch } from './fetch.js';

const headersTimeoutMs = 60_000;
const fileTimeoutMs = 30_000;
const asJson: HttpHeaders = { 'content-type': 'application/json', accept: 'application/json' };

/** Python's names for what node says of connections that fail. */
const connectionErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'ConnectionRefusedError',
  ENOTFOUND: 'DNSLookupError',
  EAI_AGAIN: 'DNSLookupError',
  ECONNRESET: 'ConnectionLost',
};

/** {@link HttpClient} on top of `fetch` (`http/client.py: SimpleHttpClient`). */
export class FetchHttpClient implements HttpClient {
  constructor(private readonly fetch: Fetch) {}

  readonly request: HttpClient['request'] = (method, uri, { data, headers } = {}) =>
    this.send(method, uri, data, headers);

  readonly getJson: HttpClient['getJson'] = async (uri, { args, headers } = {}) =>
    parseJson(
      await this.fetchRaw('GET', withArguments(uri, args), undefined, { accept: 'application/json', ...headers }),
    );

  readonly postJsonGetJson: HttpClient['postJsonGetJson'] = (uri, postJson, { headers } = {}) =>
    this.sendJson('POST', uri, postJson, headers);

  readonly putJson: HttpClient['putJson'] = (uri, jsonBody, { args, headers } = {}) =>
    this.sendJson('PUT', withArguments(uri, args), jsonBody, headers);

  readonly postUrlencodedGetJson: HttpClient['postUrlencodedGetJson'] = async (uri, { args, headers } = {}) => {
    const form = { ...asJson, 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return parseJson(await this.fetchRaw('POST', uri, parametersOf(args).toString(), form));
  };

  readonly getRaw: HttpClient['getRaw'] = (uri, { args, headers }: HttpRequestOptions = {}) =>
    this.fetchRaw('GET', withArguments(uri, args), undefined, headers);

  readonly getFile: HttpClient['getFile'] = async (url, outputStream, options = {}): Promise<FetchedFile> => {
    const response = await this.send('GET', url, undefined, options.headers);
    if (response.status > 299) throw badGateway(`Got error ${response.status}`);
    checkType(response, options);
    const length = await writeBody(response, outputStream, options.maxSize ?? Infinity);
    return [length, response.headers, response.url, response.status];
  };

  private async sendJson(
    method: string,
    uri: string,
    body: JsonObject,
    headers: HttpHeaders | undefined,
  ): Promise<JsonValue> {
    return parseJson(await this.fetchRaw(method, uri, encodeCanonicalJson(body), { ...asJson, ...headers }));
  }

  /** The body of an answer that is 2xx; any other is an error. */
  private async fetchRaw(
    method: string,
    uri: string,
    data: string | undefined,
    headers: HttpHeaders | undefined,
  ): Promise<Uint8Array> {
    const response = await this.send(method, uri, data, headers);
    const body = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new HttpResponseException(response.status, response.statusText, body);
    return body;
  }

  private async send(
    method: string,
    uri: string,
    data: string | Uint8Array | undefined,
    headers: HttpHeaders = {},
  ): Promise<Response> {
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      timeout.abort();
    }, headersTimeoutMs);
    const body = typeof data === 'object' ? new Uint8Array(data) : data;
    try {
      return await this.fetch(uri, {
        method,
        headers: headerList({ 'user-agent': 'Vesicle', ...headers }),
        redirect: 'manual',
        signal: timeout.signal,
        ...(body !== undefined && { body }),
      });
    } catch (error) {
      if (timeout.signal.aborted) throw new SynapseError(504, 'Timeout waiting for response from remote server');
      throw connectionError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function connectionError(error: unknown): HostError {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message : String(error);
  // Fetch refuses some ports by itself, the ones nobody serves HTTP at.
  if (code === 'ECONNREFUSED' || message === 'bad port') {
    const refusal = 'Connection was refused by other side: 111: Connection refused.';
    return new HostError('ConnectionRefusedError', refusal, { cause: error });
  }
  return new HostError(connectionErrors[code] ?? 'ConnectError', message, { cause: error });
}

function badGateway(message: string, code = Codes.UNKNOWN): SynapseError {
  return new SynapseError(502, message, code);
}

function checkType(response: Response, { isAllowedContentType }: HttpFileOptions): void {
  const type = response.headers.get('content-type');
  if (type === null || isAllowedContentType === undefined || isAllowedContentType(type)) return;
  throw badGateway(`Requested file's content type not allowed for this operation: ${type}`);
}

async function writeBody(response: Response, output: WritableStream<Uint8Array>, maxSize: number): Promise<number> {
  let length = 0;
  const measure = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      length += chunk.byteLength;
      if (length > maxSize) throw badGateway(`Requested file is too large > ${maxSize} bytes`, Codes.TOO_LARGE);
      controller.enqueue(chunk);
    },
  });
  const timeout = AbortSignal.timeout(fileTimeoutMs);
  try {
    const options = { signal: timeout };
    await (response.body ?? new Blob([]).stream()).pipeThrough(measure).pipeTo(output, options);
    return length;
  } catch (error) {
    if (error instanceof SynapseError) throw error;
    if (timeout.aborted) throw badGateway('Requested file took too long to download', Codes.TOO_LARGE);
    const message = `Failed to download remote body: ${failureOf(error).message}`;
    throw new SynapseError(502, message, Codes.UNKNOWN, {}, {}, { cause: error });
  }
}

function parseJson(body: Uint8Array): JsonValue {
  return JSON.parse(new TextDecoder().decode(body)) as JsonValue;
}

function withArguments(uri: string, args: HttpArguments | undefined): string {
  const query = parametersOf(args).toString();
  return query === '' ? uri : `${uri}?${query}`;
}

function parametersOf(args: HttpArguments = {}): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(args)) {
    for (const value of typeof values === 'string' ? [values] : values) parameters.append(name, value);
  }
  return parameters;
}

/** Later headers replace earlier ones, whatever their case. */
function headerList(headers: HttpHeaders): Headers {
  const list = new Headers();
  for (const [name, values] of Object.entries(headers)) {
    list.delete(name);
    for (const value of typeof values === 'string' ? [values] : values) list.append(name, value);
  }
  return list;
}
