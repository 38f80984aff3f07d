import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { VesicleError } from '../errors/vesicle-error.js';

/** The version of Synapse that Vesicle behaves like. */
export const synapseVersion = '1.163.2';

/** What is asked for on the command line; the newest Python that Synapse has wheels for comes first. */
const interpreters = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];

/** Ends with 0 where a Python is new enough and can make virtual environments. */
const suitability = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';

const execute = promisify(execFile);

/** How the environment is made. */
export interface SynapseEnvironmentOptions {
  /** Told once, before work that takes a minute. */
  readonly say?: (text: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Further packages, in the words of pip. */
  readonly packages?: readonly string[];
}

/**
 * A Python that has Synapse: the one that `VESICLE_SYNAPSE_PYTHON` names, or that of a virtual environment which is made once
 * and kept in the cache folder of the user.
 */
export async function synapsePython(options: SynapseEnvironmentOptions = {}): Promise<string> {
  const { env = process.env } = options;
  const given = givenPython(env);
  if (given !== undefined) return given;
  const folder = join(cacheFolder(env), environmentName(options.packages ?? []));
  const python = pythonOf(folder);
  if (!existsSync(join(folder, readyMark))) await makeEnvironment(folder, options);
  return python;
}

/** The version of the Synapse that `synapsePython` answers with; throws when the one that is named has none. */
export async function synapseVersionOf({ env }: SynapseEnvironmentOptions = {}): Promise<string> {
  const given = givenPython(env);
  return given === undefined ? synapseVersion : await installedSynapse(given);
}

function givenPython(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const given = env['VESICLE_SYNAPSE_PYTHON'] ?? '';
  return given === '' ? undefined : given;
}

/** The version of the Synapse that a Python has; throws when it has none. */
export async function installedSynapse(python: string): Promise<string> {
  const script = 'import importlib.metadata as m; print(m.version("matrix-synapse"))';
  try {
    return (await execute(python, ['-c', script])).stdout.trim();
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    throw new VesicleError('CLI_SYNAPSE_NOT_FOUND', { python, problem: lastLine(stderr) || message }, { cause: error });
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Where things are kept that can be made again: `VESICLE_CACHE`, or the user's cache folder. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = env['VESICLE_CACHE'] ?? '';
  if (given !== '') return given;
  const shared = env['XDG_CACHE_HOME'] ?? '';
  return join(shared === '' ? join(homedir(), '.cache') : shared, 'vesicle');
}

/** Written last: an environment without it is not complete. */
const readyMark = 'ready';

function environmentName(packages: readonly string[]): string {
  const name = `synapse-${synapseVersion}`;
  if (packages.length === 0) return name;
  return `${name}-${createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 8)}`;
}

function pythonOf(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

/** Two processes may do this at once: each makes its own, and the first one to be done keeps the name. */
async function makeEnvironment(folder: string, options: SynapseEnvironmentOptions): Promise<void> {
  const interpreter = await findInterpreter(options.env);
  options.say?.(`Installing Synapse ${synapseVersion} with ${interpreter} into ${folder}: once, about a minute.\n`);
  const unfinished = `${folder}.${process.pid}`;
  const discard = (): void => {
    rmSync(unfinished, { recursive: true, force: true });
  };
  process.once('exit', discard);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await rm(unfinished, { recursive: true, force: true });
    await run(interpreter, ['-m', 'venv', unfinished]);
    const packages = [`matrix-synapse==${synapseVersion}`, ...(options.packages ?? [])];
    await run(pythonOf(unfinished), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    await writeFile(join(unfinished, readyMark), '');
    await moveInPlace(unfinished, folder);
  } finally {
    process.off('exit', discard);
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function moveInPlace(from: string, to: string): Promise<void> {
  if (existsSync(join(to, readyMark))) return;
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(join(to, readyMark))) throw error;
  }
}

async function findInterpreter(env: SynapseEnvironmentOptions['env'] = process.env): Promise<string> {
  for (const name of interpreters) {
    const isSuitable = await execute(name, ['-c', suitability], { env: { ...env } }).then(
      () => true,
      () => false,
    );
    if (isSuitable) return name;
  }
  throw new VesicleError('CLI_PYTHON_MISSING', { tried: interpreters.join(', ') });
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const running = execute(command, args, { maxBuffer: 2 ** 26 });
  // Who presses Ctrl-C meanwhile does not want it to go on.
  const stop = (): void => void running.child.kill('SIGKILL');
  process.prependOnceListener('exit', stop);
  try {
    await running;
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: string };
    const reason = stderr.trim().split('\n').slice(-5).join('\n') || message;
    throw new VesicleError(
      'CLI_SYNAPSE_NOT_INSTALLED',
      { command: `${command} ${args.join(' ')}`, output: reason },
      { cause: error },
    );
  } finally {
    process.off('exit', stop);
  }
}
