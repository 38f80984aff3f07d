import { type CachedOptions, recordCached } from '../metadata/cached-record.js';
import { classOf, isClass } from './decorated-class.js';
import { refuseStandard } from './standard-decorator.js';

export { type CachedOptions } from '../metadata/cached-record.js';

/** What results can be kept by. */
type CacheKey = string | number | boolean | null | undefined | readonly CacheKey[];

/**
 * What `@Cached()` returns: it takes async methods only, whose arguments tell results apart.
 *
 * @example
 * ```ts
 * import { Cached, type CachedDecorator } from 'vesicle';
 * export const CachedSmall = (): CachedDecorator => Cached({ maxEntries: 100 });
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a descriptor takes only the very type of its method
export type CachedDecorator = <Keys extends readonly CacheKey[], Result>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<(...keys: Keys) => Promise<Result>>,
) => void;

/**
 * Keeps the results of an async method of a module, or of one of its services, by its arguments (texts, numbers, booleans, null, and
 * lists of them). Calls with the same arguments share one run; failures are not kept. `ModuleApi.invalidateCache` forgets a result,
 * on the other processes of the homeserver too. Each instance has a cache of its own. Synapse: `cached`.
 *
 * @example
 * ```ts
 * import { Cached, Module, ModuleApi } from 'vesicle';
 *
 * \@Module()
 * export class Reputation {
 *   constructor(private readonly api: ModuleApi) {}
 *
 *   \@Cached({ maxEntries: 10_000 })
 *   async scoreOf(server: string): Promise<unknown> {
 *     return this.api.httpClient.getJson(`https://reputation.example/${server}`);
 *   }
 *
 *   async forget(server: string): Promise<void> {
 *     await this.api.invalidateCache(this.scoreOf, [server]);
 *   }
 * }
 * ```
 */
export function Cached(options: CachedOptions = {}): CachedDecorator {
  return (target, method) => {
    refuseStandard('@Cached', method);
    recordCached(classOf(target), { method, isStatic: isClass(target), options });
  };
}
