import { HostError } from '../errors/host-error.js';

/**
 * A method whose results are kept (`synapse.module_api.CachedFunction`). Failures are not kept.
 *
 * @example
 * ```ts
 * import { type CachedFunction } from 'vesicle';
 * const forget = async (scores: CachedFunction<readonly [string], number>) => scores.invalidate(['word']);
 * ```
 */
export interface CachedFunction<Keys extends readonly unknown[] = readonly unknown[], Result = unknown> {
  (...keys: Keys): Promise<Result>;
  /** Names the cache on every process of the homeserver. */
  readonly cacheName: string;
  /** Forgets the result for these arguments. */
  readonly invalidate: (keys: Keys) => void;
  /** Forgets all results. */
  readonly invalidateAll: () => void;
  /** Keeps a result that was got elsewhere. */
  readonly prefill: (keys: Keys, value: Result) => void;
}

/** What a function is that `invalidateCache` was given, or the error of Python for a function without a cache. */
export function asCachedFunction<Keys extends readonly unknown[]>(
  given: (...keys: Keys) => Promise<unknown>,
): CachedFunction<Keys> {
  if ('invalidate' in given) return given as CachedFunction<Keys>;
  throw new HostError(
    'AttributeError',
    `'${given.name}' has no attribute 'invalidate'. Mark the method with @Cached(), of the module or of one of its services.`,
  );
}
