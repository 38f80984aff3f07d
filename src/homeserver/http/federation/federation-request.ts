import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { ServerName } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { KeyRing } from '../../federation/key-ring.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { isServerName } from '../../rooms/model/untrusted-ids.js';
import type { Answer, Call, Method, Route } from '../server/route.js';

/** A request that another server signed. */
export interface FederationCall extends Call {
  readonly origin: ServerName;
  /** The body; empty for requests without one. */
  readonly content: JsonObject;
}

/** What endpoints for other servers are made with. */
export interface FederationHost {
  readonly context: HomeserverContext;
  readonly keys: KeyRing;
}

/** Makes endpoints that only other servers may use. */
export class FederationEndpoints {
  constructor(private readonly host: FederationHost) {}

  /** An endpoint below `/_matrix/federation/`. */
  route(method: Method, path: string, handle: (call: FederationCall) => Promise<Answer>): Route {
    return {
      method,
      // Synapse takes these paths with and without a slash at the end.
      paths: [`/_matrix/federation${path}`],
      handle: async (call) => {
        const content = method === 'GET' ? undefined : await call.json();
        const origin = await authenticate(this.host, call, content);
        return handle(Object.assign(Object.create(call) as Call, { origin, content: content ?? {} }));
      },
    };
  }
}

/** The server that signed a request (`federation/transport/server/_base.py: Authenticator`): 400 or 401 `M_UNAUTHORIZED`. */
async function authenticate(host: FederationHost, call: Call, content: JsonObject | undefined): Promise<ServerName> {
  const { serverName, clock } = host.context;
  const header = call.header('authorization');
  if (header?.startsWith('X-Matrix') !== true) {
    throw new SynapseError(401, 'Missing Authorization headers', Codes.UNAUTHORIZED);
  }
  const { origin, key, signature, destination } = parseHeader(header);
  if (destination !== undefined && destination !== serverName) {
    const message = `Destination mismatch in auth header, received: ${pythonRepr(destination)}`;
    throw new SynapseError(401, message, Codes.UNAUTHORIZED);
  }
  const signed: JsonObject = {
    method: call.method,
    uri: targetOf(call.request.url),
    origin,
    destination: serverName,
    signatures: { [origin]: { [key]: signature } },
    ...(content !== undefined && { content }),
  };
  await host.keys.verify(origin, signed, clock.now());
  return origin;
}

interface Credentials {
  readonly origin: ServerName;
  readonly key: string;
  readonly signature: string;
  readonly destination: string | undefined;
}

function parseHeader(header: string): Credentials {
  const fields = new Map<string, string>();
  const list = /^X-Matrix +(.*)$/s.exec(header)?.[1] ?? '';
  for (const field of list.split(/[ \t]*,[ \t]*/)) {
    const at = field.indexOf('=');
    if (at < 0) throw malformed();
    fields.set(field.slice(0, at).toLowerCase(), unquote(field.slice(at + 1)));
  }
  const [origin, key, signature] = [fields.get('origin'), fields.get('key'), fields.get('sig')];
  if (origin === undefined || key === undefined || signature === undefined) throw malformed();
  if (!isServerName(origin)) throw malformed();
  return { origin, key, signature, destination: fields.get('destination') };
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
}

function malformed(): SynapseError {
  return new SynapseError(400, 'Malformed Authorization header', Codes.UNAUTHORIZED);
}

/** Path and query as they were signed. */
function targetOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('//') + 2));
}
