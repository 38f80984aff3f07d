import type { ModuleApi } from '../api/module-api.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { readCached } from '../metadata/cached-record.js';
import type { Class } from '../metadata/metadata-store.js';
import { cachedFunction } from '../kernel/cached-function.js';

/** Checks the `@Cached` of a class; what is wrong goes to `mistakes`. */
export function checkCached(type: Class, mistakes: VesicleError[]): void {
  for (const { method, isStatic, options } of readCached(type)) {
    const where = `${type.name}.${String(method)}`;
    const { maxEntries = 1 } = options;
    if (isStatic) mistakes.push(new VesicleError('STATIC_MEMBER', [where, '@Cached()']));
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
      mistakes.push(new VesicleError('CACHED_OPTION_INVALID', [where, 'maxEntries must be a whole number above 0']));
    }
  }
}

/** Puts caches in the place of the methods of an instance that are marked `@Cached`, and makes them known to the homeserver. */
export async function cacheMethods(instance: object, owner: string, api: ModuleApi): Promise<void> {
  for (const { method, options } of readCached(instance.constructor)) {
    const compute = (instance as Readonly<Record<string | symbol, (...args: readonly unknown[]) => Promise<unknown>>>)[
      method
    ];
    if (compute === undefined) continue;
    const cacheName = `${owner}.${String(method)}`;
    const value = cachedFunction(compute.bind(instance), { cacheName, maxEntries: options.maxEntries });
    Object.defineProperty(instance, method, { value, configurable: true, writable: true });
    await api.registerCachedFunction(value);
  }
}
