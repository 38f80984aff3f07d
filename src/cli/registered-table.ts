import { textTable } from './text-table.js';

/** What one module registered. */
export interface RegisteredByModule {
  readonly module: string;
  /** `category.name`. */
  readonly callbacks: readonly string[];
  /** Paths. */
  readonly webResources: readonly string[];
}

/** A table of what each module registered. */
export function registeredTable(modules: readonly RegisteredByModule[]): string {
  if (modules.length === 0) return 'No modules. Add "modules:" with "- module: ./my-module.ts" to the configuration.';
  const rows = modules.flatMap(({ module, callbacks, webResources }) => {
    const registered = [
      ...callbacks.map((name) => ['callback', name]),
      ...webResources.map((path) => ['web resource', path]),
    ];
    const listed = registered.length === 0 ? [['nothing', '']] : registered;
    return listed.map((cells, index) => [index === 0 ? module : '', ...cells]);
  });
  return textTable(rows, ['module', 'registers', '']);
}
