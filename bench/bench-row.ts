/** One measured figure beside its baseline, both from the same run. */
export interface BenchRow {
  /** `dispatch/one`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with. */
  readonly baseline: string;
  readonly baseline_value: number;
  /** `value / baseline_value`. */
  readonly ratio: number;
}

/** The file of a bench exports a function that is called like it; it may take the names of the rows that are asked for. */
export type BenchFile = Readonly<Record<string, (only: readonly string[]) => Promise<readonly BenchRow[]>>>;

/** A row with its ratio. */
export function benchRow(name: string, value: number, unit: string, baseline: string, baselineValue: number): BenchRow {
  return { name, value, unit, baseline, baseline_value: baselineValue, ratio: value / baselineValue };
}
