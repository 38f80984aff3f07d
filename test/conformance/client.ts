import { request as httpRequest } from 'node:http';
import type { Json, JsonRecord, RawBody } from './format.js';
import { pythonJson } from './python-json.js';

/** A request of a case, its variables filled in. */
export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: RawBody;
  readonly timeoutMs?: number;
}

/** What came back, as expectations name it: `status`, `headers` and one of `body`, `text`, `base64`; or `no_response`. */
export type ClientAnswer = JsonRecord;

/** Sends one request on a connection of its own, the path untouched, as the recorder does. */
export async function send(baseUrl: string, request: ClientRequest): Promise<ClientAnswer> {
  const { hostname, port } = new URL(baseUrl);
  const [payload, contentType] = payloadOf(request);
  const headers: Record<string, string> = {
    'User-Agent': 'conformance/1',
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    ...(payload === undefined ? {} : { 'Content-Length': String(payload.byteLength) }),
    ...(request.token === undefined ? {} : { Authorization: `Bearer ${request.token}` }),
    ...request.headers,
  };
  return await new Promise<ClientAnswer>((resolve, reject) => {
    const outgoing = httpRequest(
      { hostname, port, method: request.method, path: request.path, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          clearTimeout(timer);
          const answer = { status: incoming.statusCode ?? 0, headers: lastOfEach(incoming.rawHeaders) };
          resolve({ ...answer, ...decodePayload(Buffer.concat(chunks)) });
        });
      },
    );
    const timer = setTimeout(() => {
      resolve({ no_response: true });
      outgoing.destroy();
    }, request.timeoutMs ?? 30_000);
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(payload);
  });
}

function payloadOf(request: ClientRequest): [payload: Buffer | undefined, contentType: string | undefined] {
  const { raw, body, method } = request;
  if (raw !== undefined) return [rawPayload(raw), raw.content_type];
  if (body !== undefined && body !== null) return [Buffer.from(pythonJson(body)), 'application/json'];
  return [method === 'POST' || method === 'PUT' ? Buffer.alloc(0) : undefined, undefined];
}

function rawPayload(raw: RawBody): Buffer {
  if (raw.size !== undefined) return Buffer.alloc(raw.size, 'x');
  return raw.base64 === undefined ? Buffer.from(raw.text ?? '') : Buffer.from(raw.base64, 'base64');
}

function lastOfEach(rawHeaders: readonly string[]): JsonRecord {
  const headers: JsonRecord = {};
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers[(rawHeaders[at] ?? '').toLowerCase()] = rawHeaders[at + 1] ?? '';
  return headers;
}

function decodePayload(payload: Buffer): JsonRecord {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return { base64: payload.toString('base64') };
  }
  try {
    return { body: JSON.parse(text) as Json };
  } catch {
    return { text };
  }
}
