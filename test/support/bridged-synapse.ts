import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inProject } from './project.js';
import type { RunningSynapse, SynapseForks } from './synapse-forks.js';
import { logContextFaults } from './synapse-log-faults.js';

/** Where the modules of these tests are. */
export const moduleFolder = inProject('test/fixtures/synapse');

/** A folder with a socket, in which a Synapse with the bridge and a module host can be started, in any order. */
export class BridgedPlace {
  readonly listen: string;
  readonly diaryFile: string;

  constructor(
    private readonly forks: SynapseForks,
    readonly folder: string,
  ) {
    this.listen = `unix:${join(folder, 'host.sock')}`;
    this.diaryFile = join(folder, 'diary.txt');
  }

  static async make(forks: SynapseForks): Promise<BridgedPlace> {
    return new BridgedPlace(forks, await forks.newFolder());
  }

  /** Starts Synapse with the module `guard.ts`, or with other ones. */
  async startSynapse(
    bridge: Readonly<Record<string, unknown>> = {},
    modules: readonly object[] = [{ module: './guard.ts', config: { diary: this.diaryFile } }],
    settings: Readonly<Record<string, unknown>> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningSynapse> {
    const config = { connect: this.listen, modules, ...bridge };
    const entry = { module: 'vesicle_bridge.VesicleBridge', config };
    return await this.forks.start(this.folder, { modules: [entry], ...settings }, env);
  }

  /** What the module noted. */
  async diary(): Promise<readonly string[]> {
    const text = await readFile(this.diaryFile, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Waits until the module has noted something. */
  async noted(line: string, count = 1): Promise<void> {
    await until(
      async () => (await this.diary()).filter((one) => one === line).length >= count,
      `"${line}" in the diary`,
    );
  }
}

/** No log context was lost, and nothing failed that nobody expected. */
export async function assertCleanLog(synapse: RunningSynapse): Promise<void> {
  const output = await synapse.output();
  assert.deepEqual(logContextFaults(output), []);
  assert.doesNotMatch(output, /AssertionError|Unhandled error in Deferred|Unhandled Error/);
}

/** Waits for a condition; answers with how many milliseconds it took. */
export async function until(condition: () => Promise<boolean>, what: string, limitMs = 20_000): Promise<number> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(10);
  }
  return performance.now() - start;
}
