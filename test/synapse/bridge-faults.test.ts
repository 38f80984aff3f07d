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
    await findsNothing('refused_registrations.py', 150);
  });

  it('forgets no callback that is registered while the modules are opened, whatever comes in one read', async () => {
    await findsNothing('early_registrations.py', 250);
  });

  it('loses a link that cannot be written to, soon and with the reason, and changes no log context', async () => {
    await findsNothing('broken_writes.py', 100);
  });

  it('answers each statement, and does it in its own attempt or not at all, whenever a transaction ends', async () => {
    await findsNothing('late_statements.py', 60);
  });

  it('loses no call of another thread while it waits for the modules at the start', async () => {
    await findsNothing('thread_calls.py', 1_000);
  });

  it('waits for functions, slots and notifications as long as for their callbacks, and no longer', async () => {
    await findsNothing('deadlines.py', 30);
  });
});
