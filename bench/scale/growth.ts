import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type BenchRow, benchRow } from '../bench-row.js';

/** What is measured: the processor time, in milliseconds, of some work at one size. */
export type CostAt = (size: number) => Promise<number>;

/** How often each size is measured; the smallest figure counts, because everything else on the machine only adds to it. */
const rounds = 3;

/**
 * A row of `scale`: the cost at the largest size beside the one at the size before it. Its ratio is the exponent of the
 * growth between the two: 0 is flat, 1 linear, 2 quadratic.
 */
export async function growth(
  name: string,
  what: string,
  [small, large]: readonly [number, number],
  cost: CostAt,
): Promise<BenchRow> {
  const sizes = [small, large] as const;
  const costs = await leastCosts(sizes, cost);
  const row = benchRow(`scale/${name}`, costs[1], `ms at ${large} ${what}`, `at ${small}`, costs[0]);
  return { ...row, ratio: exponent(sizes, costs) };
}

type Pair = readonly [number, number];

/** The least cost at each of two sizes. */
export async function leastCosts(sizes: Pair, cost: CostAt): Promise<Pair> {
  const costs = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    for (const [index, size] of sizes.entries()) costs[index] = Math.min(costs[index] ?? NaN, await cost(size));
  }
  return [costs[0] ?? NaN, costs[1] ?? NaN];
}

/** How costs grow between two sizes: 0 is flat, 1 linear, 2 quadratic. */
export function exponent([small, large]: Pair, [less, more]: Pair): number {
  return Math.log(more / less) / Math.log(large / small);
}

/** Processor time, in milliseconds, that this process spends on some work. */
export async function processorTime(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Collects the garbage of a preparation, so that it is no part of what is measured next; what lives on is old then, as
 * is what has waited for seconds in a server.
 */
export function collectGarbage(): void {
  collect();
}
