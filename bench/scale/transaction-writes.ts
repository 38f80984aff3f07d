import { Module, ModuleApi } from 'vesicle';
import { startHomeserver } from 'vesicle/testing';
import { inProject } from '../../test/support/project.js';
import { SynapseFolder } from '../../test/support/synapse.js';
import type { BenchRow } from '../bench-row.js';
import { type CostAt, exponent, growth, leastCosts, processorTime } from './growth.js';

const sizes = [2000, 20_000] as const;

@Module()
class Writer {
  static api: ModuleApi | undefined;

  constructor(api: ModuleApi) {
    Writer.api = api;
  }
}

/** A module's transaction of so many rows, half of them by `executemany`, beside the same on Synapse. */
export async function transactionWrites(): Promise<BenchRow> {
  const synapse = await inSynapse();
  await using _hs = await startHomeserver({ modules: [Writer] });
  // The first time includes the compilation of the code.
  await write(sizes[0]);
  return await growth('transaction-writes', `rows written (${synapse})`, sizes, averaged(write));
}

/** The mean of so many runs that both sizes are measured for as long: on a busy machine a short run may be a lucky one. */
function averaged(cost: CostAt): CostAt {
  return async (size) => {
    const runs = sizes[1] / size;
    let total = 0;
    for (let run = 0; run < runs; run++) total += await cost(size);
    return total / runs;
  };
}

async function write(size: number): Promise<number> {
  const api = Writer.api;
  if (api === undefined) throw new Error('The module was not made');
  await api.runDbInteraction('prepare', async (txn) => {
    await txn.execute('DROP TABLE IF EXISTS written');
    await txn.execute('CREATE TABLE written (name TEXT, count INTEGER)');
  });
  const insert = 'INSERT INTO written VALUES (?, ?)';
  return await processorTime(() =>
    api.runDbInteraction('write', async (txn) => {
      await txn.executemany(insert, rows('many', size / 2));
      for (const row of rows('one', size / 2)) await txn.execute(insert, row);
    }),
  );
}

function* rows(name: string, count: number): Generator<readonly [string, number]> {
  for (let number = 0; number < count; number++) yield [`${name} ${number}`, number];
}

/** What Synapse needs for the same, in words. */
async function inSynapse(): Promise<string> {
  await using folder = await SynapseFolder.make({
    modules: [{ module: 'transaction_driver.Driver', config: {} }],
    pythonPath: [inProject('bench/scale')],
  });
  await using synapse = await folder.start();
  const cost: CostAt = async (size) => {
    const answer = await fetch(`${synapse.url}/_synapse/client/write`, {
      method: 'POST',
      body: JSON.stringify({ rows: size }),
    });
    if (!answer.ok) throw new Error(`Synapse answers ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { readonly ms: number }).ms;
  };
  const costs = await leastCosts(sizes, averaged(cost));
  return `Synapse: ${costs[1].toFixed(0)} ms, exponent ${exponent(sizes, costs).toFixed(2)}`;
}
