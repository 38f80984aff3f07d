/** Whose mistake an error is: it decides what the command line prints (a stack only for `bug`). */
export type Blame = 'author' | 'operator' | 'remote' | 'bug';

interface CodeRow {
  readonly blame: Blame;
  readonly text: string;
}

/**
 * Every error code of Vesicle, once. `{0}`, `{1}`... are filled with the arguments of {@link VesicleError}.
 * Codes are public: never renamed, never reused. The text says what, what is wrong, what to do.
 */
export const errorCodes = {
  // one row per code, sorted by folder
  CACHED_OPTION_INVALID: {
    blame: 'author',
    text: '{0}: the options of its @Cached() are wrong: {1}.',
  },
  CALLBACK_NOT_A_FUNCTION: {
    blame: 'author',
    text: '{0}: the callback {1} is {2}, not a function. Give a method or an async function.',
  },
  CALLBACK_OPTION_INVALID: {
    blame: 'author',
    text: '{0}: its options are wrong: {1}',
  },
  CALLBACK_UNKNOWN: {
    blame: 'author',
    text: '{0}: {1} has no callback "{2}".{3}',
  },
  CATEGORY_UNKNOWN: {
    blame: 'author',
    text: '{0}: there is no callback category "{1}".{2}',
  },
  CLI_DIRECTORY_MISSING: {
    blame: 'operator',
    text: 'There is no directory {0}. Correct --directory: relative paths of modules start there.',
  },
  CLI_DIRECTORY_UNUSED: {
    blame: 'operator',
    text: '--directory is for a homeserver.yaml that names vesicle_bridge.VesicleBridge; in {0}, relative paths start at its own directory. Leave the option out.',
  },
  CLI_FILE_MISSING: {
    blame: 'operator',
    text: 'There is no file {0}.{1} Write one with "modules:" in it, or name another: vesicle dev FILE.',
  },
  CLI_FILE_UNREADABLE: {
    blame: 'operator',
    text: 'The file {0} cannot be read: {1}. Check the path and its permissions.',
  },
  CLI_FILE_UNWRITABLE: {
    blame: 'operator',
    text: 'The directory {0} cannot be written to: {1}. Check the path and its permissions.',
  },
  CLI_PYTHON_MISSING: {
    blame: 'operator',
    text: 'No Python is found that can run Synapse; tried: {0}. Install Python 3.10 or newer with its "venv" module (Debian: python3-venv), or name one that has Synapse in VESICLE_SYNAPSE_PYTHON.',
  },
  CLI_SYNAPSE_ENDED: {
    blame: 'operator',
    text: 'Synapse did not start: it ended with {0}. What it said:\n{1}',
  },
  CLI_SYNAPSE_NOT_FOUND: {
    blame: 'operator',
    text: 'VESICLE_SYNAPSE_PYTHON names {0}, which has no Synapse: {1}. Name a Python that has matrix-synapse, or unset it to have one installed.',
  },
  CLI_SYNAPSE_NOT_INSTALLED: {
    blame: 'operator',
    text: 'Synapse cannot be installed: "{0}" failed. Check the connection to the package index, or name a Python that has Synapse in VESICLE_SYNAPSE_PYTHON.\n{1}',
  },
  CONFIG_INVALID: {
    blame: 'operator',
    text: '{0}.\n{1}',
  },
  DECORATOR_ON_PRIVATE: {
    blame: 'author',
    text: '{0}: {1} stands on a member whose name begins with "#", which no decorator can reach. Write "private" in place of "#".',
  },
  DECORATOR_STANDARD: {
    blame: 'author',
    text: '{0} was compiled as a standard (stage 3) decorator, and would register nothing. Set "experimentalDecorators" and "emitDecoratorMetadata" in the compilerOptions of tsconfig.json.',
  },
  DISPATCH_CIRCUIT_OPEN: {
    blame: 'remote',
    text: '{0}: {1} failed {2} times in a row and is not called until {3} ms have passed. Look for its earlier failures in the log.',
  },
  DISPATCH_TIMEOUT: {
    blame: 'author',
    text: '{0}: {1} took longer than {2} ms. Make it faster, or raise its timeout.',
  },
  HTTP_ADDRESS_IN_USE: {
    blame: 'operator',
    text: 'Another program already listens on {0}. Stop it, or give another port under "listeners" in the configuration (0 takes any free one).',
  },
  HTTP_CANNOT_LISTEN: {
    blame: 'operator',
    text: 'Cannot listen on {0}: {1}. Give another address or port under "listeners" in the configuration.',
  },
  INJECT_FOREIGN_INVERSIFY: {
    blame: 'author',
    text: "{0} is decorated by {1}, and the container is Inversify 8, which does not see that. Import inject, injectable, postConstruct, ... from 'vesicle', or install inversify 8.",
  },
  INJECT_INCOMPLETE: {
    blame: 'author',
    text: '{0}: {1} has @optional(), @named() or @tagged() and no @inject(). Write @inject(...) beside it. Path: {2}.',
  },
  INJECT_KEY_ERASED: {
    blame: 'author',
    text: '{0}: {1} has no class at run time, so nothing can be injected. {2} Path: {3}.',
  },
  KERNEL_AMBIGUOUS: {
    blame: 'author',
    text: '{0}: {1} asks for one {2}, which {3} services provide. Tell them apart with a name and @named(), or ask for all of them with @multiInject(). Path: {4}.',
  },
  KERNEL_CACHE_KEY_INVALID: {
    blame: 'author',
    text: '{0}: its results cannot be kept by an argument that is of type {1}. Give texts, numbers, booleans, null, or lists of them.',
  },
  KERNEL_CIRCULAR: {
    blame: 'author',
    text: '{0}: circular dependency: {1}. Let one of them ask for the other when it needs it.',
  },
  KERNEL_CONSTRUCTOR_FAILED: {
    blame: 'author',
    text: '{0}: its constructor threw: {1}',
  },
  KERNEL_MODULE_CLOSED: {
    blame: 'author',
    text: '{0}: it was closed and can register nothing any more ({1}). Stop its timers and connections in a method with @preDestroy().',
  },
  KERNEL_MODULE_UNKNOWN: {
    blame: 'bug',
    text: 'There is no running module "{0}".{1}',
  },
  KERNEL_NOT_A_MODULE: {
    blame: 'author',
    text: '{0} is not a module. Mark the class with @Module().',
  },
  KERNEL_NO_QUESTION: {
    blame: 'author',
    text: '{0}: {1} lives for one question of the homeserver, and {2}. Use it while a callback or a web resource answers.',
  },
  KERNEL_SERVICE_FAILED: {
    blame: 'author',
    text: '{0}: {1} could not be made, because {2} failed: {3}',
  },
  KERNEL_SHARED_ASKS: {
    blame: 'author',
    text: '{0}: a shared service cannot ask for {1}, of which each process has its own. Share that, too, or let the module pass what is needed.',
  },
  KERNEL_START_FAILED: {
    blame: 'author',
    text: '{0}: a method with @postConstruct failed: {1}',
  },
  KERNEL_UNRESOLVABLE: {
    blame: 'author',
    text: '{0}: its container cannot make it: {1}',
  },
  KERNEL_UNRESOLVED: {
    blame: 'author',
    text: '{0}: no provider for {1} ({2}). {3} Path: {4}.',
  },
  MODULE_INVALID: {
    blame: 'author',
    text: '{0} has {1} mistakes:{2}',
  },
  MODULE_OPTION_INVALID: {
    blame: 'author',
    text: '{0}: its options are wrong: {1}',
  },
  PACKAGE_MISSING: {
    blame: 'operator',
    text: '{0} needs the package "{1}", which {2}. Run "npm install --include=optional" where vesicle is installed: --omit=optional leaves it out.',
  },
  ROOMS_MEMBERSHIP_WAITS_FOR_ITSELF: {
    blame: 'author',
    text: 'A membership of {0} cannot change: the callback that asks for it is itself asked about a change of a membership of this room, which is not over until it returns. Synapse would wait for ever. Do not await the change there; make it in the background or in "on_new_event".',
  },
  STATIC_MEMBER: {
    blame: 'author',
    text: '{0}: {1} stands on a static member. Put it on a member of the instance.',
  },
  STORE_CANNOT_OPEN: {
    blame: 'operator',
    text: 'The database {0} cannot be opened: {1}. Name another file under "database" in the configuration, or remove this one.',
  },
  STORE_FILE_IN_USE: {
    blame: 'operator',
    text: 'Another program has the database {0} open. Stop it, or name another file under "database" in the configuration.',
  },
  STORE_NODE_TOO_OLD: {
    blame: 'operator',
    text: 'Vesicle needs Node.js 22.13 or newer, and this is {0}. Install a newer one from https://nodejs.org.',
  },
  SYNAPSE_ADDRESS_INVALID: {
    blame: 'operator',
    text: '"{0}" is no address of a module host. Write unix:PATH or tcp:HOST:PORT.',
  },
  SYNAPSE_ADDRESS_IN_USE: {
    blame: 'operator',
    text: 'Another program already listens on {0}. Stop it, or listen somewhere else.',
  },
  SYNAPSE_CALL_IN_TRANSACTION: {
    blame: 'author',
    text: '{0} was called inside the database transaction "{1}", where Synapse would wait for itself. Call it before or after runDbInteraction, or with callAfter.',
  },
  SYNAPSE_CANNOT_LISTEN: {
    blame: 'operator',
    text: 'Cannot listen on {0}: {1}. Give another address.',
  },
  SYNAPSE_CONNECTION_LOST: {
    blame: 'remote',
    text: 'The connection to Synapse is gone: {0}. It connects again by itself when it runs.',
  },
  SYNAPSE_FRAME_TOO_LONG: {
    blame: 'remote',
    text: 'A message of {0} bytes is too long; {1} are allowed. Send less at once.',
  },
  SYNAPSE_HANDLE_ENDED: {
    blame: 'author',
    text: '{0} can only be read while the call lasts that brought it. Read what is needed before answering.',
  },
  SYNAPSE_NOT_OPEN: {
    blame: 'remote',
    text: '{0} came while the connection is "{1}", and modules are asked when it is "open". Wait for the answer to modules.open.',
  },
  SYNAPSE_NO_PARENT: {
    blame: 'operator',
    text: 'With --stdio the bridge starts the module host, and speaks with it over pipes; {0} is none. Name it as "spawn" of the bridge, or use --listen.',
  },
  SYNAPSE_PROTOCOL_BROKEN: {
    blame: 'remote',
    text: 'The connection with the bridge in Synapse is given up: {0}. Let only the vesicle_bridge.py of this version connect.',
  },
  SYNAPSE_REQUEST_UNKNOWN: {
    blame: 'author',
    text: '{0} was given a request that Synapse does not wait for. Give the request that the web resource or the callback got.',
  },
  SYNAPSE_TOKEN_MISSING: {
    blame: 'operator',
    text: 'Listening on {0} needs a token, since anybody may connect there. Give it with --token-file FILE or in the environment variable VESICLE_TOKEN.',
  },
  SYNAPSE_TOKEN_WRONG: {
    blame: 'operator',
    text: 'The token in {0} is not that of this module host. Give the bridge (token_file, or VESICLE_TOKEN) and "vesicle host" (--token-file, or VESICLE_TOKEN) the same.',
  },
  SYNAPSE_VALUE_UNSENDABLE: {
    blame: 'author',
    text: '{0} cannot be sent to Synapse: {1} is {2}. Give values of JSON: null, booleans, numbers, strings, arrays and objects of these.',
  },
  SYNAPSE_VALUE_WRONG: {
    blame: 'remote',
    text: 'The bridge in Synapse sent {0}. Use the vesicle_bridge.py of this version.',
  },
  SYNAPSE_VERSION_MISMATCH: {
    blame: 'operator',
    text: 'The bridge speaks protocol {0} ({1}), this module host speaks protocol {2} (vesicle {3}). Write the bridge anew with "vesicle bridge --out DIR" of this version, and restart Synapse.',
  },
  TESTING_BACKGROUND_FAILED: {
    blame: 'author',
    text: 'Work that nobody waited for failed: {0}. Catch what may fail there, or say that it may: startHomeserver({ allowBackgroundFailures: true }).',
  },
  WEB_PATH_RESERVED: {
    blame: 'author',
    text: "{0}: the web path {1} is refused, because {2} and everything below it is Synapse's own. Use a path like /_synapse/client/<name>/....",
  },
  WEB_RESOURCE_INVALID: {
    blame: 'author',
    text: '{0}: this web resource cannot be served: {1}',
  },
} as const satisfies Record<string, CodeRow>;

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
