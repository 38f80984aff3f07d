import { Codes } from '../errors/matrix-codes.js';
import { RedirectException, SynapseError } from '../errors/synapse-error.js';
import { endToEndData, finalStatus } from './end-to-end-headers.js';
import { processingFailed, synapseErrorPage, twistedPage, escapeHtml } from './error-pages.js';
import { respondWithHtml } from './html-response.js';
import { jsonHeaders } from './web-headers.js';
import type { HttpMethod, WebResourceKind } from './web-resource.js';

/**
 * What a client gets when a handler threw (`http/server.py: return_json_error`, `return_html_error`; Twisted).
 *
 * @throws `RangeError` and `TypeError` for an error whose status, headers or fields cannot be sent.
 */
export function answerError(kind: WebResourceKind, error: unknown): Response {
  switch (kind) {
    case 'json':
      return error instanceof SynapseError ? jsonError(error) : jsonError(internalError);
    case 'html':
      return htmlError(error);
    case 'plain':
      return processingFailed();
  }
}

/** Whether a handler's error means something to the client; anything else is a fault that belongs into the log. */
export function isAnswer(kind: WebResourceKind, error: unknown): boolean {
  if (kind === 'plain') return false;
  return error instanceof SynapseError || (kind === 'html' && error instanceof RedirectException);
}

/** JSON 404 for a path that only leads to others (`http/server.py: UnrecognizedRequestResource`). */
export function unrecognizedPath(): Response {
  return jsonError(unrecognized(404));
}

/** Twisted's page for a path where nothing is. */
export function noSuchResource(): Response {
  return twistedPage(404, 'No Such Resource', 'Sorry. No luck finding that resource.');
}

/** What a client gets for a method without a handler. */
export function answerOtherMethod(
  kind: WebResourceKind,
  method: string,
  target: string,
  allowed: readonly (HttpMethod | 'OPTIONS')[],
): Response {
  switch (kind) {
    case 'json':
      return jsonError(unrecognized(405));
    case 'html':
      return htmlError(unrecognized(405));
    case 'plain':
      return twistedRefusal(method, target, allowed);
  }
}

const internalError = new SynapseError(500, 'Internal server error', Codes.UNKNOWN);

function unrecognized(status: 404 | 405): SynapseError {
  return new SynapseError(status, 'Unrecognized request', Codes.UNRECOGNIZED);
}

function jsonError(error: SynapseError): Response {
  return new Response(JSON.stringify(error.toBody()), {
    status: finalStatus(error.status),
    headers: { ...framedByServer(error.headers), ...jsonHeaders },
  });
}

function htmlError(error: unknown): Response {
  if (error instanceof RedirectException) return redirect(error);
  const { status, message, headers } = error instanceof SynapseError ? error : internalError;
  const response = respondWithHtml(finalStatus(status), synapseErrorPage(status, message));
  for (const [name, value] of Object.entries(framedByServer(headers))) response.headers.set(name, value);
  return response;
}

function redirect(error: RedirectException): Response {
  const response = respondWithHtml(finalStatus(error.status), synapseErrorPage(error.status, error.message));
  const { location = '' } = endToEndData({ location: error.location });
  response.headers.set('location', location);
  for (const cookie of error.cookies) {
    const { value = '' } = endToEndData({ value: cookie });
    response.headers.append('set-cookie', value);
  }
  return response;
}

/** The headers of an error that are about its answer, without those that say what its body looks like on the wire. */
function framedByServer(headers: Readonly<Record<string, string>>): Record<string, string> {
  const own = endToEndData(headers);
  Reflect.deleteProperty(own, 'content-length');
  Reflect.deleteProperty(own, 'content-encoding');
  return own;
}

/** Twisted tells only these apart from methods it has never heard of (`twisted.web.server.supportedMethods`). */
const knownToTwisted: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

function twistedRefusal(method: string, target: string, others: readonly (HttpMethod | 'OPTIONS')[]): Response {
  // Every resource of Twisted's has a method for HEAD, which fails where it finds none for GET.
  if (method === 'HEAD') return processingFailed();
  const allowed = new Set(['HEAD', ...others]);
  if (!knownToTwisted.has(method)) {
    return twistedPage(501, 'Huh?', `I don't know how to treat a ${escapeHtml(method)} request.`);
  }
  const methods = [...allowed].join(', ');
  const detail = `Your browser approached me (at ${escapeHtml(target)}) with the method "${method}".  I only allow the methods ${methods} here.`;
  return twistedPage(405, 'Method Not Allowed', detail, { allow: methods });
}
