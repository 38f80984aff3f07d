import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchRow, benchRow } from '../bench-row.js';
import { byTurns } from '../measure.js';
import { asking, type CostOf, withBridgedSynapse } from './bridged-synapse.js';

const rounds = 5;
const megabyte = 1_000_000;

/** What an event of 64 KB costs Synapse when many are asked about at once, beside one after the other. */
export async function bridgeEvents64k(): Promise<BenchRow> {
  return await withBridgedSynapse(async (cost) => {
    const content = { msgtype: 'm.text', body: 'x'.repeat(61_000) };
    const events = (inFlight: number) => () =>
      cost({ module: asking.vesicle, content, calls: 1000, in_flight: inFlight });
    const { many = NaN, one = NaN } = await byTurns({ many: events(32), one: events(1) }, rounds);
    return benchRow('scale/bridge-events-64k', many, 'us of Synapse at 32 in flight', 'at 1', one);
  });
}

/** What a call of `ModuleApi` inside a callback costs Synapse, beside the same call in a Python module. */
export async function apiCall(): Promise<BenchRow> {
  return await apiCalls('scale/api-call', 1);
}

/** The same, when a module makes ten calls at once. */
export async function apiCall10(): Promise<BenchRow> {
  return await apiCalls('scale/api-call-10', 10);
}

async function apiCalls(name: string, atOnce: number): Promise<BenchRow> {
  return await withBridgedSynapse(async (cost) => {
    const each = 50 / atOnce;
    const calls = (module: number) => async () =>
      (await cost({ module, content: { rounds: each, at_once: atOnce }, calls: 100 })) / 50;
    const { vesicle = NaN, python = NaN } = await byTurns(
      { vesicle: calls(asking.vesicle), python: calls(asking.python) },
      rounds,
    );
    return benchRow(name, vesicle, 'us of Synapse a call', 'Python module', python);
  });
}

/** What it costs Synapse that a module reads a file of 50 MB, beside a Python module. */
export async function media50mb(): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-media-'));
  try {
    const file = join(folder, 'media');
    await writeFile(file, randomBytes(50 * megabyte));
    return await withBridgedSynapse(async (cost) => await mediaRow(cost, file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mediaRow(cost: CostOf, file: string): Promise<BenchRow> {
  const read = (module: number) => async () => (await cost({ module, file, calls: 1 })) / 1000;
  const { vesicle = NaN, python = NaN } = await byTurns(
    { vesicle: read(asking.vesicle), python: read(asking.python) },
    rounds,
  );
  return benchRow('scale/media-50mb', vesicle, 'ms of Synapse', 'Python module', python);
}
