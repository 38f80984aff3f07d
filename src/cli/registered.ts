import type { ModuleParts } from './dev-server.js';
import type { RegisteredByModule } from './registered-table.js';

/** What each module of a homeserver registered, in the order of the configuration. */
export function registeredByModule({ modules, dispatch, webResources }: ModuleParts): RegisteredByModule[] {
  return modules.list.map(({ name }) => ({
    module: name,
    callbacks: dispatch
      .registered()
      .filter((callback) => callback.module === name)
      .map(({ category, name: callback, loginType, mode }) => {
        const forType = loginType === undefined ? '' : ` (${loginType})`;
        return `${category}.${callback}${forType}${mode === 'enforce' ? '' : ` [${mode}]`}`;
      }),
    webResources: webResources.list
      .filter((resource) => resource.moduleName === name)
      .map((resource) => `${resource.path}${resource.isSubtree ? '/*' : ''}`),
  }));
}
