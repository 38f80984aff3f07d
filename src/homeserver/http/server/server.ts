import type { IncomingMessage } from 'node:http';
import { SynapseError } from '../../../errors/synapse-error.js';
import { withTimeout } from '../../../dispatch/with-timeout.js';
import type { Logger } from '../../../log/logger.js';
import { withoutBody } from '../../../web/dress-response.js';
import { noSuchResource } from '../../../web/error-answers.js';
import { InFlight } from '../../../web/in-flight.js';
import { pathOfTarget, rootedTarget } from '../../../web/request-target.js';
import type { Clock } from '../../runtime/clock.js';
import { LimitExceededError } from '../../runtime/rate-limit-error.js';
import { type Authenticate, type CallHost, HttpCall, type Peer } from './http-call.js';
import { type Found, PathRouter } from './path-router.js';
import { hasBody, takeWhole, tooLarge } from './request-body.js';
import {
  errorResponse,
  internalErrorResponse,
  optionsResponse,
  responseOf,
  SERVER,
  unrecognized,
} from './responses.js';
import type { Route } from './route.js';

/** The web resources of modules: an answer, or undefined for a path that is the homeserver's own. */
export interface WebHost {
  readonly handle: (
    request: Request,
    pathname: string,
    origin: { readonly ip: string },
  ) => Promise<Response> | Response | undefined;
  /** Whether a path is not the homeserver's own. */
  readonly serves: (pathname: string) => boolean;
  /** Resolves when none of them is being answered. */
  readonly idle: () => Promise<void>;
}

/** What a {@link HttpServer} is made of. */
export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly web: WebHost;
  readonly authenticate: Authenticate;
  readonly log: Logger;
  readonly clock: Clock;
  /** Bytes that a request body may have. */
  readonly maxBodySize: number;
}

/** Answers requests as Synapse's HTTP server does, wherever they come from (`http/server.py`, `http/site.py`). */
export class HttpServer {
  private readonly router = new PathRouter<Route>();
  /** Paths that answer for everything below them. */
  private readonly leaves: string[] = [];
  private readonly closing = new AbortController();
  private readonly inFlight = new InFlight();
  private readonly host: CallHost;

  constructor(private readonly options: HttpServerOptions) {
    for (const route of options.routes) {
      for (const path of route.paths) this.router.add(route.method, path, route);
      if (route.isLeaf === true) this.leaves.push(...route.paths);
    }
    this.host = {
      authenticate: options.authenticate,
      maxBodySize: options.maxBodySize,
      closing: this.closing.signal,
    };
  }

  /** Answers one request. Never throws. */
  fetch(request: Request, peer: Peer): Response | Promise<Response> {
    const target = targetOf(request, peer);
    const path = pathOfTarget(target);
    if (path === '*') return answerStar(request.method);
    if (request.method === 'OPTIONS') return optionsResponse();
    const refusal = this.refusalOf(request, peer);
    if (refusal !== undefined) return refusal;
    const search = target.slice(path.length + 1);
    if (path.startsWith('/_matrix/client/')) return this.answerOwn(request, peer, path, search);
    const response = this.answerModule(request, peer, path);
    return response ?? this.answerOwn(request, peer, path, search);
  }

  /** Ends long polls at once and waits for the requests in flight, at most so long. */
  async close(graceMs: number): Promise<void> {
    this.closing.abort();
    await withTimeout(Promise.all([this.inFlight.idle(), this.options.web.idle()]), graceMs);
  }

  private answerOwn(request: Request, peer: Peer, path: string, search: string): Promise<Response> {
    const answer = this.answer(request, peer, path, search);
    return this.inFlight.track(request.method === 'HEAD' ? answer.then((response) => withoutBody(response)) : answer);
  }

  private async answer(request: Request, peer: Peer, path: string, search: string): Promise<Response> {
    try {
      const found = this.find(request.method, path);
      if (found.kind !== 'found') return missing(path, found.kind);
      const call = new HttpCall(this.host, peer, request, found.params, search);
      return responseOf(await found.value.handle(call));
    } catch (error) {
      return this.answerError(error, request.method, path);
    }
  }

