import { ModuleApi } from '../../src/module-api/module-api.js';
import type { Registrar } from '../../src/module-api/registrar.js';

/** A `ModuleApi` that can register and nothing else: for tests without a homeserver. */
export function bareModuleApi(registrar: Registrar): ModuleApi {
  // The methods that talk to a homeserver are abstract: absent here.
  const Registering = ModuleApi as unknown as new (registrar: Registrar) => ModuleApi;
  return new Registering(registrar);
}
