import type { HomeserverConfig } from '../../../config/homeserver/homeserver-config.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import { answerOtherMethod } from '../../../web/error-answers.js';
import { respondWithHtml } from '../../../web/html-response.js';
import type { HttpMethod } from '../../../web/web-resource.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { UnrecognizedRequestError } from '../../parity/synapse-errors.js';
import { pathOf, redirectResponse, textResponse } from '../server/responses.js';
import {
  type Answer,
  type Call,
  clientPaths,
  JsonAnswer,
  type Method,
  oldestVersions,
  type Route,
} from '../server/route.js';
import { turnCredentials } from './turn-credentials.js';

/** What the server speaks: Synapse's list, because the rest of this homeserver follows that version of Synapse. */
const VERSIONS = [
  ...['r0.0.1', 'r0.1.0', 'r0.2.0', 'r0.3.0', 'r0.4.0', 'r0.5.0', 'r0.6.0', 'r0.6.1'],
  ...Array.from({ length: 15 }, (_, minor) => `v1.${minor + 1}`),
];

/** Of Synapse's unstable features, those that clients look for and that work here. */
const UNSTABLE_FEATURES: JsonObject = {
  'org.matrix.label_based_filtering': true,
  'org.matrix.e2e_cross_signing': true,
  'org.matrix.msc2432': true,
  'org.matrix.msc2285.stable': true,
  'org.matrix.msc3827.stable': true,
  'org.matrix.msc3440.stable': true,
  'org.matrix.msc3771': true,
  'org.matrix.msc3773': false,
  'org.matrix.msc3981': true,
  'org.matrix.msc3026.busy_presence': false,
  'org.matrix.simplified_msc3575': false,
  'uk.tcpip.msc4133.stable': true,
};

/** Endpoints that say what the server is, and those for things it does not have. */
export function serverRoutes(context: HomeserverContext): Route[] {
  const { config } = context;
  return [
    { method: 'GET', paths: ['/_matrix/client/versions'], handle: async () => versions(config) },
    ...wellKnown(context),
    ...plainResource('/', {
      get: async () => redirectResponse(config.webClientLocation ?? '/_matrix/static'),
      allowed: ['OPTIONS', 'GET'],
    }),
    ...plainResource('/health', { get: async (call) => health(call), isLeaf: true }),
    ...plainResource('/_matrix/static', { get: async () => redirectResponse('/_matrix/static/') }),
    ...plainResource('/_matrix/static/', { get: async () => welcome() }),
    {
      method: 'GET',
      paths: ['/_synapse/client/media_upload_limit_exceeded'],
      handle: async () => uploadLimitExceeded(),
    },
    {
      method: 'GET',
      paths: clientPaths('/voip/turnServer', oldestVersions),
      handle: async (call) => {
        const { userId } = await call.requester({ allowGuest: config.turnAllowGuests });
        return turnCredentials(config, userId, context.clock.now());
      },
    },
    ...thirdPartyNetworks(),
  ];
}

/** Bridged networks: there are none. */
function thirdPartyNetworks(): Route[] {
  const list = (path: string, answer: Answer): Route => ({
    method: 'GET',
    paths: clientPaths(`/thirdparty/${path}`),
    handle: async (call) => {
      await call.requester();
      return answer;
    },
  });
  return [
    list('protocols', {}),
    list('protocol/:protocol', new JsonAnswer(404, { errcode: Codes.NOT_FOUND.value, error: 'Unknown protocol' })),
    ...['user', 'user/:protocol', 'location', 'location/:protocol'].map((path) => list(path, new JsonAnswer(200, []))),
  ];
}

function versions({ maxEventDelayDuration = 0 }: HomeserverConfig): Answer {
  const headers = {
    'Cache-Control': 'public, max-age=600, s-maxage=3600, stale-while-revalidate=600',
    Vary: 'Authorization',
  };
  const features = { ...UNSTABLE_FEATURES, 'org.matrix.msc4140': maxEventDelayDuration > 0 };
  return new JsonAnswer(200, { versions: VERSIONS, unstable_features: features }, headers);
}

