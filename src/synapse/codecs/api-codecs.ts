import { snakeCase } from '../../config/values/snake-case.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { decodeRequester } from './argument-codecs.js';
import { list, shape } from '../protocol/untrusted-values.js';
import {
  type ApiArgumentKind,
  type ApiMethod,
  type ApiResultKind,
  type ApiWire,
  apiWire,
} from '../protocol/api-wire.js';
import { camelKeys } from '../../matrix/casing.js';
import type { Connection } from '../transport/connection.js';
import { replaceMembers } from '../transport/live-json.js';
import { RemoteEvent } from './remote-event.js';
import { allEvents } from './remote-events.js';
import { handleOfRequest } from './remote-request.js';
import { HeldStateMap } from './remote-state-map.js';
import { RemoteTemplate } from './remote-template.js';
import type { WireEvent, WireRequester, WireResponse, WireTemplate } from '../protocol/wire-values.js';

/** The arguments of one call, and how its answer brings back those that were changed. */
export interface ApiArguments {
  readonly wire: Readonly<Record<string, unknown>>;
  /** The result proper of the answer. */
  readonly take: (answer: unknown) => unknown;
}

/** Arguments by Synapse's names: the required ones in order, the others from an object with our names. */
export function encodeApiArguments(
  method: ApiMethod,
  required: readonly unknown[],
  options: object,
  connection: Connection,
): ApiArguments {
  const kinds: ApiWire['args'] = apiWire[method].args;
  const names = Object.keys(kinds);
  const given = new Map<string, unknown>();
  for (const [index, value] of required.entries()) given.set(names[index] ?? `${index}`, value);
  for (const [name, value] of Object.entries(options)) given.set(snakeCase(name), value);
  const wire: Record<string, unknown> = {};
  let live: unknown;
  for (const [name, value] of given) {
    const kind = kinds[name];
    // Null is Python's None, undefined is not given.
    if (value === undefined || kind === undefined) continue;
    wire[name] = argumentEncoders[kind](value, connection);
    if (kind === 'live_json') live = value;
  }
  const isLive = Object.values(kinds).includes('live_json');
  return { wire, take: isLive ? (answer) => takeChanged(answer, live) : (answer) => answer };
}

/** What a method of `ModuleApi` answers, made of what came over the wire; a promise where more has to come. */
export function decodeApiResult(method: ApiMethod, result: unknown, connection: Connection): unknown {
  return resultDecoders[apiWire[method].result](result, connection);
}

function takeChanged(answer: unknown, live: unknown): unknown {
  const [result, changed] = list(answer);
  replaceMembers(live, changed);
  return result;
}

const argumentEncoders: Readonly<Record<ApiArgumentKind, (value: unknown, connection: Connection) => unknown>> = {
  json: (value) => value,
  live_json: (value) => value,
  user_id: (value) => value,
  room_id: (value) => value,
  request: (value, connection) => handleOfRequest(value, connection),
  tuples: (value) => value,
  presence_updates: (value) => (value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value),
  files: (value) => value,
  set: (value) => [...(value as Iterable<unknown>)],
};

const resultDecoders: Readonly<Record<ApiResultKind, (value: unknown, connection: Connection) => unknown>> = {
  json: (value) => value,
  none: () => undefined,
  event: (value) => new RemoteEvent(shape<WireEvent>(value)),
  events: allEvents,
  state_events: async (value, connection) => new HeldStateMap(await allEvents(value, connection)),
  record: (value) => (isJsonObject(value) ? camelKeys(value) : value),
  records: (value) => list(value).map((record) => camelKeys(shape<JsonObject>(record))),
  requester: (value) => decodeRequester(shape<WireRequester>(value)),
  id: (value) => value,
  response: (value) => decodeResponse(shape<WireResponse>(value)),
  templates: (value, connection) =>
    list(value).map((template) => new RemoteTemplate(shape<WireTemplate>(template), connection)),
};

function decodeResponse({ status, headers, body = '' }: WireResponse): Response {
  const list = new Headers();
  for (const [name, value] of headers) list.append(name, value);
  const bytes = Buffer.from(body, 'base64');
  return new Response(bytes.length === 0 ? null : bytes, { status, headers: list });
}
