import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { type Answer, JsonAnswer } from './route.js';

/** The `Server` header of every answer. */
export const SERVER = 'Vesicle';

/** What lets scripts of other sites use the API (`http/server.py: set_cors_headers`). */
export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'X-Requested-With, Content-Type, Authorization, Date',
  'Access-Control-Expose-Headers': 'Synapse-Trace-Id, Server',
};

// `http/server.py: respond_with_json`
const JSON_HEADERS = {
  Server: SERVER,
  'Content-Type': 'application/json',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  ...corsHeaders,
};

/** The answer of an endpoint as a Fetch response (`http/server.py: respond_with_json`). */
export function responseOf(answer: Answer): Response {
  if (answer instanceof JsonAnswer) return jsonResponse(answer.status, answer.body, answer.headers);
  if (isResponse(answer)) return answer;
  return new Response(JSON.stringify(answer), { status: 200, headers: JSON_HEADERS });
}

/** JSON with the headers that Synapse gives it; headers of its own replace them. */
export function jsonResponse(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: mergeHeaders(JSON_HEADERS, headers) });
}

/** The answer for a {@link SynapseError} (`http/server.py: return_json_error`). */
export function errorResponse(error: SynapseError): Response {
  return jsonResponse(error.status, error.toBody(), error.headers);
}

/** The answer for every other error: clients learn nothing of it. */
export function internalErrorResponse(): Response {
  return jsonResponse(500, { errcode: Codes.UNKNOWN.value, error: 'Internal server error' });
}

/** 404 for an unknown path, 405 for a known path with another method. */
export function unrecognized(status: 404 | 405): SynapseError {
  return new SynapseError(status, 'Unrecognized request', Codes.UNRECOGNIZED);
}

/** The path of a request as it came. */
export function pathOf(request: Request): string {
  const { url } = request;
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const end = url.indexOf('?', start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

/** What OPTIONS is answered with on every path (`http/server.py: OptionsResource`). */
export function optionsResponse(): Response {
  return new Response(null, { status: 204, headers: { Server: SERVER, ...corsHeaders } });
}

/** Text that no browser shall show inside another page is `html`; the rest is as Twisted's own resources answer. */
export function textResponse(status: number, text: string, contentType: string): Response {
  return new Response(text, { status, headers: { Server: SERVER, 'Content-Type': contentType } });
}

/** Twisted's page for a path whose first segment nobody owns. */
export function noSuchResource(): Response {
  return htmlResponse(
    404,
    htmlPage('404 - No Such Resource', 'No Such Resource', 'Sorry. No luck finding that resource.'),
  );
}

/** Twisted's page for a method that a plain resource does not know. */
export function methodNotAllowed(method: string, path: string, allowed: string): Response {
  const text = `Your browser approached me (at ${escapeHtml(path)}) with the method "${escapeHtml(method)}".  I only allow the method ${allowed} here.`;
  const response = htmlResponse(405, htmlPage('405 - Method Not Allowed', 'Method Not Allowed', text));
  response.headers.set('Allow', allowed);
  return response;
}

/** Twisted's page for a method that it does not know for any resource of this kind. */
export function notImplemented(method: string): Response {
  return htmlResponse(
    501,
    htmlPage('501 - Huh?', 'Huh?', `I don't know how to treat a ${escapeHtml(method)} request.`),
  );
}

/** Twisted's redirect (`twisted.web.util.redirectTo`). */
export function redirectResponse(location: string): Response {
  const url = escapeHtml(location);
  const response = htmlResponse(
    302,
    `<html>\n  <head><meta http-equiv="refresh" content="0;URL=${url}"></head>\n  <body><a href="${url}">click here</a></body>\n</html>\n`,
  );
  response.headers.set('Location', location);
  return response;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A page. */
export function htmlResponse(status: number, html: string): Response {
  return textResponse(status, html, 'text/html; charset=utf-8');
}

/** The shape of Twisted's pages. */
export function htmlPage(title: string, heading: string, text: string): string {
  return `\n<html>\n  <head><title>${title}</title></head>\n  <body>\n    <h1>${heading}</h1>\n    <p>${text}</p>\n  </body>\n</html>\n`;
}

/** Not `instanceof`: once a listener is open, `Response` is another class than the one that `fetch` answers with. */
function isResponse(answer: Answer): answer is Response {
  return typeof (answer as Partial<Response>).arrayBuffer === 'function';
}

function mergeHeaders(
  base: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(more);
  if (names.length === 0) return base;
  const replaced = new Set(names.map((name) => name.toLowerCase()));
  const kept = Object.entries(base).filter(([name]) => !replaced.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...more };
}
