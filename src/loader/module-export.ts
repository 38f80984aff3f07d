import { didYouMean } from '../errors/nearest-name.js';
import type { Class } from '../metadata/metadata-store.js';
import { readModuleOptions, readOwnModuleOptions } from '../metadata/module-options.js';

/** What a file or package exports. */
export type Namespace = Readonly<Record<string, unknown>>;

/** The class that an entry means, or why there is none. */
export type SelectedClass = { readonly type: Class } | { readonly fault: string };

/** Picks the module among the exports: the one named; else the default export, else the only one with `@Module`. */
export function selectModuleClass(namespace: Namespace, source: string, exportName?: string): SelectedClass {
  if (exportName !== undefined) return namedExport(namespace, source, exportName);
  if (isModule(namespace['default'])) return { type: namespace['default'] };
  const marked = Object.entries(namespace).filter(([, value]) => isMarked(value));
  const decorated = marked.length > 0 ? marked : Object.entries(namespace).filter(([, value]) => isModule(value));
  const types = new Set(decorated.map(([, value]) => value as Class));
  const [type, second] = types;
  if (type === undefined) return { fault: nothingDecorated(namespace, source) };
  if (second === undefined) return { type };
  const names = decorated.map(([name]) => name).sort();
  return {
    fault: `${source} exports several modules: ${names.join(', ')}. Write "${source}#${names[0] ?? ''}" or another of them.`,
  };
}

/** Why a value is no module; undefined for one that is. */
export function classFault(value: unknown, name: string): string | undefined {
  if (isModule(value)) return undefined;
  return typeof value === 'function'
    ? `the class ${name} is not a module. Mark it with @Module().`
    : `"${name}" is not a class. Export a class with @Module().`;
}

/** Whether `@Module` stands on this very class, not on one that it extends. */
function isMarked(value: unknown): boolean {
  return typeof value === 'function' && readOwnModuleOptions(value) !== undefined;
}

function isModule(value: unknown): value is Class {
  return typeof value === 'function' && readModuleOptions(value) !== undefined;
}

function namedExport(namespace: Namespace, source: string, name: string): SelectedClass {
  const names = Object.keys(namespace);
  if (!Object.hasOwn(namespace, name)) {
    const others = didYouMean(name, names) || ` Its exports are: ${names.join(', ') || 'none'}.`;
    return { fault: `${source} has no export "${name}".${others}` };
  }
  const fault = classFault(namespace[name], name);
  return fault === undefined ? { type: namespace[name] as Class } : { fault };
}

function nothingDecorated(namespace: Namespace, source: string): string {
  const classes = Object.entries(namespace).filter(([, value]) => typeof value === 'function');
  const [only, second] = classes;
  if (only !== undefined && second === undefined) return `${source} exports no module. Mark ${only[0]} with @Module().`;
  return `${source} exports no module. Export a class with @Module().`;
}
