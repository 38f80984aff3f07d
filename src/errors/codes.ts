/**
 * Whose mistake an error is: it decides what the command line prints (a stack only for `bug`).
 *
 * @example
 * ```ts
 * import { type Blame, VesicleError } from 'vesicle';
 * const blameOf = (error: unknown): Blame => (error instanceof VesicleError ? error.blame : 'bug');
 * ```
 */
export type Blame = 'author' | 'operator' | 'remote' | 'bug';

interface CodeRow {
  readonly blame: Blame;
  readonly text: string;
}

/**
 * Every error code of Vesicle, once. Each `{name}` in a text is a placeholder: {@link VesicleError}
 * is given a value for exactly these, which the compiler checks.
 * Codes are public: never renamed, never reused. The text says what, what is wrong, what to do.
 */
export const errorCodes = {
  // one row per code, sorted by folder
  CACHED_OPTION_INVALID: {
    blame: 'author',
    text: '{method}: the options of its @Cached() are wrong: {problem}.',
  },
  CALLBACK_NOT_A_FUNCTION: {
    blame: 'author',
    text: '{where}: the callback {callback} is {kind}, not a function. Give a method or an async function.',
  },
  CALLBACK_OPTION_INVALID: {
    blame: 'author',
    text: '{where}: its options are wrong: {problem}',
  },
  CALLBACK_UNKNOWN: {
    blame: 'author',
    text: '{where}: {category} has no callback "{name}".{hint}',
  },
  CATEGORY_UNKNOWN: {
    blame: 'author',
    text: '{where}: there is no callback category "{category}".{hint}',
  },
  CLI_DIRECTORY_MISSING: {
    blame: 'operator',
    text: 'There is no directory {directory}. Correct --directory: relative paths of modules start there.',
  },
  CLI_DIRECTORY_UNUSED: {
    blame: 'operator',
    text: '--directory is for a homeserver.yaml that names vesicle_bridge.VesicleBridge; in {file}, relative paths start at its own directory. Leave the option out.',
  },
  CLI_FILE_MISSING: {
    blame: 'operator',
    text: 'There is no file {file}.{place} Write one with "modules:" in it, or name another: vesicle dev FILE.',
  },
  CLI_FILE_UNREADABLE: {
    blame: 'operator',
    text: 'The file {file} cannot be read: {problem}. Check the path and its permissions.',
  },
  CLI_FILE_UNWRITABLE: {
    blame: 'operator',
    text: 'The directory {directory} cannot be written to: {problem}. Check the path and its permissions.',
  },
  CLI_PYTHON_MISSING: {
    blame: 'operator',
    text: 'No Python is found that can run Synapse; tried: {tried}. Install Python 3.10 or newer with its "venv" module (Debian: python3-venv), or name one that has Synapse in VESICLE_SYNAPSE_PYTHON.',
  },
  CLI_SYNAPSE_ENDED: {
    blame: 'operator',
    text: 'Synapse did not start: it ended with {how}. What it said:\n{output}',
  },
  CLI_SYNAPSE_NOT_FOUND: {
    blame: 'operator',
    text: 'VESICLE_SYNAPSE_PYTHON names {python}, which has no Synapse: {problem}. Name a Python that has matrix-synapse, or unset it to have one installed.',
  },
  CLI_SYNAPSE_NOT_INSTALLED: {
    blame: 'operator',
    text: 'Synapse cannot be installed: "{command}" failed. Check the connection to the package index, or name a Python that has Synapse in VESICLE_SYNAPSE_PYTHON.\n{output}',
  },
  CONFIG_INVALID: {
    blame: 'operator',
    text: '{count}.\n{faults}',
  },
  DECORATOR_ON_PRIVATE: {
    blame: 'author',
    text: '{module}: {decorator} stands on a member whose name begins with "#", which no decorator can reach. Write "private" in place of "#".',
  },
  DECORATOR_STANDARD: {
    blame: 'author',
    text: '{decorator} was compiled as a standard (stage 3) decorator, and would register nothing. Set "experimentalDecorators" and "emitDecoratorMetadata" in the compilerOptions of tsconfig.json.',
  },
  DISPATCH_CIRCUIT_OPEN: {
    blame: 'remote',
    text: '{module}: {callback} failed {failures} times in a row and is not called until {pause} ms have passed. Look for its earlier failures in the log.',
  },
  DISPATCH_TIMEOUT: {
    blame: 'author',
    text: '{module}: {callback} took longer than {timeout} ms. Make it faster, or raise its timeout.',
  },
  HTTP_ADDRESS_IN_USE: {
    blame: 'operator',
    text: 'Another program already listens on {address}. Stop it, or give another port under "listeners" in the configuration (0 takes any free one).',
  },
  HTTP_CANNOT_LISTEN: {
    blame: 'operator',
    text: 'Cannot listen on {address}: {problem}. Give another address or port under "listeners" in the configuration.',
  },
  INJECT_FOREIGN_INVERSIFY: {
    blame: 'author',
    text: "{class} is decorated by {version}, and the container is Inversify 8, which does not see that. Import inject, injectable, postConstruct, ... from 'vesicle', or install inversify 8.",
  },
  INJECT_INCOMPLETE: {
    blame: 'author',
    text: '{class}: {parameter} has @optional(), @named() or @tagged() and no @inject(). Write @inject(...) beside it. Path: {path}.',
  },
  INJECT_KEY_ERASED: {
    blame: 'author',
    text: '{class}: {parameter} has no class at run time, so nothing can be injected. {remedy} Path: {path}.',
  },
  KERNEL_AMBIGUOUS: {
    blame: 'author',
    text: '{class}: {where} asks for one {service}, which {count} services provide. Tell them apart with a name and @named(), or ask for all of them with @multiInject(). Path: {path}.',
  },
  KERNEL_CACHE_KEY_INVALID: {
    blame: 'author',
    text: '{method}: its results cannot be kept by an argument that is of type {type}. Give strings, numbers, booleans, null, or arrays of them.',
  },
  KERNEL_CIRCULAR: {
    blame: 'author',
    text: '{class}: circular dependency: {circle}. Let one of them ask for the other when it needs it.',
  },
  KERNEL_CONSTRUCTOR_FAILED: {
    blame: 'author',
    text: '{module}: its constructor threw: {problem}',
  },
  KERNEL_MODULE_CLOSED: {
    blame: 'author',
    text: '{module}: it was closed and can register nothing any more ({registered}). Stop its timers and connections in a method with @preDestroy().',
  },
  KERNEL_MODULE_UNKNOWN: {
    blame: 'bug',
    text: 'There is no running module "{module}".{hint}',
  },
  KERNEL_NOT_A_MODULE: {
    blame: 'author',
    text: '{class} is not a module. Mark the class with @Module().',
  },
  KERNEL_NO_QUESTION: {
    blame: 'author',
    text: '{module}: {service} lives for one question of the homeserver, and {reason}. Use it while a callback or a web resource answers.',
  },
  KERNEL_SERVICE_FAILED: {
    blame: 'author',
    text: '{module}: {service} could not be made, because {phase} failed: {problem}',
  },
  KERNEL_SHARED_ASKS: {
    blame: 'author',
    text: '{service}: a shared service cannot ask for {asked}, of which each process has its own. Share that, too, or let the module pass what is needed.',
  },
  KERNEL_START_FAILED: {
    blame: 'author',
    text: '{module}: {phase} failed: {problem}',
  },
  KERNEL_UNRESOLVABLE: {
    blame: 'author',
    text: '{class}: its container cannot make it: {problem}',
  },
  KERNEL_UNRESOLVED: {
    blame: 'author',
    text: '{class}: no provider for {service} ({where}). {remedy} Path: {path}.',
  },
  MODULE_INVALID: {
    blame: 'author',
    text: '{module} has {count} mistakes:{mistakes}',
  },
  MODULE_OPTION_INVALID: {
    blame: 'author',
    text: '{where}: its options are wrong: {problem}',
  },
  PACKAGE_MISSING: {
    blame: 'operator',
    text: '{use} needs the package "{package}", which {problem}. Run "npm install --include=optional" where vesicle is installed: --omit=optional leaves it out.',
  },
  ROOMS_MEMBERSHIP_WAITS_FOR_ITSELF: {
    blame: 'author',
    text: 'A membership of {room} cannot change: the callback that asks for it is itself asked about a change of a membership of this room, which is not over until it returns. Synapse would wait for ever. Do not await the change there, and let the callback return within 5 seconds; or make the change in "on_new_event".',
  },
  STATIC_MEMBER: {
    blame: 'author',
    text: '{where}: {decorator} stands on a static member. Put it on a member of the instance.',
  },
  STORE_CANNOT_OPEN: {
    blame: 'operator',
    text: 'The database {database} cannot be opened: {problem}. Name another file under "database" in the configuration, or remove this one.',
  },
  STORE_FILE_IN_USE: {
    blame: 'operator',
    text: 'Another program has the database {database} open. Stop it, or name another file under "database" in the configuration.',
  },
  STORE_NODE_TOO_OLD: {
    blame: 'operator',
    text: 'Vesicle needs Node.js 22.13 or newer, and this is {version}. Install a newer one from https://nodejs.org.',
  },
  SYNAPSE_ADDRESS_INVALID: {
    blame: 'operator',
    text: '"{address}" is not an address of a module host. Write unix:PATH or tcp:HOST:PORT.',
  },
  SYNAPSE_ADDRESS_IN_USE: {
    blame: 'operator',
    text: 'Another program already listens on {address}. Stop it, or listen somewhere else.',
  },
  SYNAPSE_CALL_IN_TRANSACTION: {
    blame: 'author',
    text: '{method} was called inside the database transaction "{transaction}", where Synapse would wait for itself. Call it before or after runDbInteraction, or with callAfter.',
  },
  SYNAPSE_CANNOT_LISTEN: {
    blame: 'operator',
    text: 'Cannot listen on {address}: {problem}. Give another address.',
  },
  SYNAPSE_CONNECTION_LOST: {
    blame: 'remote',
    text: 'The connection to Synapse is gone: {reason}. It connects again by itself when it runs.',
  },
  SYNAPSE_FRAME_TOO_LONG: {
    blame: 'remote',
    text: 'A message of {length} bytes is too long; {limit} are allowed. Send less at once.',
  },
  SYNAPSE_HANDLE_ENDED: {
    blame: 'author',
    text: '{what} can only be read while the call lasts that brought it. Read what is needed before answering.',
  },
  SYNAPSE_NOT_OPEN: {
    blame: 'remote',
    text: '{message} came while the connection is "{state}", and modules are asked when it is "open". Wait for the answer to modules.open.',
  },
  SYNAPSE_NO_PARENT: {
    blame: 'operator',
    text: 'With --stdio the bridge starts the module host, and speaks with it over pipes; {stream} is none. Name it as "spawn" of the bridge, or use --listen.',
  },
  SYNAPSE_PROTOCOL_BROKEN: {
    blame: 'remote',
    text: 'The connection with the bridge in Synapse is given up: {reason}. Let only the vesicle_bridge of this version connect.',
  },
  SYNAPSE_REQUEST_UNKNOWN: {
    blame: 'author',
    text: '{receiver} was given a request that Synapse does not wait for. Give the request that the web resource or the callback got.',
  },
  SYNAPSE_TOKEN_MISSING: {
    blame: 'operator',
    text: 'Listening on {address} needs a token, since anybody may connect there. Give it with --token-file FILE or in the environment variable VESICLE_TOKEN.',
  },
  SYNAPSE_TOKEN_WRONG: {
    blame: 'operator',
    text: 'The token in {message} is not that of this module host. Give the bridge (token_file, or VESICLE_TOKEN) and "vesicle host" (--token-file, or VESICLE_TOKEN) the same.',
  },
  SYNAPSE_VALUE_UNSENDABLE: {
    blame: 'author',
    text: '{what} cannot be sent to Synapse: {place} is {kind}. Give values of JSON: null, booleans, numbers, strings, arrays and objects of these.',
  },
  SYNAPSE_VALUE_WRONG: {
    blame: 'remote',
    text: 'The bridge in Synapse sent {value}. Use the vesicle_bridge of this version.',
  },
  SYNAPSE_VERSION_MISMATCH: {
    blame: 'operator',
    text: 'The bridge speaks protocol {bridgeProtocol} ({bridge}), this module host speaks protocol {protocol} (vesicle {version}). Write the bridge anew with "vesicle bridge --out DIR" of this version, and restart Synapse.',
  },
  TESTING_BACKGROUND_FAILED: {
    blame: 'author',
    text: 'Work that nobody waited for failed: {failures}. Catch what may fail there, or say that it may: startHomeserver({ allowBackgroundFailures: true }).',
  },
  WEB_PATH_RESERVED: {
    blame: 'author',
    text: "{where}: the web path {path} is refused, because {reserved} and everything below it is Synapse's own. Use a path like /_synapse/client/<name>/....",
  },
  WEB_RESOURCE_INVALID: {
    blame: 'author',
    text: '{where}: this web resource cannot be served: {problem}',
  },
} as const satisfies Record<string, CodeRow>;

/**
 * A code of a {@link VesicleError}: `docs/errors.md` has them all.
 *
 * @example
 * ```ts
 * import { type ErrorCode, VesicleError } from 'vesicle';
 * const is = (error: unknown, code: ErrorCode) => error instanceof VesicleError && error.code === code;
 * ```
 */
export type ErrorCode = keyof typeof errorCodes;

/** A placeholder in a text of {@link errorCodes}; its first group is the name. */
export const placeholder = /\{(\w+)\}/g;

/** The names in a text of {@link errorCodes}. What has a space between the braces is code of an example. */
type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${string} ${string}` ? never : Name) | NamesIn<Rest>
  : never;

/**
 * A value for each placeholder in the text of an error.
 *
 * @example
 * ```ts
 * import { type ErrorArguments } from 'vesicle';
 * const args: ErrorArguments<'SYNAPSE_FRAME_TOO_LONG'> = { length: 70_000, limit: 65_536 };
 * ```
 */
export type ErrorArguments<Code extends ErrorCode> = {
  readonly [Name in NamesIn<(typeof errorCodes)[Code]['text']>]: string | number;
};