  private find(method: string, path: string): Found<Route> {
    const found = this.router.find(method, path);
    if (found.kind !== 'not_found') return found;
    const leaf = this.leaves.find((above) => path.startsWith(`${above}/`));
    return leaf === undefined ? found : this.router.find(method, leaf);
  }

  private answerModule(request: Request, peer: Peer, path: string): Response | Promise<Response> | undefined {
    const { incoming } = peer;
    if (incoming === undefined || !hasBody(incoming) || !this.options.web.serves(path)) {
      return this.options.web.handle(request, path, peer);
    }
    return this.answerWithBody(request, peer, incoming, path);
  }

  /** As in Synapse, no resource hears of a request that does not arrive as a whole. */
  private async answerWithBody(
    request: Request,
    peer: Peer,
    incoming: IncomingMessage,
    path: string,
  ): Promise<Response> {
    try {
      await takeWhole(incoming, this.options.maxBodySize);
    } catch (error) {
      return this.answerError(error, request.method, path);
    }
    return (await this.options.web.handle(request, path, peer)) ?? noSuchResource();
  }

  private async answerError(error: unknown, method: string, path: string): Promise<Response> {
    if (!(error instanceof SynapseError)) {
      this.options.log.error(`${method} ${path} failed`, { err: error });
      return internalErrorResponse();
    }
    this.options.log.debug(`${method} ${path}: ${error.status} ${error.errcode} ${error.message}`);
    if (error instanceof LimitExceededError && error.pauseMs > 0) await this.options.clock.pause(error.pauseMs);
    try {
      return errorResponse(error);
    } catch (err) {
      // A module may put anything into its error.
      this.options.log.error(`${method} ${path}: the error cannot be told`, { err });
      return internalErrorResponse();
    }
  }

  /** What is refused before anybody looks at the path (`http/site.py: SynapseRequest.requestReceived`). */
  private refusalOf(request: Request, { incoming }: Peer): Response | undefined {
    if (request.method === 'GET') return undefined;
    const length = request.headers.get('content-length');
    if (length !== null && Number(length) > this.options.maxBodySize) {
      return errorResponse(tooLarge(this.options.maxBodySize));
    }
    if (request.method !== 'POST') return undefined;
    // Node keeps the first of several, as Synapse looks at the first.
    const type = incoming === undefined ? request.headers.get('content-type') : incoming.headers['content-type'];
    if (type?.toLowerCase().includes('multipart/form-data') !== true) return undefined;
    return new Response(null, { status: 415, headers: { Server: SERVER, Connection: 'close' } });
  }
}

/** The path and query of a request: as they came, where a socket brought them, for Twisted resolves no dots in paths. */
function targetOf(request: Request, peer: Peer): string {
  if (peer.target !== undefined) return pathOfTarget(peer.target) === '*' ? peer.target : rootedTarget(peer.target);
  const { url } = request;
  return url.slice(url.indexOf('/', url.indexOf('//') + 2));
}

/** What is about the server as a whole is answered before any resource is looked for (`twisted.web.server`). */
function answerStar(method: string): Response {
  const headers = { server: SERVER, 'content-length': '0' };
  if (method === 'OPTIONS') return new Response(null, { status: 200, headers });
  return new Response(null, { status: 405, headers: { ...headers, allow: 'OPTIONS' } });
}

/** Below Twisted's own resources, unknown paths get Twisted's page. */
function missing(path: string, kind: 'not_found' | 'method_not_allowed'): Response {
  if (path.startsWith('/.well-known/') || path.startsWith('/_matrix/static/')) return noSuchResource();
  return errorResponse(unrecognized(kind === 'not_found' ? 404 : 405));
}

/** How many bytes a request may have (`app/_base.py: max_request_body_size`). */
export function maxBodySizeOf(config: { readonly enableMediaRepo: boolean; readonly maxUploadSize: number }): number {
  const ofEvents = 200 * 65_536;
  return config.enableMediaRepo ? Math.max(ofEvents, config.maxUploadSize) : ofEvents;
}
