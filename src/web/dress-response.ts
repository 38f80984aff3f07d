import { endToEndData, endToEndHeaders, finalStatus } from './end-to-end-headers.js';
import { guardBody } from './guarded-body.js';
import { mayBeCoded } from './content-coding.js';
import { readReady, type ReadyBody } from './ready-body.js';
import { readResponseParts, type WholeBody } from './response-parts.js';
import { clickjackingHeaders, type HeaderData, htmlHeaders, jsonHeaders } from './web-headers.js';
import type { WebResourceKind } from './web-resource.js';
import { rememberWhole } from './whole-body.js';

/** Who hears of the answers of a resource that are not sent as they are. */
export interface AnswerReports {
  /** Something was corrected without harm to the client. */
  readonly onCorrection: (correction: string) => void;
  /** A body broke off behind its beginning. */
  readonly onFailure: (request: Request, error: unknown) => void;
}

/** The request that is answered, and who hears of what is wrong with the answer. */
interface AnswerContext {
  readonly request: Request;
  readonly reports: AnswerReports;
}

/** Headers to add where the handler did not set them; a content type among them replaces the handler's. */
type Additions = HeaderData;

const nothing: Additions = {};
const twistedType: Additions = { 'content-type': 'text/html' };
/** Statuses without a body, which Twisted gives no content type. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);
/** Statuses for which Fetch allows no body. */
const nullBody: ReadonlySet<number> = new Set([204, 205, 304]);
/** What Fetch calls a text without a type of its own, as node and as `@hono/node-server` spell it. */
const textByDefault = /^text\/plain; ?charset=utf-8$/i;
/** Bytes of a body that are waited for before the status goes out, as long as nothing else has to happen for them. */
const readyLimit = 65_536;

/**
 * The response of a handler as it may be sent: only with headers that HTTP can carry and that are about the answer, not about
 * a connection, and with those that Synapse's kind of resource adds: CORS and no caching for JSON, protection from framing for
 * HTML, a content type for all. What else the handler set itself stays.
 *
 * @throws `RangeError` and `TypeError`, also later, for what cannot be sent; whatever a body throws that breaks off at once.
 */
export function dressResponse(
  kind: WebResourceKind,
  response: Response,
  request: Request,
  reports: AnswerReports,
): Response | Promise<Response> {
  const parts = readResponseParts(response);
  if (parts === undefined) return dressStreamed(kind, response, { request, reports });
  const { body } = parts;
  const status = statusFor(parts.status, body);
  if (parts.headers instanceof Headers) {
    return dressWhole(kind, { status, body, headers: endToEndHeaders(parts.headers) }, { request, reports });
  }
  // By far the most common answer: `Response.json(...)`.
  if (kind === 'json' && isJsonOnly(parts.headers)) return new Response(body, { status, headers: jsonHeaders });
  const own = endToEndData(parts.headers);
  if ('content-length' in own || 'content-encoding' in own) {
    return dressWhole(kind, { status, body, headers: new Headers(own) }, { request, reports });
  }
  // What Fetch does in the constructor.
  if (typeof body === 'string') own['content-type'] ??= 'text/plain;charset=UTF-8';
  const added = additionsTo(kind, status, own['content-type'] ?? null, hasNoBody(kind, body));
  const replaced = added['content-type'];
  const headers = { ...added, ...own, ...(replaced !== undefined && { 'content-type': replaced }) };
  return new Response(body, { status, headers });
}

/**
 * The same response without its body: what HEAD gets. Synapse says nothing of the length of what would be JSON, while it and
 * Twisted give that of everything else, where it is known without waiting.
 */
export async function withoutBody(response: Response, isJson = isJsonType(response)): Promise<Response> {
  const { status } = response;
  const headers = new Headers(response.headers);
  if (isJson || bodiless.has(status) || headers.has('content-length')) {
    // Whoever produces a stream learns that nobody reads it.
    response.body?.cancel().catch(() => undefined);
  } else {
    const length = await lengthOf(response.body);
    if (length !== undefined) headers.set('content-length', String(length));
  }
  return new Response(null, { status, headers });
}