/** `rest/well_known.py: WellKnownBuilder`. */
function wellKnownClient({ config }: HomeserverContext): Answer {
  if (!config.serveClientWellknown) throw new SynapseError(404, '.well-known not available', Codes.NOT_FOUND);
  return {
    ...(config.extraWellKnownClientContent as JsonObject),
    'm.homeserver': { base_url: config.publicBaseurl },
    ...(config.defaultIdentityServer !== undefined && {
      'm.identity_server': { base_url: config.defaultIdentityServer },
    }),
  };
}

function wellKnownServer({ config }: HomeserverContext): Response {
  if (!config.serveServerWellknown) {
    return textResponse(404, '404. Is anything ever truly *well* known?\n', 'text/plain');
  }
  const server = /:\d+$/.test(config.serverName) ? config.serverName : `${config.serverName}:443`;
  return textResponse(200, JSON.stringify({ 'm.server': server }), 'application/json');
}

/** `rest/well_known.py`; what leads there is Twisted's, and has no page of its own. */
function wellKnown(context: HomeserverContext): Route[] {
  const client = ['/.well-known/matrix/client'];
  const refuse = async (call: Call): Promise<Response> =>
    answerOtherMethod('json', call.method, pathOf(call.request), ['GET']);
  return [
    ...plainResource('/.well-known', { allowed: [] }),
    ...plainResource('/.well-known/matrix', { allowed: [] }),
    { method: 'GET', paths: client, isLeaf: true, handle: async () => wellKnownClient(context) },
    ...otherMethods.map((method): Route => ({ method, paths: client, handle: refuse })),
    ...plainResource('/.well-known/matrix/server', { get: async () => wellKnownServer(context), isLeaf: true }),
  ];
}

/** What a resource of Twisted's knows. */
interface PlainResource {
  readonly get?: (call: Call) => Promise<Response>;
  /** The methods that it says it knows, besides HEAD. */
  readonly allowed?: readonly (HttpMethod | 'OPTIONS')[];
  readonly isLeaf?: boolean;
}

const otherMethods: readonly Method[] = ['POST', 'PUT', 'DELETE'];

/** A resource of Twisted's that knows GET at the most: other methods get Twisted's own pages. */
function plainResource(path: string, { get, allowed = ['GET'], isLeaf = false }: PlainResource): Route[] {
  const refuse = async (call: Call): Promise<Response> =>
    answerOtherMethod('plain', call.method, pathOf(call.request) + new URL(call.request.url).search, allowed);
  return [
    { method: 'GET', paths: [path], isLeaf, handle: get ?? refuse },
    ...otherMethods.map((method): Route => ({ method, paths: [path], handle: refuse })),
  ];
}

/** Below it is nothing, which is said in JSON but not as JSON (`rest/health.py`). */
function health(call: Call): Response {
  if (pathOf(call.request) === '/health') return textResponse(200, 'OK', 'text/plain');
  return textResponse(404, JSON.stringify(new UnrecognizedRequestError().toBody()), 'text/html');
}

function welcome(): Response {
  const text =
    'This is the embedded Matrix homeserver of Vesicle, for developing modules. Point a Matrix client at this address to use it.';
  return page('Vesicle is running', text);
}

function uploadLimitExceeded(): Response {
  const text = 'You have uploaded as much as you may for now. Try again later.';
  return page('Media upload limit exceeded', text);
}

function page(title: string, text: string): Response {
  return respondWithHtml(
    200,
    `<!DOCTYPE html>\n<html lang="en">\n  <head><meta charset="utf-8"><title>${title}</title></head>\n  <body><h1>${title}</h1><p>${text}</p></body>\n</html>\n`,
  );
}
