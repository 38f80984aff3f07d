import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { vesicleCommand } from './vesicle-process.js';

/** What a finished `vesicle` left. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** A `vesicle` that runs. */
export interface RunningCli {
  /** Waits until the output holds a match. */
  readonly see: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly finished: Promise<Finished>;
}

/** A folder with these files, removed after the test. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Starts `vesicle` in a folder; it is killed after the test. `command` is that of another installation. */
export function startCli(
  t: TestContext,
  cwd: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
  command = vesicleCommand,
): RunningCli {
  const child = spawn(process.execPath, [...nodeOptions, command, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const seen = { out: '', error: '' };
  let changed = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    seen.out += chunk.toString();
    changed();
  });
  child.stderr.on('data', (chunk: Buffer) => (seen.error += chunk.toString()));
  const finished = once(child, 'close').then(([code]): Finished => ({ code: code as number | null, ...seen }));
  const see = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(seen.out);
      if (match !== null) return match;
      const next = new Promise<'changed'>((resolve) => {
        changed = () => {
          resolve('changed');
        };
      });
      const end = await Promise.race([next, finished]);
      if (end !== 'changed') throw new Error(`ended without ${String(pattern)}: ${end.out}${end.error}`);
    }
  };
  return { see, finished, kill: (signal) => child.kill(signal) };
}

/** Runs `vesicle` in a folder to its end. */
export async function runCli(
  t: TestContext,
  cwd: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Promise<Finished> {
  return await startCli(t, cwd, args, nodeOptions).finished;
}
