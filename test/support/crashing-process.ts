import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A script of this folder that runs as a process of its own, to be killed. */
export interface CrashingProcess {
  /** The next line that it prints; undefined when it has ended. */
  readonly line: () => Promise<string | undefined>;
  /** Kills it as `kill -9` does, and waits for its end; the lines that it still printed. */
  readonly kill: () => Promise<readonly string[]>;
}

/** Starts a script of this folder; what is left of it at the end of the test is killed. */
export function startCrashing(t: Pick<TestContext, 'after'>, script: string, args: readonly string[]): CrashingProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string | undefined> => {
    const { done, value } = await lines.next();
    return done === true ? undefined : value;
  };
  const kill = async (): Promise<readonly string[]> => {
    child.kill('SIGKILL');
    const rest: string[] = [];
    for (let next = await line(); next !== undefined; next = await line()) rest.push(next);
    await ended;
    return rest;
  };
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) await kill();
  });
  return { line, kill };
}