function isJsonType({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/json') === true;
}

/** Bytes of a body that are read to learn its length. */
const measured = 1_048_576;

/** The length of a body that is there without waiting; undefined for a stream, whose producer learns that nobody reads it. */
async function lengthOf(body: ReadableStream<Uint8Array> | null): Promise<number | undefined> {
  if (body === null) return 0;
  const reader = body.getReader();
  try {
    const { length, isWhole } = await readReady(reader, measured);
    if (isWhole) return length;
    reader.cancel().catch(() => undefined);
  } catch {
    // What fails has no length.
  }
  return undefined;
}

/** Status, headers and body of an answer on its way. */
interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

async function dressStreamed(kind: WebResourceKind, response: Response, context: AnswerContext): Promise<Response> {
  const headers = endToEndHeaders(response.headers);
  const status = statusFor(response.status, response.body);
  // `fetch` has decoded the body, and says so nowhere. Only its responses have an address.
  if (response.url !== '') {
    headers.delete('content-encoding');
    headers.delete('content-length');
  }
  if (response.body === null) return dressWhole(kind, { status, headers, body: null }, context);
  const length = announcedLength(headers);
  const reader = streamOf(response.body).getReader();
  const ready = await readStart(reader, headers.has('content-encoding'));
  if (ready.isWhole) return dressWhole(kind, { status, headers, body: Buffer.concat(ready.pieces) }, context);
  const isCorrected = correctCoding(headers, ready.pieces[0], context);
  const body = guardBody(reader, ready, {
    length: isCorrected ? undefined : length,
    onFailure: (error) => {
      context.reports.onFailure(context.request, error);
    },
  });
  add(headers, additionsTo(kind, status, headers.get('content-type'), false));
  return new Response(body, { status, headers });
}

/** What is there of a body at once; its first bytes in any case, where the headers depend on them. */
async function readStart(reader: ReadableStreamDefaultReader<Uint8Array>, needsBytes: boolean): Promise<ReadyBody> {
  const ready = await readReady(reader, readyLimit);
  const first = needsBytes && ready.pieces.length === 0 ? await ready.next : undefined;
  const pieces = first === undefined || first.done ? ready.pieces : [first.value];
  if (!pieces.every((piece) => (piece as unknown) instanceof Uint8Array)) {
    throw new TypeError('the body has pieces that are not a Uint8Array');
  }
  if (first === undefined) return ready;
  return { pieces, length: first.value?.byteLength ?? 0, isWhole: first.done };
}

function dressWhole(kind: WebResourceKind, answer: Answer<WholeBody>, context: AnswerContext): Response {
  const { status, headers, body } = answer;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  announcedLength(headers);
  correctCoding(headers, bytes ?? undefined, context);
  correctLength(answer, bytes?.byteLength ?? 0, context);
  // What Fetch does in the constructor.
  if (typeof body === 'string' && !headers.has('content-type')) {
    headers.set('content-type', 'text/plain;charset=UTF-8');
  }
  add(headers, additionsTo(kind, status, headers.get('content-type'), hasNoBody(kind, body)));
  if (bytes === null) return new Response(null, { status, headers });
  if (bytes.byteLength > 0) return rememberWhole(new Response(body, { status, headers }), bytes);
  // Without a body, nobody gives it a content type.
  if (!nullBody.has(status)) headers.set('content-length', '0');
  return new Response(null, { status, headers });
}

/** Takes a `Content-Encoding` away that speaks of another body; says whether it was so. */
function correctCoding(headers: Headers, start: Uint8Array | undefined, context: AnswerContext): boolean {
  const coding = headers.get('content-encoding');
  if (coding === null || start === undefined || mayBeCoded(coding, start)) return false;
  headers.delete('content-encoding');
  headers.delete('content-length');
  context.reports.onCorrection(
    `says Content-Encoding: ${coding} of a body that is not; the header is left out. ` +
      '`fetch` decodes bodies: do not copy this header from its answers.',
  );
  return true;
}

/** The server counts the bytes of what is there; only where there is no body the handler may know better. */
function correctLength({ status, headers, body }: Answer<WholeBody>, length: number, context: AnswerContext): void {
  const announced = headers.get('content-length');
  if (announced === null) return;
  const mayAnnounce = body === null && status !== 204 && (context.request.method === 'HEAD' || status === 304);
  if (mayAnnounce && digits.test(announced)) return;
  const expected = announcedLength(headers);
  headers.delete('content-length');
  if (expected === length) return;
  context.reports.onCorrection(
    `says Content-Length: ${announced} of a body of ${length} bytes; the right length is sent.`,
  );
}

const digits = /^[0-9]{1,15}$/;

function announcedLength(headers: Headers): number | undefined {
  const announced = headers.get('content-length');
  if (announced === null) return undefined;
  if (digits.test(announced)) return Number(announced);
  throw new TypeError(`Content-Length: ${announced} is not a number of bytes`);
}

/** A response of another library may have another kind of stream. */
function streamOf(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return 'getReader' in body ? body : ReadableStream.from<Uint8Array>(body as AsyncIterable<Uint8Array>);
}

/** @throws `RangeError` and `TypeError` as Fetch does in the constructor of a response. */
function statusFor(status: unknown, body: unknown): number {
  const checked = finalStatus(status);
  if (body === null || !nullBody.has(checked)) return checked;
  throw new TypeError(`an answer with the status ${checked} has no body`);
}

function add(headers: Headers, additions: Additions): void {
  for (const [name, value] of Object.entries(additions)) {
    if (name === 'content-type' || !headers.has(name)) headers.set(name, value);
  }
}

function additionsTo(kind: WebResourceKind, status: number, type: string | null, isEmpty: boolean): Additions {
  switch (kind) {
    case 'json':
      // Synapse calls an answer without a body JSON, too.
      if (type === null ? isEmpty : type.startsWith('application/json')) return jsonHeaders;
      return typeWhenMissing(type, status);
    case 'html':
      return isPage(type, status) ? htmlHeaders : clickjackingHeaders;
    case 'plain':
      return isEmpty ? nothing : typeWhenMissing(type, status);
  }
}

/** What a page's handler answers is HTML unless it says otherwise, a text too. */
function isPage(type: string | null, status: number): boolean {
  return (type === null && !bodiless.has(status)) || (type !== null && textByDefault.test(type));
}

function typeWhenMissing(type: string | null, status: number): Additions {
  return type === null && !bodiless.has(status) ? twistedType : nothing;
}

/** Twisted writes nothing for a plain resource that answers with nothing, while Synapse's kinds write even that. */
function hasNoBody(kind: WebResourceKind, body: WholeBody): boolean {
  return body === null || (kind === 'plain' && body.length === 0);
}

function isJsonOnly(headers: HeaderData): boolean {
  for (const name in headers) if (name !== 'content-type') return false;
  return headers['content-type'] === 'application/json';
}
