import { Worker } from 'node:worker_threads';
import type { BenchRow } from './bench-row.js';
import { median } from './measure.js';
import { benchPath, contenders } from './web/contenders.js';
import { countAnswers } from './web/load.js';

const connections = 16;
const roundMs = 120;
const warmUpRounds = 10;
const rounds = 60;
const rivals = ['hono', 'node-http', 'fastify', 'nestjs'] as const;

/**
 * How many requests a web resource answers through the homeserver's listener in a second of its thread's processor time,
 * beside the same handler on other servers: the time that the client takes, and that other programs of the machine take
 * away, is nobody's. The servers are asked by turns, for short; a ratio is the median of those of neighbouring turns, because
 * what else the machine does weighs more than the difference.
 */
export async function web(): Promise<readonly BenchRow[]> {
  const servers = await Promise.all(Object.keys(contenders).map(openServer));
  try {
    const rates = await measureByTurns(servers);
    const own = rates.get('vesicle') ?? [];
    return rivals.map((rival) => {
      const others = rates.get(rival) ?? [];
      return {
        name: `web/${rival}`,
        value: median(own),
        unit: 'requests/s',
        baseline: rival,
        baseline_value: median(others),
        ratio: median(own.map((rate, round) => rate / (others[round] ?? NaN))),
      };
    });
  } finally {
    await Promise.all(servers.map(({ worker }) => worker.terminate()));
  }
}

interface OpenServer {
  readonly name: string;
  readonly port: number;
  readonly worker: Worker;
}

async function measureByTurns(servers: readonly OpenServer[]): Promise<ReadonlyMap<string, number[]>> {
  const rates = new Map<string, number[]>(servers.map(({ name }) => [name, []]));
  for (let round = -warmUpRounds; round < rounds; round++) {
    // Nobody is always measured right behind the same other.
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) {
      const rate = await measureTurn(server);
      if (round >= 0) rates.get(server.name)?.push(rate);
    }
  }
  return rates;
}

async function measureTurn({ port, worker }: OpenServer): Promise<number> {
  const before = await worker.cpuUsage();
  const answered = await countAnswers(port, benchPath, connections, roundMs);
  const after = await worker.cpuUsage();
  return (answered * 1_000_000) / (after.user + after.system - before.user - before.system);
}

function openServer(name: string): Promise<OpenServer> {
  const worker = new Worker(new URL('./web/server-worker.js', import.meta.url), { workerData: name });
  return new Promise((resolve, reject) => {
    worker.once('message', (port: number) => {
      resolve({ name, port, worker });
    });
    worker.once('error', reject);
  });
}
