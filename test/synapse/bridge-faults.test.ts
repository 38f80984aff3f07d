import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runBridgeScript } from '../support/bridge-script.js';
import { pythonIsMissing } from '../support/python-tools.js';

const skip = await pythonIsMissing();

/** Has a script try many cases; it finds nothing wrong. */
async function findsNothing(script: string, trials: number): Promise<void> {
  const { problems } = JSON.parse(await runBridgeScript(script, [String(trials)])) as {
    readonly problems: readonly string[];
  };
  assert.deepEqual(problems, []);
}

describe('the bridge, when something is refused or lost', { skip, concurrency: true }, () => {
  it('registers what Synapse refused as soon as Synapse takes it, once, and has the modules asked', async () => {
    await findsNothing('refused_registrations.py', 300);
  });

  it('forgets no callback that is registered while the modules are opened, whatever comes in one read', async () => {
    await findsNothing('early_registrations.py', 500);
  });
});
