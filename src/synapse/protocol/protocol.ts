import type { JsonObject, JsonValue } from '../../matrix/json.js';
import { deepestJson } from '../../matrix/json-fault.js';
import { type NamesOf, notice, request } from './message.js';
import type {
  Handle,
  WireConfigProblem,
  WireDbValue,
  WireEvent,
  WireEvents,
  WireHomeserver,
  WireRegistration,
  WireRequest,
  WireResponse,
  WireWebResource,
} from './wire-values.js';

/*
 * The protocol between a module host and the bridge inside Synapse. A frame is a length (4 bytes, big-endian) and so many
 * bytes of JSON in UTF-8:
 *
 *   request  {"id": 7, "method": "callback.invoke", "params": {...}}
 *   answer   {"id": 7, "result": ...}   or   {"id": 7, "error": {...}}
 *   notice   {"method": "log", "params": {...}}
 *
 * A frame whose length has its highest bit set carries bytes besides: its contents are the length of the JSON (4 bytes), the JSON,
 * and the bytes, which are the `data` of the result.
 *
 * Both sides send requests, each numbers its own, any number may be in flight, and answers come in any order. The bridge
 * connects (or starts the host), and its first frame is `hello`. From this file come `protocol.json` and the tables
 * inside the bridge.
 */

/** Both sides must speak the same. */
export const protocolVersion = 2;

export const limits = {
  /** Bytes of a frame, its length aside. A longer one closes the connection. */
  frame: 33_554_432,
  /** Levels that arrays and objects of a module may be nested; Python's JSON reads no more than about 900. */
  depth: deepestJson,
  /** Bytes of a piece of a body, before base64. */
  chunk: 65_536,
  /** Bytes of a piece of a media file. */
  piece: 1_048_576,
  /** Milliseconds between two pings, in both directions. */
  pingEvery: 5_000,
  /** Milliseconds without an answer to a ping after which the other side counts as unresponsive, until it answers. */
  pongWithin: 10_000,
  /** Milliseconds that a database transaction may take. */
  transaction: 60_000,
} as const;

