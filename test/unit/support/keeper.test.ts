import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { until } from '../../support/bridged-synapse.js';
import { startCrashing } from '../../support/crashing-process.js';
import { isRunning } from '../../support/server-process.js';

it('a test process that is killed leaves neither processes nor folders', { timeout: 30_000 }, async (t) => {
  const killed = startCrashing(t, 'kept-things.js', []);
  const { pid, folder } = JSON.parse((await killed.line()) ?? '') as { readonly pid: number; readonly folder: string };
  assert.ok(isRunning(pid) && existsSync(folder));
  await killed.kill();
  await until(async () => !isRunning(pid) && !existsSync(folder), 'the end of what it had started');
});
