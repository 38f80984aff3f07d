import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/cli/synapse-environment.js';

const run = promisify(execFile);

/** What checks and tests the Python of the project. */
const packages = ['mypy==2.4.1', 'ruff==0.17.6', 'pytest==9.2.0'];

let tools: Promise<string> | undefined;

/** A Python with the checkers, made once and kept in the cache folder of the user. */
export async function pythonTools(): Promise<string> {
  tools ??= makeTools();
  return await tools;
}

/** Where the tools are, for a `PYTHONPATH`: another Python can run them with what it has itself. */
export async function pythonToolsFolder(): Promise<string> {
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  return (await run(await pythonTools(), ['-c', script])).stdout.trim();
}

async function makeTools(): Promise<string> {
  const folder = join(cacheFolder(), packages.join('-').replaceAll('==', '-'));
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(dirname(folder), { recursive: true });
  await run('python3', ['-m', 'venv', unfinished]);
  await run(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
  // Two test files may do this at once: the first one to be done keeps the name.
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
  return python;
}

/** Why nothing of Python can be tested here, or false. */
export async function pythonIsMissing(): Promise<string | false> {
  try {
    const { stdout } = await run('python3', ['-c', 'import sys, venv, ensurepip; print(sys.version_info >= (3, 10))']);
    return stdout.trim() === 'True' ? false : 'python3 is older than 3.10';
  } catch {
    return 'there is no python3 that can make virtual environments';
  }
}
