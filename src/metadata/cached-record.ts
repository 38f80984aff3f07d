import { MetadataRows } from './metadata-store.js';

/**
 * Options of `@Cached`.
 *
 * @example
 * ```ts
 * import { type CachedOptions } from 'vesicle';
 * const options: CachedOptions = { maxEntries: 10_000 };
 * ```
 */
export interface CachedOptions {
  /** How many results are kept; 1000 when absent. The one that was not asked for the longest goes first. */
  readonly maxEntries?: number;
}

/** One `@Cached`: nothing of it is checked yet. */
export interface CachedRecord {
  readonly method: string | symbol;
  readonly isStatic: boolean;
  readonly options: CachedOptions;
}

const rows = new MetadataRows<CachedRecord>('cached');

/** Records that the results of a method are kept. */
export function recordCached(type: object, record: CachedRecord): void {
  rows.add(type, record);
}

/** The methods of a class whose results are kept; a class that decorates a method again replaces what its base class said. */
export function readCached(type: object): readonly CachedRecord[] {
  const all = rows.all(type);
  return all.length < 2 ? all : [...new Map(all.map((record) => [record.method, record])).values()];
}
