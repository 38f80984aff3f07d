import type { CachedFunction } from '../cached-function.js';
import { VesicleError } from '../../errors/vesicle-error.js';

/** Entries that a cache has unless its author says otherwise (`util/caches/descriptors.py`). */
const usualEntries = 1000;

interface Options {
  /** Names the cache on every process of the homeserver. */
  readonly cacheName: string;
  readonly maxEntries?: number | undefined;
}

/** Keeps the results of a function by its arguments; what fails is not kept. */
export function cachedFunction(
  compute: (...args: readonly unknown[]) => Promise<unknown>,
  { cacheName, maxEntries = usualEntries }: Options,
): CachedFunction {
  const results = new Map<string, Promise<unknown>>();
  const keyOf = (args: readonly unknown[]): string => keyText(args, cacheName);

  const keep = (key: string, result: Promise<unknown>): void => {
    results.delete(key);
    results.set(key, result);
    const oldest = results.keys().next();
    if (results.size > maxEntries && oldest.done !== true) results.delete(oldest.value);
  };

  const call = async (...args: readonly unknown[]): Promise<unknown> => {
    const key = keyOf(args);
    const known = results.get(key);
    const result = known ?? compute(...args);
    keep(key, result);
    if (known !== undefined) return known;
    try {
      return await result;
    } catch (error) {
      if (results.get(key) === result) results.delete(key);
      throw error;
    }
  };

  return Object.assign(call, {
    cacheName,
    invalidate: (keys: readonly unknown[]) => {
      results.delete(keyOf(keys));
    },
    invalidateAll: () => {
      results.clear();
    },
    prefill: (keys: readonly unknown[], value: unknown) => {
      keep(keyOf(keys), Promise.resolve(value));
    },
  });
}

/** Equal for equal arguments; those left out and those undefined are the same. */
function keyText(args: readonly unknown[], cacheName: string): string {
  const count = args.findLastIndex((arg) => arg !== undefined) + 1;
  return JSON.stringify(args.slice(0, count).map((arg) => keyPart(arg, cacheName)));
}

function keyPart(value: unknown, cacheName: string): unknown {
  if (Array.isArray(value)) return value.map((member: unknown) => keyPart(member, cacheName));
  if (value === undefined) return { undefined: true };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  // JSON has no word for these numbers.
  if (typeof value === 'number') return Number.isFinite(value) ? value : { number: String(value) };
  throw new VesicleError('KERNEL_CACHE_KEY_INVALID', { method: cacheName, type: typeof value });
}
