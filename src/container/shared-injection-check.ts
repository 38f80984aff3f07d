import { ModuleApi } from '../api/module-api.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { readParameters } from '../metadata/injection.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';
import { classOfService, isSharedService, nameOfKey } from './service-key.js';

/** What shared services ask for that belongs to one instance of their module alone. */
export function checkSharedServices(services: ReadonlyMap<ServiceKey, ModuleService>): readonly VesicleError[] {
  const isOwn = (key: ServiceKey): boolean => {
    const service = services.get(key);
    if (service === undefined) return key === ModuleApi;
    return classOfService(service) !== undefined && !isSharedService(service);
  };
  return [...services.values()].flatMap((service) => {
    const type = isSharedService(service) ? classOfService(service) : undefined;
    const keys = type === undefined ? [] : readParameters(type).flatMap(({ key }) => (key === undefined ? [] : [key]));
    return keys.filter(isOwn).map((key) => new VesicleError('KERNEL_SHARED_ASKS', [type?.name ?? '', nameOfKey(key)]));
  });
}