/** Every message: name, direction, parameters, result. */
export const messages = {
  // The start. `hello` is the first frame; nothing else is answered before it.
  hello: request<
    'toModules',
    { readonly protocol: number; readonly bridge: string; readonly synapse: string; readonly token?: string },
    { readonly protocol: number; readonly vesicle: string; readonly node: string }
  >('toModules', { since: 1, summary: 'Opens a connection: versions, and the token where the socket is TCP.' }),
  'modules.load': request<
    'toModules',
    { readonly modules: JsonValue },
    { readonly problems: readonly WireConfigProblem[]; readonly modules: readonly string[] }
  >('toModules', {
    since: 1,
    summary: 'Finds the modules of the configuration and checks their configuration (`parse_config`).',
  }),
  'modules.open': request<
    'toModules',
    WireHomeserver,
    { readonly callbacks: readonly WireRegistration[]; readonly web: readonly WireWebResource[] }
  >('toModules', {
    since: 1,
    summary: 'Makes the modules (the constructor); answered when every `@postConstruct` is done.',
  }),

  // Callbacks.
  'callback.invoke': request<
    'toModules',
    {
      /** `spam_checker.check_event_for_spam` */
      readonly callback: string;
      /** By the kinds of `src/callbacks/wire-kinds.ts`, in the order of the callback's row. */
      readonly args: readonly unknown[];
    },
    /** By the kind of the callback. Null is the neutral result, whatever the kind. */
    unknown
  >('toModules', { since: 1, summary: 'Asks all modules that registered a callback, and combines their answers.' }),
  'callback.register': notice<'toSynapse', WireRegistration>('toSynapse', {
    since: 1,
    summary:
      'A callback was registered after the start; replaces what was said of it before, and what the answer to `modules.open` says, whichever comes first.',
  }),
  cancel: notice<'both', { readonly id: number }>('both', {
    since: 1,
    summary: 'Nobody waits for the answer to this request any more; it need not be sent.',
  }),
  'function.call': request<
    'toModules',
    { readonly function: Handle; readonly response: JsonObject },
    { readonly response: JsonObject }
  >('toModules', {
    since: 1,
    summary: 'Runs what an auth checker answered with; the login response comes back changed.',
  }),
  'slot.enter': request<'toModules', { readonly slot: Handle }, number>('toModules', {
    since: 1,
    summary: 'Enters the context of a background update; answers with the target duration in milliseconds.',
  }),
  'slot.exit': request<'toModules', { readonly slot: Handle; readonly error?: string }, null>('toModules', {
    since: 1,
    summary: 'Leaves the context of a background update.',
  }),
  release: notice<'both', { readonly handles: readonly Handle[] }>('both', {
    since: 1,
    summary: 'These handles of the receiver are not needed any more.',
  }),

  // Big arguments, on demand.
  'state.get': request<
    'toSynapse',
    { readonly state: Handle; readonly type: string; readonly state_key: string },
    WireEvent | null
  >('toSynapse', { since: 1, summary: 'One event of a state map.' }),
  'state.keys': request<
    'toSynapse',
    { readonly state: Handle },
    readonly (readonly [type: string, stateKey: string])[]
  >('toSynapse', { since: 1, summary: 'The keys of a state map.' }),
  'state.all': request<'toSynapse', { readonly state: Handle }, WireEvents>('toSynapse', {
    since: 1,
    summary: 'The first events of a state map.',
  }),
  'events.more': request<'toSynapse', { readonly rest: Handle }, WireEvents>('toSynapse', {
    since: 1,
    summary: 'The next of events that did not come at once; whoever does not want them all releases the handle.',
  }),
  'media.read': request<
    'toSynapse',
    { readonly file: Handle; readonly offset: number },
    { readonly data: Uint8Array; readonly end: boolean }
  >('toSynapse', { since: 1, summary: 'A piece of a media file, whose bytes follow the JSON.' }),

  // Web resources.
  'web.request': request<'toModules', { readonly path: string; readonly request: WireRequest }, WireResponse>(
    'toModules',
    { since: 1, summary: 'A request to the web resource registered at a path; answered when the status is known.' },
  ),
  'web.read': request<
    'toModules',
    { readonly request: Handle },
    { readonly data: string; readonly end: boolean; readonly failed?: boolean }
  >('toModules', {
    since: 1,
    summary:
      'The next piece of a response; asked for when the client has taken the one before, so it is slowed by the client.',
  }),
  'web.body': request<
    'toSynapse',
    { readonly request: Handle; readonly offset: number },
    { readonly data: string; readonly end: boolean }
  >('toSynapse', { since: 1, summary: 'A piece of the body of a request, in base64.' }),
  'web.gone': notice<'toModules', { readonly request: Handle }>('toModules', {
    since: 1,
    summary: 'The client closed the connection: its request is aborted.',
  }),

  // ModuleApi.
  'api.call': request<
    'toSynapse',
    {
      readonly call?: number;
      /** Synapse's name; a dot leads to `account_data_manager` and `public_room_list_manager`. */
      readonly method: string;
      /** By the kinds of `module-api/wire-kinds.ts`; those that were not given are absent. */
      readonly args: Readonly<Record<string, unknown>>;
    },
    /** By the kind of the method. */
    unknown
  >('toSynapse', { since: 1, summary: 'Calls a method of `ModuleApi`.' }),
  'template.render': request<
    'toSynapse',
    { readonly template: Handle; readonly values: Readonly<Record<string, JsonValue>> },
    string
  >('toSynapse', { since: 1, summary: 'Renders a template that `read_templates` answered with.' }),
  'cache.invalidate': notice<'toModules', { readonly cache: string; readonly keys: readonly JsonValue[] | null }>(
    'toModules',
    {
      since: 1,
      summary:
        'Another process of the homeserver forgot a result of a cached function, or with null for `keys` all of them.',
    },
  ),

  // Database transactions: `db.begin` is answered when all is over, `db.run` runs the function in between, maybe repeatedly.
  'db.begin': request<
    'toSynapse',
    { readonly call?: number; readonly transaction: Handle; readonly desc: string },
    null
  >('toSynapse', {
    since: 1,
    summary: 'Runs a function of the modules in one database transaction; answered after commit or rollback.',
  }),
  'db.run': request<'toModules', { readonly transaction: Handle; readonly attempt: number }, null>('toModules', {
    since: 1,
    summary: 'The transaction is open: run its function. A result commits, an error rolls back.',
  }),
  'db.execute': request<
    'toSynapse',
    {
      readonly transaction: Handle;
      readonly sql: string;
      /** One list for `execute`, several for `executemany`. */
      readonly params: readonly (readonly WireDbValue[])[];
      readonly many: boolean;
    },
    {
      readonly rowcount: number;
      readonly description: readonly string[] | null;
      /** The first rows. */
      readonly rows: readonly (readonly WireDbValue[])[];
      /** Whether there are no others. */
      readonly end: boolean;
    }
  >('toSynapse', { since: 1, summary: 'Executes a statement in a transaction.' }),
  'db.fetch': request<
    'toSynapse',
    { readonly transaction: Handle },
    { readonly rows: readonly (readonly WireDbValue[])[]; readonly end: boolean }
  >('toSynapse', { since: 1, summary: 'Further rows of the last query, as many as fit a frame.' }),

  // Everything else.
  log: notice<
    'toSynapse',
    {
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      /** The module, if it was one. */
      readonly module?: string;
      readonly message: string;
      /** Stack of an error that was logged. */
      readonly stack?: string;
    }
  >('toSynapse', { since: 1, summary: 'A line for the log of Synapse.' }),
  ping: request<'both', Readonly<Record<string, never>>, null>('both', {
    since: 1,
    summary: 'Asks whether the other side is still there.',
  }),
  bye: notice<'both', { readonly reason: string }>('both', {
    since: 1,
    summary: 'The sender closes the connection, and why.',
  }),
} as const;

/** The name of a message. */
export type MessageName = keyof typeof messages;

/** Requests that go to Synapse. */
export type RequestName = NamesOf<typeof messages, 'toSynapse', 'request'>;
/** Notices that go to Synapse. */
export type NoticeName = NamesOf<typeof messages, 'toSynapse', 'notice'>;
/** Requests that come from Synapse; those that the connection answers itself are not among them. */
export type ReceivedRequestName = Exclude<NamesOf<typeof messages, 'toModules', 'request'>, 'ping'>;
/** Notices that come from Synapse; those that the connection takes itself are not among them. */
export type ReceivedNoticeName = Exclude<NamesOf<typeof messages, 'toModules', 'notice'>, 'cancel' | 'bye'>;
