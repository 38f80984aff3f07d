import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { escapeHtml } from '../../../web/error-pages.js';
import { corsHeaders, jsonHeaders } from '../../../web/web-headers.js';
import { type Answer, JsonAnswer } from './route.js';

/** The `Server` header of every answer. */
export const SERVER = 'Vesicle';

// `http/server.py: respond_with_json`
const JSON_HEADERS = { server: SERVER, ...jsonHeaders };

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
  return new Response(null, { status: 204, headers: { server: SERVER, ...corsHeaders } });
}

/** Text as Twisted's own resources answer it: without the headers of Synapse's. */
export function textResponse(status: number, text: string, contentType: string): Response {
  return new Response(text, { status, headers: { server: SERVER, 'content-type': contentType } });
}

/** Twisted's redirect (`twisted.web.util.redirectTo`). */
export function redirectResponse(location: string): Response {
  const url = escapeHtml(location);
  const html = `
<html>
    <head>
        <meta http-equiv="refresh" content="0;URL=${url}">
    </head>
    <body bgcolor="#FFFFFF" text="#000000">
    <a href="${url}">click here</a>
    </body>
</html>
`;
  return new Response(html, {
    status: 302,
    headers: { server: SERVER, 'content-type': 'text/html; charset=utf-8', location },
  });
}

/** Not `instanceof`: once a listener is open, `Response` is another class than the one that `fetch` answers with. */
function isResponse(answer: Answer): answer is Response {
  return 'arrayBuffer' in answer && typeof answer.arrayBuffer === 'function';
}

function mergeHeaders(
  base: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(more);
  if (names.length === 0) return base;
  return { ...base, ...Object.fromEntries(names.map((name) => [name.toLowerCase(), more[name] ?? ''])) };
}
