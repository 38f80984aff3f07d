import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { MatrixClient } from '../support/matrix-client.js';
import { inProject } from '../support/project.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { residentMemory } from '../support/server-process.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const skip = await pythonIsMissing();

/** A longer run: `VESICLE_LONG_RUN=10 node test/run.mjs --only long-run` asks ten times as much. */
const scale = Number(process.env['VESICLE_LONG_RUN'] ?? 1);

/** What of Synapse may be more at the end than before, in bytes of memory and in objects. */
const allowed = { synapse: 15_000_000, host: 3_000_000, objects: 2_000 };

it(
  'thousands of questions, time-outs and lost connections leave nothing behind',
  { skip, timeout: 120_000 + 60_000 * scale },
  async (t) => {
    await using forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    const config = { connect: place.listen, modules: [{ module: './patient.ts' }], timeout: 50 };
    const modules = [
      { module: 'vesicle_bridge.VesicleBridge', config },
      { module: 'link_probe.LinkProbe', config: {} },
    ];
    // A hundred connections are lost one after the other: the usual pauses between attempts would take minutes.
    await writeChangedBridge(place.folder, { RESTART_LAST: 0.1 });
    const env = { PYTHONPATH: `${place.folder}:${inProject('test/synapse/python')}` };
    await using synapse = await forks.start(place.folder, { modules }, env);
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const probe = '/_synapse/client/link_probe';

    const ask = async (
      count: number,
      ...questions: readonly (readonly [string, readonly unknown[]])[]
    ): Promise<void> => {
      const { status } = await alice.request('POST', probe, { ask: questions, count: Math.ceil(count), at_once: 64 });
      assert.equal(status, 200);
    };
    const answered = (count: number): Promise<void> =>
      ask(
        count / 2,
        ['spam_checker.user_may_join_room', ['@alice:hs.test', '!a:hs.test', false]],
        ['third_party_event_rules.check_visibility_can_be_modified', ['!a:hs.test', {}, 'public']],
      );
    const cancelled = (count: number): Promise<void> =>
      ask(count, ['spam_checker.user_may_join_room', ['@never:hs.test', '!a:hs.test', false]]);
    const late = (count: number): Promise<void> =>
      ask(count, ['spam_checker.user_may_invite', ['@alice:hs.test', '@bob:hs.test', '!a:hs.test']]);
    const connected = async (): Promise<boolean> =>
      (await alice.request('GET', '/_synapse/client/patient/here')).status === 200;
    const reconnected = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) {
        await alice.request('POST', probe, { drop: true });
        await until(connected, 'a connection');
      }
    };

    interface Sizes {
      readonly [name: string]: number;
    }
    const sizes = async (what: string): Promise<Sizes> => {
      const tables = async (): Promise<Sizes> => (await alice.request('GET', probe)).body as Sizes;
      const isQuiet = async (): Promise<boolean> => {
        const { links, lost = 0, pending, deadlines, handles, transactions, out } = await tables();
        return links === 1 && lost <= 1 && [pending, deadlines, handles, transactions, out].every((size) => size === 0);
      };
      await until(isQuiet, 'empty tables of one connection');
      const { heap } = (await alice.request('GET', '/_synapse/client/patient/heap')).body;
      const found = {
        objects: (await tables())['objects'] ?? 0,
        synapse: residentMemory(synapse.pid),
        heap: Number(heap),
        host: residentMemory(host.pid),
      };
      t.diagnostic(`${what}: ${JSON.stringify(found)}`);
      return found;
    };

    // Caches fill up first.
    await answered(2_000);
    await cancelled(200);
    await late(200);
    await reconnected(20);
    const before = await sizes('at first');
    await answered(10_000 * scale);
    await sizes('after questions');
    await cancelled(500 * scale);
    await late(500 * scale);
    await sizes('after time-outs');
    await reconnected(100 * scale);
    const after = await sizes('after lost connections');
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    assert.ok(grown('objects') < allowed.objects, `${grown('objects')} objects more in Synapse`);
    assert.ok(grown('synapse') < allowed.synapse, `Synapse takes ${grown('synapse')} bytes more`);
    assert.ok(grown('heap') < allowed.host, `the heap of the module host has ${grown('heap')} bytes more`);
    await assertCleanLog(synapse);
  },
);
