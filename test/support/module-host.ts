import type { ModuleApi } from '../../src/module-api/module-api.js';
import type { Registrar } from '../../src/module-api/registrar.js';
import { Dispatcher } from '../../src/dispatch/dispatcher.js';
import type { LoadedModule, ModuleHost } from '../../src/container/running-modules.js';
import type { Class } from '../../src/metadata/metadata-store.js';
import { WebResources } from '../../src/web/web-resources.js';
import { bareModuleApi } from './bare-module-api.js';
import { RecordingLog } from './recording-log.js';

/** A host for modules without a homeserver behind it. */
export class TestModuleHost implements ModuleHost {
  readonly log = new RecordingLog();
  readonly dispatch = new Dispatcher({ log: this.log });
  readonly webResources = new WebResources(this.log);
  readonly createModuleApi = (registrar: Registrar): ModuleApi => bareModuleApi(registrar);
}

/** A module as the configuration gives it. */
export function loaded(type: Class, config: unknown = {}, more: Partial<LoadedModule> = {}): LoadedModule {
  return { name: `./${type.name}.ts`, type, config, at: 'vesicle.yaml:3:5', ...more };
}
