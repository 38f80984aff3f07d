import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readRegularFile } from '../config/yaml/regular-file.js';
import { failureOf } from '../errors/failure.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Logger } from '../log/logger.js';
import { formatListenAddress, parseListenAddress } from '../synapse/transport/listen-address.js';
import { ModuleHost } from '../synapse/session/module-host.js';
import { openParentStreams } from '../synapse/transport/parent-streams.js';
import type { CommandCall } from './command.js';
import { openLogOf } from './command-log.js';
import { exitCodes } from './exit-codes.js';
import { packageVersion } from './package-version.js';
import { logRefusals } from './refusal-log.js';
import { watchStandstill } from './standstill.js';
import { StopSignal } from './stop-signal.js';
import { surviveModules } from './survive-modules.js';

/** `vesicle host`: runs modules for Synapse until the process is asked to stop. */
export async function host(call: CommandCall): Promise<number> {
  const { terminal, switches, values } = call;
  const listen = values.get('listen');
  const isStdio = switches.has('stdio');
  const mode = values.get('socket-mode') ?? '660';
  if (isStdio === (listen !== undefined) || !/^0?[0-7]{3}$/.test(mode)) {
    terminal.error('Give either --listen unix:PATH, --listen tcp:HOST:PORT or --stdio; --socket-mode is octal: 660.\n');
    return exitCodes.usage.code;
  }
  // Standard output belongs to the bridge.
  const log = await openLogOf(call, isStdio ? terminal.error : terminal.out);
  if (log === undefined) return exitCodes.usage.code;
  using stop = new StopSignal(terminal);
  using _survivor = surviveModules(log);
  using _watch = watchStandstill(log);
  const token = tokenOf(values.get('token-file'), isStdio);
  const directory = directoryOf(values.get('directory'));
  const modules = new ModuleHost({
    log,
    version: packageVersion(),
    socketMode: Number.parseInt(mode, 8),
    ...(token !== undefined && { token }),
    ...(directory !== undefined && { directory }),
    onOpen: ({ dispatch }, processLog) => {
      logRefusals(dispatch, processLog);
    },
  });
  try {
    await Promise.race([stop.requested, listen === undefined ? serveParent(modules) : serve(modules, listen, log)]);
    if (!isStdio) log.info('Stopping: calls in flight are finished. Press Ctrl-C again to stop at once.');
    await Promise.race([modules.close(), stop.repeated]);
  } catch (error) {
    await modules.close();
    throw error;
  }
  return stop.isRepeated ? exitCodes.killed.code : exitCodes.done.code;
}

async function serve(modules: ModuleHost, listen: string, log: Logger): Promise<never> {
  const address = await modules.listen(parseListenAddress(listen));
  log.info(`Vesicle waits for Synapse at ${formatListenAddress(address)}`);
  return await new Promise<never>(() => undefined);
}

/** Serves the process that started this one, until it closes the connection. */
async function serveParent(modules: ModuleHost): Promise<void> {
  const { input, output } = openParentStreams();
  // What modules print would break the frames, where standard output carries them.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  await modules.accept(input, output, 'parent');
}

/** The folder of `--directory`. Its lack would otherwise be found by the first Synapse that connects. */
function directoryOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new VesicleError('CLI_DIRECTORY_MISSING', { directory: path });
  }
  return resolve(path);
}

/** The secret of `--token-file`, or of the environment. A parent process needs none. */
/** In bytes; more than anybody writes. */
const MAX_TOKEN_LENGTH = 65_536;

function tokenOf(file: string | undefined, isStdio: boolean): string | undefined {
  if (file === undefined) {
    const token = isStdio ? '' : (process.env['VESICLE_TOKEN'] ?? '');
    return token === '' ? undefined : token;
  }
  const token = readToken(file);
  // An empty one would let in whoever has none.
  if (token === '') throw new VesicleError('CLI_FILE_UNREADABLE', { file, problem: 'there is no token in it' });
  return token;
}

function readToken(file: string): string {
  try {
    return readRegularFile(file, MAX_TOKEN_LENGTH).toString('utf8').trim();
  } catch (error) {
    throw new VesicleError('CLI_FILE_UNREADABLE', { file, problem: failureOf(error).message }, { cause: error });
  }
}
