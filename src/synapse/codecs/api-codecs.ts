import { snakeCase } from '../../config/values/snake-case.js';
import { camelKeys } from '../../matrix/casing.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import { argumentOf, type SentCall } from '../../module-api/method-row.js';
import type { ArgumentKind, ArgumentTypes, ResultKind, ResultTypes } from '../../module-api/wire-kinds.js';
import { list, shape } from '../protocol/untrusted-values.js';
import type { WireEvent, WireRequester, WireResponse, WireTemplate } from '../protocol/wire-values.js';
import type { Connection } from '../transport/connection.js';
import { replaceMembers } from '../transport/live-json.js';
import { decodeRequester } from './argument-codecs.js';
import { RemoteEvent } from './remote-event.js';
import { allEvents } from './remote-events.js';
import { handleOfRequest } from './remote-request.js';
import { HeldStateMap } from './remote-state-map.js';
import { RemoteTemplate } from './remote-template.js';

/** The arguments of one call, and how its answer brings back those that were changed. */
export interface ApiArguments {
  readonly wire: Readonly<Record<string, unknown>>;
  /** The result proper of the answer. */
  readonly take: (answer: unknown) => unknown;
}

/** Encodes the arguments of a call, in the order of the signature, under Synapse's names. */
export function encodeApiArguments(row: SentCall, given: readonly unknown[], connection: Connection): ApiArguments {
  const wire: Record<string, unknown> = {};
  let live: unknown;
  const add = (name: string, kind: ArgumentKind, value: unknown): void => {
    // Null is Python's None, undefined is not given.
    if (value === undefined) return;
    wire[name] = encodeArgument(kind, value, connection);
    if (kind === 'live_json') live = value;
  };
  for (const [index, argument] of row.args.entries()) add(...argumentOf(argument), given[index]);
  const options = { ...(given[row.args.length] as object | undefined) };
  for (const [name, value] of Object.entries(options)) {
    const kind = row.options?.[name];
    if (kind !== undefined) add(snakeCase(name), kind, value);
  }
  return { wire, take: hasLive(row) ? (answer) => takeChanged(answer, live) : (answer) => answer };
}

/** Makes what a method returns of what came over the wire; a promise where more has to come. */
export function decodeApiResult<Kind extends ResultKind>(
  kind: Kind,
  result: unknown,
  connection: Connection,
): ResultTypes[Kind] | Promise<ResultTypes[Kind]> {
  return resultDecoders[kind](result, connection);
}

function hasLive({ args, options = {} }: SentCall): boolean {
  return (
    args.some((argument) => argumentOf(argument)[1] === 'live_json') || Object.values(options).includes('live_json')
  );
}

function takeChanged(answer: unknown, live: unknown): unknown {
  const [result, changed] = list(answer);
  replaceMembers(live, changed);
  return result;
}

/** An argument as it travels; its row says of which type it is. */
function encodeArgument(kind: ArgumentKind, value: unknown, connection: Connection): unknown {
  const encode: (value: never, connection: Connection) => unknown = argumentEncoders[kind];
  return encode(value as never, connection);
}

type ArgumentEncoders = {
  readonly [Kind in ArgumentKind]: (value: ArgumentTypes[Kind], connection: Connection) => unknown;
};

const argumentEncoders: ArgumentEncoders = {
  json: (value) => value,
  live_json: (value) => value,
  user_id: (value) => value,
  room_id: (value) => value,
  request: handleOfRequest,
  tuples: (value) => value,
  presence_updates: (value) => (value instanceof Map ? Object.fromEntries<unknown>(value) : value),
  list: (value) => [...value],
  files: (value) => value,
};

type ResultDecoders = {
  readonly [Kind in ResultKind]: (
    value: unknown,
    connection: Connection,
  ) => ResultTypes[Kind] | Promise<ResultTypes[Kind]>;
};

const resultDecoders: ResultDecoders = {
  json: (value) => value as JsonValue,
  none: () => undefined,
  event: (value) => new RemoteEvent(shape<WireEvent>(value)),
  events: allEvents,
  state_events: async (value, connection) => new HeldStateMap(await allEvents(value, connection)),
  record: (value) => (value === null ? null : camelKeys(shape<JsonObject>(value))),
  records: (value) => list(value).map((record) => camelKeys(shape<JsonObject>(record))),
  requester: (value) => decodeRequester(shape<WireRequester>(value)),
  id: (value) => value as string | null,
  response: (value) => decodeResponse(shape<WireResponse>(value)),
  templates: (value, connection) =>
    list(value).map((template) => new RemoteTemplate(shape<WireTemplate>(template), connection)),
  map: (value) => new Map(Object.entries(shape<Readonly<Record<string, JsonValue>>>(value))),
};

function decodeResponse({ status, headers, body = '' }: WireResponse): Response {
  const list = new Headers();
  for (const [name, value] of headers) list.append(name, value);
  const bytes = Buffer.from(body, 'base64');
  return new Response(bytes.length === 0 ? null : bytes, { status, headers: list });
}
