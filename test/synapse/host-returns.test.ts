import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { FakeBridge } from '../support/fake-bridge.js';
import { MatrixClient } from '../support/matrix-client.js';
import { inProject } from '../support/project.js';
import { testSynapsePython } from '../support/synapse.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

describe('a real Synapse whose module host returns', { timeout: 240_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  it('with a module that hangs at its start says which, goes by policy meanwhile, gives up and tries again', async () => {
    const place = await BridgedPlace.make(forks);
    const asleep = join(place.folder, 'asleep');
    await writeChangedBridge(place.folder, { START_WITHIN: 7, SLOW_START: 1 });
    const first = await VesicleHost.start(place.listen, moduleFolder);
    await using _first = first;
    const modules = [{ module: './sleepers.ts#LateRiser', config: { asleep } }];
    await using synapse = await place.startSynapse({}, modules, {}, { PYTHONPATH: place.folder });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    assert.equal((await alice.send(room, 'bad')).status, 403);
    await first.kill();
    await writeFile(asleep, '');
    await using _second = await VesicleHost.start(place.listen, moduleFolder);
    const says = async (line: RegExp): Promise<void> => {
      await until(async () => line.test(await synapse.output()), String(line));
    };
    await says(/The module host at .* has been starting its modules for 1 s/);
    assert.equal((await alice.send(room, 'bad but nobody is ready')).status, 200);
    await says(/vesicle\.LateRiser: LateRiser: still starting after 5 s \(@postConstruct of LateRiser\)/);
    await says(/The module host at .* cannot be used: the modules were not ready within 7 s/);
    await rm(asleep);
    await says(/Connected with the module host at .* again/);
    assert.equal((await alice.send(room, 'bad')).status, 403);
    await assertCleanLog(synapse);
  });

  it('with modules that refuse their configuration says so with the cause', async () => {
    const place = await BridgedPlace.make(forks);
    const first = await VesicleHost.start(place.listen, moduleFolder);
    await using _first = first;
    await using synapse = await place.startSynapse();
    await first.kill();
    const other = join(place.folder, 'modules');
    await mkdir(other);
    await writeFile(
      join(other, 'guard.ts'),
      `import { ConfigError, Module } from 'vesicle';
@Module()
export class Guard {
  static parseConfig(): never {
    throw new ConfigError('no diary any more', ['diary']);
  }
}
`,
    );
    await using _second = await VesicleHost.start(place.listen, other);
    const line = /The module host at .* cannot be used: (modules\..*)/;
    await until(async () => line.test(await synapse.output()), 'the reason');
    const [, reason = ''] = line.exec(await synapse.output()) ?? [];
    assert.match(
      reason,
      /^modules\.<item 0>\.config\.diary: Failed to parse config for module '\.\/guard\.ts': no diary any more \(.*guard\.ts:\d+\)$/,
    );
    await assertCleanLog(synapse);
  });

  it('and dies at once, again and again, is started less and less often', async () => {
    const place = await BridgedPlace.make(forks);
    const diary = join(place.folder, 'starts');
    const spawn = [await testSynapsePython(), inProject('test/synapse/python/dying_host.py'), diary];
    await using synapse = await place.startSynapse({ connect: undefined, spawn }, []);
    const starts = async (): Promise<readonly number[]> =>
      (await readFile(diary, 'utf8')).trim().split('\n').map(Number);
    await until(async () => (await starts()).length >= 6, 'six starts');
    const times = (await starts()).slice(0, 6);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, gap] of gaps.entries()) assert.ok(gap >= 0.1 * 2 ** index, `pauses of ${gaps.join(', ')} s`);
    await assertCleanLog(synapse);
  });
});

it(
  'a module host that is told to stop waits 10 seconds for a module that does not end',
  { timeout: 60_000 },
  async (t) => {
    await using forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    const address = { kind: 'unix', path: place.listen.replace('unix:', '') } as const;
    await FakeBridge.open(t, address, [{ module: './sleepers.ts#Clinger' }]);
    const startedAt = performance.now();
    await host.kill('SIGTERM');
    const ms = performance.now() - startedAt;
    assert.ok(ms >= 9_900 && ms < 20_000, `it took ${ms} ms`);
    assert.ok(host.output.some((line) => line.includes('@preDestroy took longer than 10000 ms and is not waited for')));
  },
);
