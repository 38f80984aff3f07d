import type { Class } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';

/** What a service is asked for by. */
export function keyOfService(service: ModuleService): ServiceKey {
  return typeof service === 'function' ? service : service.provide;
}

/** The class that is made for a service; undefined for a value. */
export function classOfService(service: ModuleService): Class | undefined {
  if (typeof service === 'function') return service;
  return 'useClass' in service ? service.useClass : undefined;
}

/** A key as a message names it. */
export function nameOfKey(key: ServiceKey): string {
  return typeof key === 'function' ? key.name : typeof key === 'string' ? `"${key}"` : String(key);
}

/** Whether a service is made once for all instances of its module. */
export function isSharedService(service: ModuleService | undefined): boolean {
  return typeof service === 'object' && 'useClass' in service && service.isShared === true;
}
