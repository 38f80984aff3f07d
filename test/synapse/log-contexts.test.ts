import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { logContextFaults } from '../support/synapse-log-faults.js';

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
