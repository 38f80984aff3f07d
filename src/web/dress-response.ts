import { readReady } from './ready-body.js';
import { readResponseParts } from './response-parts.js';
import { clickjackingHeaders, type HeaderData, htmlHeaders, jsonHeaders } from './web-headers.js';
import type { WebResourceKind } from './web-resource.js';

/** Headers to add where the handler did not set them; a content type among them replaces the handler's. */
type Additions = HeaderData;

const nothing: Additions = {};
const twistedType: Additions = { 'content-type': 'text/html' };
/** Statuses without a body, which Twisted gives no content type. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);
/** What Fetch calls a text without a type of its own, as node and as `@hono/node-server` spell it. */
const textByDefault = /^text\/plain; ?charset=utf-8$/i;

/** Answers of plain resources whose body is a stream and that got a content type here. */
const typedHere = new WeakSet<Response>();

/** Whether a plain resource's answer has no content type after all when its body turns out to be empty, as in Twisted. */
export function isTypeless(response: Response, body: Uint8Array): boolean {
  return body.length === 0 && typedHere.has(response);
}

/**
 * The response of a handler with the headers that Synapse's kind of resource adds: CORS and no caching for JSON, protection
 * from framing for HTML, a content type for all. What the handler set itself stays.
 */
export function dressResponse(kind: WebResourceKind, response: Response): Response {
  const parts = readResponseParts(response);
  if (parts === undefined) return dressAny(kind, response);
  // By far the most common answer: `Response.json(...)`.
  if (kind === 'json' && isJsonOnly(parts.headers)) {
    return new Response(parts.body, { status: parts.status, headers: jsonHeaders });
  }
  const own = lowerCased(parts.headers);
  // What Fetch does in the constructor.
  if (typeof parts.body === 'string') own['content-type'] ??= 'text/plain;charset=UTF-8';
  const added = additionsTo(kind, parts.status, own['content-type'] ?? null, hasNoBody(kind, parts.body));
  const replaced = added['content-type'];
  const headers = { ...added, ...own, ...(replaced !== undefined && { 'content-type': replaced }) };
  return new Response(parts.body, { status: parts.status, headers });
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

function dressAny(kind: WebResourceKind, response: Response): Response {
  const headers = new Headers(response.headers);
  const added = additionsTo(kind, response.status, headers.get('content-type'), response.body === null);
  for (const [name, value] of Object.entries(added)) {
    if (name === 'content-type' || !headers.has(name)) headers.set(name, value);
  }
  const dressed = new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  if (kind === 'plain' && 'content-type' in added) typedHere.add(dressed);
  return dressed;
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
function hasNoBody(kind: WebResourceKind, body: unknown): boolean {
  if (body === null) return true;
  return kind === 'plain' && (body === '' || (body instanceof Uint8Array && body.length === 0));
}

function isJsonOnly(headers: HeaderData): boolean {
  for (const name in headers) if (name !== 'content-type') return false;
  return headers['content-type'] === 'application/json';
}

function lowerCased(headers: HeaderData): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = String(headers[name]);
  return lower;
}
