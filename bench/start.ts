import { fileURLToPath } from 'node:url';
import type { ServerProcess } from '../test/support/server-process.js';
import { SynapseFolder } from '../test/support/synapse.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { startVesicle } from '../test/support/vesicle-process.js';

const rounds = 7;

/** The sample that `npm start` runs. */
const sample = fileURLToPath(new URL('../../samples/word-filter/module.ts', import.meta.url));

/** How long `vesicle dev` with a TypeScript module takes to its first answer, beside a Synapse whose database is there already. */
export async function start(): Promise<BenchRow[]> {
  await using synapse = await SynapseFolder.make();
  const modules = [{ module: sample, config: { banned_words: ['casino'] } }];
  const own = (): Promise<number> => timeOf(startVesicle({ modules }));
  const other = (): Promise<number> => timeOf(synapse.start());
  // The first start of each makes its database and fills caches.
  await own();
  await other();
  const times: { own: number; other: number }[] = [];
  for (let round = 0; round < rounds; round++) times.push({ own: await own(), other: await other() });
  const value = median(times.map((time) => time.own));
  return [benchRow('start/first-answer', value, 'ms', 'synapse', median(times.map((time) => time.other)))];
}

async function timeOf(starting: Promise<ServerProcess>): Promise<number> {
  await using server = await starting;
  return server.startedInMs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
