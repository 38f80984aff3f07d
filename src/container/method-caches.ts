import type { CachedFunction } from '../module-api/cached-function.js';
import type { ModuleApi } from '../module-api/module-api.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { type CachedRecord, readCached } from '../metadata/cached-record.js';
import type { Class } from '../metadata/metadata-store.js';
import { cachedFunction } from '../module-api/shared/cached-function.js';

/** Checks the `@Cached` of a class; what is wrong goes to `mistakes`. */
export function checkCached(type: Class, mistakes: VesicleError[]): void {
  for (const { method, isStatic, options } of readCached(type)) {
    const where = `${type.name}.${String(method)}`;
    const { maxEntries = 1 } = options;
    if (isStatic) mistakes.push(new VesicleError('STATIC_MEMBER', { where, decorator: '@Cached()' }));
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
      mistakes.push(
        new VesicleError('CACHED_OPTION_INVALID', {
          method: where,
          problem: 'maxEntries must be a whole number above 0',
        }),
      );
    }
  }
}

/** Puts caches in the place of methods that are marked `@Cached`, and makes them known to the homeserver. */
export class MethodCaches {
  private registering: WeakMap<object, Promise<void>> | undefined;

  constructor(
    /** Whose caches those of a class are, for all processes of the homeserver. */
    private readonly ownerOf: (type: Class) => string,
    private readonly api: ModuleApi,
  ) {}

  /** Wraps the methods of a new instance. */
  constructed(instance: object, type: Class): void {
    const cached = readCached(type);
    if (cached.length === 0 || this.registering?.has(instance) === true) return;
    const functions = cached.flatMap((record) => wrapMethod(instance, this.ownerOf(type), record));
    const registering = this.register(functions);
    // Whoever waits for it hears of a failure.
    registering.catch(() => undefined);
    this.registering ??= new WeakMap<object, Promise<void>>();
    this.registering.set(instance, registering);
  }

  /** Resolves when the homeserver knows the caches of an instance; undefined for one that has none. */
  ready(instance: object): Promise<void> | undefined {
    return this.registering?.get(instance);
  }

  private async register(functions: readonly CachedFunction[]): Promise<void> {
    for (const cached of functions) await this.api.registerCachedFunction(cached);
  }
}

type Methods = Readonly<Record<string | symbol, ((...args: readonly unknown[]) => Promise<unknown>) | undefined>>;

function wrapMethod(instance: object, owner: string, { method, options }: CachedRecord): readonly CachedFunction[] {
  const compute = (instance as Methods)[method];
  if (compute === undefined) return [];
  const cacheName = `${owner}.${String(method)}`;
  const value = cachedFunction(compute.bind(instance), { cacheName, maxEntries: options.maxEntries });
  Object.defineProperty(instance, method, { value, configurable: true, writable: true });
  return [value];
}
