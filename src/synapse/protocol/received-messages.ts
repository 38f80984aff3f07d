import type { JsonObject } from '../../matrix/json.js';
import type { AnswerOf, ParamsOf } from './message.js';
import type { messages, ReceivedNoticeName, ReceivedRequestName } from './protocol.js';
import { wrongValue } from './untrusted-values.js';

type ReceivedName = ReceivedRequestName | ReceivedNoticeName;

/** Parameters of a message from Synapse. Whoever says `hello` is not known yet: its parameters are not believed. */
export type ReceivedParams<Name extends ReceivedName> = Name extends 'hello'
  ? JsonObject
  : ParamsOf<(typeof messages)[Name]>;

type Answer<Name extends ReceivedRequestName> = AnswerOf<(typeof messages)[Name]>;

/** Answers the requests of Synapse, one handler each: a message to the modules without one does not compile. */
export type RequestHandlers<Call> = {
  readonly [Name in ReceivedRequestName]: (
    params: ReceivedParams<Name>,
    call: Call,
  ) => Answer<Name> | Promise<Answer<Name>>;
};

/** Takes the notices of Synapse, one handler each. */
export type NoticeHandlers = {
  readonly [Name in ReceivedNoticeName]: (params: ReceivedParams<Name>) => void;
};

/** Answers a request by its handler. Throws `VesicleError` `SYNAPSE_VALUE_WRONG` for an unknown one, and for wrong parameters. */
export function answerRequest<Call>(
  handlers: RequestHandlers<Call>,
  method: string,
  params: JsonObject,
  call: Call,
): unknown {
  if (!isNameOf(handlers, method)) throw wrongValue(`a request ${method}, which is unknown`);
  return answerBy(handlers, method, params, call);
}

/** Takes a notice by its handler; throws like {@link answerRequest}. */
export function takeNotice(handlers: NoticeHandlers, method: string, params: JsonObject): void {
  if (!isNameOf(handlers, method)) throw wrongValue(`a notice ${method}, which is unknown`);
  takeBy(handlers, method, params);
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- one name for the handler and its parameters
function answerBy<Call, Name extends ReceivedRequestName>(
  handlers: RequestHandlers<Call>,
  name: Name,
  params: JsonObject,
  call: Call,
): unknown {
  return handlers[name](parseParams(name, params), call);
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- one name for the handler and its parameters
function takeBy<Name extends ReceivedNoticeName>(handlers: NoticeHandlers, name: Name, params: JsonObject): void {
  handlers[name](parseParams(name, params));
}

function isNameOf<Handlers extends object>(handlers: Handlers, name: string): name is keyof Handlers & string {
  return Object.hasOwn(handlers, name);
}

/** The kind of a parameter, as its type has it. */
type FieldKind<Value> = [Value] extends [string]
  ? 'string'
  : [Value] extends [number]
    ? 'number'
    : [Value] extends [boolean]
      ? 'boolean'
      : [Value] extends [string | undefined]
        ? 'string or absent'
        : [Value] extends [string | null]
          ? 'string or null'
          : [Value] extends [readonly unknown[]]
            ? 'array'
            : [Value] extends [readonly unknown[] | null]
              ? 'array or null'
              : [Value] extends [object]
                ? 'object'
                : 'value';

type Fields<Name extends ReceivedName> = Name extends 'hello'
  ? Readonly<Record<string, never>>
  : { readonly [Field in keyof ReceivedParams<Name>]-?: FieldKind<ReceivedParams<Name>[Field]> };

/** The parameters of each message with their kinds; tsc compares them with the types in `protocol.ts`. */
const fields: { readonly [Name in ReceivedName]: Fields<Name> } = {
  hello: {},
  'modules.load': { modules: 'value' },
  'modules.open': {
    server_name: 'string',
    public_baseurl: 'string',
    email_app_name: 'string',
    worker_name: 'string or null',
    worker_app: 'string or null',
    custom_template_dir: 'string or null',
    run_background_tasks: 'boolean',
    synapse_version: 'string',
    callbacks: 'object',
    delegated_auth: 'boolean',
  },
  'callback.invoke': { callback: 'string', args: 'array' },
  'function.call': { function: 'number', response: 'object' },
  'slot.enter': { slot: 'number' },
  'slot.exit': { slot: 'number', error: 'string or absent' },
  release: { handles: 'array' },
  'web.request': { path: 'string', request: 'object' },
  'web.read': { request: 'number' },
  'web.gone': { request: 'number' },
  'cache.invalidate': { cache: 'string', keys: 'array or null' },
  'db.run': { transaction: 'number', attempt: 'number' },
};

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  'string or absent': (value) => value === undefined || typeof value === 'string',
  'string or null': (value) => value === null || typeof value === 'string',
  array: Array.isArray,
  'array or null': (value) => value === null || Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  value: (value) => value !== undefined,
};

/** The parameters of a message, which are of its types, or the message fails. */
function parseParams<Name extends ReceivedName>(name: Name, params: JsonObject): ReceivedParams<Name> {
  const kinds: Readonly<Record<string, string>> = fields[name];
  for (const field in kinds) {
    const kind = kinds[field] ?? 'value';
    if (checks[kind]?.(params[field]) !== true) throw wrongValue(`${name} whose ${field} is not of kind "${kind}"`);
  }
  return params as ReceivedParams<Name>;
}
