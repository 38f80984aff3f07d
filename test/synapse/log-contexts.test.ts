import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { logContextFaults } from '../support/synapse-log-faults.js';
import { VesicleHost } from '../support/vesicle-host.js';

const idle = `
class Idle:
    def __init__(self, config, api):
        async def on_new_event(event, state):
            return None

        api.register_third_party_rules_callbacks(on_new_event=on_new_event)
`;

it(
  'the one warning that tests of the bridge overlook is given for a Python module, too',
  { timeout: 120_000 },
  async () => {
    await using forks = await SynapseForks.open();
    const folder = await forks.newFolder();
    await writeFile(join(folder, 'idle.py'), idle);
    await using synapse = await forks.start(folder, { modules: [{ module: 'idle.Idle' }] }, { PYTHONPATH: folder });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    await alice.createRoom();
    const warned = async (): Promise<boolean> =>
      (await synapse.output()).includes('Re-starting finished log context POST-');
    await until(warned, 'the warning');
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  },
);

it(
  'what a module asks and does not await is done although its question is over, and no log context is lost over it',
  { timeout: 120_000 },
  async () => {
    await using forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse({}, [{ module: './hasty.ts', config: { diary: place.diaryFile } }]);
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    for (const what of ['reads', 'state', 'database', 'sends', 'fails']) {
      for (const kind of [what, `${what}later`]) {
        assert.equal((await alice.send(room, `${kind} 20`)).status, 200, kind);
        for (let number = 0; number < 20; number++) await place.noted(`${kind} ${number}`);
      }
    }
    assert.equal((await place.diary()).length, 200);
    const output = await synapse.output();
    // Nobody is told of new events here, so that Synapse has no cause of its own to warn.
    assert.doesNotMatch(output, /Re-starting finished log context/);
    await assertCleanLog(synapse);
  },
);
