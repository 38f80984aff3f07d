import { rememberOrigin } from '../../web/request-origin.js';
import { urlOfRequest } from '../../web/request-target.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { wrongValue } from '../protocol/untrusted-values.js';
import type { Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import type { Handle, WireRequest } from '../protocol/wire-values.js';

/** Methods whose requests have no body in Fetch. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Methods that Fetch makes no requests of, and those that it would change; what has one of them is made as a GET. */
const foreign = /^(?:connect|trace|track|delete|get|head|options|post|put)$/i;

/** The methods as Fetch spells them, which it takes as they are. */
const spelled = /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/;

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
  const isForeign = foreign.test(wire.method) && !spelled.test(wire.method);
  const body = wire.has_body && !isForeign && !bodiless.has(wire.method) ? bodyOf(wire, connection, call) : null;
  const request = new Request(urlOfRequest(headers.get('host'), wire.uri), {
    method: isForeign ? 'GET' : wire.method,
    headers,
    ...(signal !== undefined && { signal }),
    ...(body !== null && { body, duplex: 'half' }),
  });
  if (isForeign) Object.defineProperty(request, 'method', { value: wire.method });
  rememberOrigin(request, { ip: wire.ip });
  origins.set(request, { handle: wire.request, connection, call });
  return request;
}

/** The handle of a request, for methods of `ModuleApi` that take one. */
export function handleOfRequest(request: unknown, connection: Connection): Handle {
  const origin = typeof request === 'object' && request !== null ? origins.get(request as Request) : undefined;
  if (origin?.connection !== connection) throw new VesicleError('SYNAPSE_REQUEST_UNKNOWN', { receiver: 'ModuleApi' });
  origin.call.use('A request');
  return origin.handle;
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
