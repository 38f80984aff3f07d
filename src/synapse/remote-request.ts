import { rememberOrigin } from '../web/request-origin.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { wrongValue } from './untrusted-values.js';
import type { Connection } from './connection.js';
import type { IncomingCall } from './incoming-call.js';
import type { Handle, WireRequest } from './wire-values.js';

/** Methods whose requests have no body in Fetch. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Methods that Fetch refuses to make requests of; they are answered like any that nobody knows. */
const forbidden: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Which request of which connection a Fetch request stands for, while Synapse waits for its answer. */
interface Origin {
  readonly handle: Handle;
  readonly connection: Connection;
  readonly call: IncomingCall;
}

const origins = new WeakMap<Request, Origin>();

/** A request of a client of Synapse's as a Fetch request; it is aborted when `signal` says so. */
export function makeRequest(
  wire: WireRequest,
  connection: Connection,
  call: IncomingCall,
  signal?: AbortSignal,
): Request {
  const headers = new Headers(wire.headers.map(([name, value]): [string, string] => [name, value]));
  const body =
    wire.has_body && !forbidden.has(wire.method) && !bodiless.has(wire.method) ? bodyOf(wire, connection, call) : null;
  const isForbidden = forbidden.has(wire.method);
  const request = new Request(urlOf(wire, headers), {
    method: isForbidden ? 'GET' : wire.method,
    headers,
    ...(signal !== undefined && { signal }),
    ...(body !== null && { body, duplex: 'half' }),
  });
  if (isForbidden) Object.defineProperty(request, 'method', { value: wire.method });
  rememberOrigin(request, { ip: wire.ip });
  origins.set(request, { handle: wire.request, connection, call });
  return request;
}

/** The handle of a request, for methods of `ModuleApi` that take one. */
export function handleOfRequest(request: unknown, connection: Connection): Handle {
  const origin = typeof request === 'object' && request !== null ? origins.get(request as Request) : undefined;
  if (origin?.connection !== connection) throw new VesicleError('SYNAPSE_REQUEST_UNKNOWN', ['ModuleApi']);
  origin.call.use('A request');
  return origin.handle;
}

function urlOf({ uri }: WireRequest, headers: Headers): string {
  const path = uri.startsWith('/') ? uri : `/${uri}`;
  const url = `http://${headers.get('host') ?? 'localhost'}${path}`;
  return URL.canParse(url) ? url : `http://localhost${path}`;
}

function bodyOf(
  wire: WireRequest,
  connection: Connection,
  call: IncomingCall,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> {
  if (wire.body !== undefined) return new Uint8Array(Buffer.from(wire.body, 'base64'));
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      call.use('The body of a request');
      const { data, end } = await connection.request('web.body', { request: wire.request, offset });
      const bytes = Buffer.from(data, 'base64');
      if (bytes.length === 0 && !end) throw wrongValue('an empty piece before the end of a body');
      offset += bytes.length;
      if (bytes.length > 0) controller.enqueue(bytes);
      if (end) controller.close();
    },
  });
}
