import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { VesicleError } from '../../../errors/vesicle-error.js';
import { cutWhenBroken } from '../../../web/guarded-body.js';
import { hostOfUrl, rootedTarget, targetOfUrl } from '../../../web/request-target.js';
import { readResponseParts } from '../../../web/response-parts.js';
import type { Peer } from './http-call.js';
import { RefusedRequests } from './refused-requests.js';
import { requestPatience, SlowBodies } from './slow-bodies.js';
import { installStrictResponse } from './strict-response.js';

/** One place to listen at. */
export interface Listen {
  /** 0 takes any free port. */
  readonly port: number;
  readonly address: string;
  /** A Unix socket, instead of port and address. */
  readonly path?: string;
  /** The client's address is taken from the header `X-Forwarded-For`. */
  readonly xForwarded?: boolean;
}

type Handler = (request: Request, peer: Peer) => Response | Promise<Response>;

/** A socket that takes requests. */
export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, ends the idle ones, and waits for the others, at most so long. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Opens one listener. */
export async function openListener(listen: Listen, handle: Handler, patience = requestPatience): Promise<Listener> {
  const isForwarded = listen.xForwarded === true;
  const answer = getRequestListener((request, env) => {
    const { incoming, outgoing } = env as HttpBindings;
    const response = handle(request, new SocketPeer(incoming, isForwarded));
    if (response instanceof Promise) return response.then((late) => cutIfBroken(late, outgoing));
    return cutIfBroken(response, outgoing);
  });
  installStrictResponse();
  const refused = new RefusedRequests();
  const slowBodies = new SlowBodies(patience);
  // Twisted asks for no header `Host`.
  const connectionsCheckingInterval = Math.min(5000, patience.headersMs / 4);
  const server = createServer({ requireHostHeader: false, connectionsCheckingInterval }, (incoming, outgoing) => {
    if (isRefusedByTwisted(incoming)) refused.refuse(incoming.socket);
    if (!refused.admit(incoming, outgoing)) return;
    slowBodies.watch(incoming);
    addressSafely(incoming);
    void answer(incoming, outgoing);
  });
  // Synapse keeps idle connections for a minute and reads bodies as long as they come.
  server.keepAliveTimeout = 60_000;
  server.headersTimeout = patience.headersMs;
  server.requestTimeout = 0;
  server.on('clientError', refused.onClientError);
  server.once('close', () => {
    slowBodies[Symbol.dispose]();
  });
  await start(server, listen);
  return { ...describe(server, listen), close: (graceMs) => stop(server, graceMs) };
}

function start(server: Server, listen: Listen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, listen));
    });
    if (listen.path !== undefined) server.listen(listen.path, resolve);
    else server.listen(listen.port, listen.address, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, listen: Listen): Error {
  const place = listen.path ?? `${listen.address} port ${listen.port}`;
  if (error.code === 'EADDRINUSE') return new VesicleError('HTTP_ADDRESS_IN_USE', { address: place }, { cause: error });
  return new VesicleError('HTTP_CANNOT_LISTEN', { address: place, problem: error.message }, { cause: error });
}

function describe(server: Server, listen: Listen): { readonly url: string; readonly port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') return { url: `unix:${listen.path ?? ''}`, port: 0 };
  const host = address.address === '::' || address.address === '0.0.0.0' ? 'localhost' : address.address;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port };
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    // A connection that was busy at the call above is idle once its answer is sent.
    server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      response.setHeader('Connection', 'close');
    });
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, 20);
    server.once('close', () => {
      clearInterval(sweep);
    });
    server.closeIdleConnections();
  });
}

/** The targets of requests as they came, where they differ from what the URL of the request is made of. */
const targets = new WeakMap<IncomingMessage, string>();

/** Lets the URL of a request be made of a host that is one, and of a path that stays the one that requests are routed by. */
function addressSafely(incoming: IncomingMessage): void {
  const { headers, url = '' } = incoming;
  headers.host = hostOfUrl(hostOf(incoming.rawHeaders));
  const target = targetOfUrl(rootedTarget(url));
  if (target === url) return;
  targets.set(incoming, url);
  incoming.url = target;
}

/** What node's parser takes and Twisted's does not (`twisted.web.http.HTTPChannel`). */
function isRefusedByTwisted({ httpVersionMajor, headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return httpVersionMajor !== 1 || (coding !== undefined && coding.toLowerCase() !== 'chunked');
}

/** All headers `Host`, as Fetch joins them. */
function hostOf(rawHeaders: readonly string[]): string | undefined {
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue;
    const value = rawHeaders[at + 1] ?? '';
    host = host === undefined ? value : `${host}, ${value}`;
  }
  return host;
}

/** Cuts the connection where a body breaks off: a chunked answer that merely ends looks complete. */
function cutIfBroken(response: Response, outgoing: HttpBindings['outgoing']): Response {
  if (readResponseParts(response) !== undefined) return response;
  const { body, status, headers } = response;
  if (body === null) return response;
  return new Response(
    cutWhenBroken(body, () => {
      cut(outgoing);
    }),
    { status, headers },
  );
}

/** Resets the connection: what has no length, as HTTP/1.0 allows, would look complete when it merely ends. */
function cut(outgoing: HttpBindings['outgoing']): void {
  const { socket } = outgoing;
  if (socket !== null && 'resetAndDestroy' in socket && socket.remoteAddress !== undefined) socket.resetAndDestroy();
  outgoing.destroy();
}

/** Whoever is at the other end of a connection; most requests are answered without their address. */
class SocketPeer implements Peer {
  constructor(
    readonly incoming: IncomingMessage,
    private readonly isForwarded: boolean,
  ) {}

  get target(): string {
    return targets.get(this.incoming) ?? this.incoming.url ?? '/';
  }

  get ip(): string {
    return addressOf(this.incoming, this.isForwarded);
  }
}

function addressOf(incoming: IncomingMessage, isForwarded: boolean): string {
  const forwarded = isForwarded ? incoming.headers['x-forwarded-for'] : undefined;
  if (forwarded !== undefined) return String(forwarded).split(',', 1).join('').trim();
  const address = incoming.socket.remoteAddress ?? '127.0.0.1';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
