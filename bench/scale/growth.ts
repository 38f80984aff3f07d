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
  const costs = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    for (const size of [small, large]) costs.set(size, Math.min(costs.get(size) ?? Infinity, await cost(size)));
  }
  const [less, more] = [costs.get(small) ?? NaN, costs.get(large) ?? NaN];
  const row = benchRow(`scale/${name}`, more, `ms at ${large} ${what}`, `at ${small}`, less);
  return { ...row, ratio: Math.log(more / less) / Math.log(large / small) };
}

/** Processor time, in milliseconds, that this process spends on some work. */
export async function processorTime(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
