import type { CallbackPolicy } from '../callbacks/callback-options.js';
import { Configuration } from '../config/configuration.js';
import type { LoadedModule } from '../loader/loaded-module.js';
import { loadModules } from '../loader/module-source.js';
import type { JsonObject } from '../matrix/json.js';
import { type Class, isConstructor } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';

/**
 * A service of a module, and what stands in for it: an object, or a class that the module's container makes. The key is a class
 * (of the module's `services`, `ModuleApi` or `Logger`), or a text or symbol of `@inject`.
 *
 * @example
 * ```ts
 * import { type ServiceDouble } from 'vesicle/testing';
 * class Dictionary {
 *   async has(word: string): Promise<boolean> {
 *     return word === 'casino';
 *   }
 * }
 * const double: ServiceDouble = [Dictionary, { has: async () => true }];
 * ```
 */
export type ServiceDouble = readonly [key: ServiceKey, double: unknown];

/**
 * A module under test with everything that can be said of it.
 *
 * @example
 * ```ts
 * import { Module } from 'vesicle';
 * import { type ModuleUnderTest } from 'vesicle/testing';
 * \@Module()
 * class Quiet {}
 * const audited: ModuleUnderTest = { module: Quiet, config: { level: 3 }, mode: 'audit' };
 * ```
 */
export interface ModuleUnderTest extends CallbackPolicy {
  /** Its class; or a path or package as in the configuration file, paths from the working directory. */
  readonly module: Class | string;
  /** As it would stand in YAML. */
  readonly config?: unknown;
  /** By name of the callback, before what holds for the whole module. */
  readonly callbacks?: Readonly<Record<string, CallbackPolicy>>;
  /** Stand-ins for services. */
  readonly services?: readonly ServiceDouble[];
}

/**
 * A module under test: its class, its class with the configuration as it would stand in YAML, or more. A text in place of
 * the class is a path or package as in the configuration file.
 *
 * @example
 * ```ts
 * import { Module } from 'vesicle';
 * import { type TestModule } from 'vesicle/testing';
 * \@Module()
 * class Quiet {}
 * const modules: TestModule[] = [[Quiet, { level: 3 }], { module: Quiet, mode: 'off' }, './word-filter.ts'];
 * ```
 */
export type TestModule = Class | string | readonly [module: Class | string, config?: unknown] | ModuleUnderTest;

/** A module in its long form. */
export function describeTestModule(item: TestModule): ModuleUnderTest {
  if (typeof item === 'function' || typeof item === 'string') return { module: item };
  if (!isPair(item)) return item;
  const [module, config] = item;
  return { module, config };
}

/** The configuration of a homeserver under test, and its modules, checked as those of a file. */
export async function loadTestModules(
  items: readonly ModuleUnderTest[],
  config: JsonObject,
): Promise<{ readonly configuration: Configuration; readonly modules: readonly LoadedModule[] }> {
  const classes = new ClassNames();
  const configuration = Configuration.of({
    server_name: 'localhost',
    // A test has many accounts, and passwords that nobody wants to know.
    bcrypt_rounds: 4,
    ...config,
    modules: items.map((item) => configItem(item, classes)),
  });
  const loaded = await loadModules(configuration, { resolve: (name) => classes.find(name) });
  const modules = loaded.map((module, index) => ({ ...module, services: servicesOf(items[index]?.services ?? []) }));
  return { configuration, modules };
}

/** Names under which classes stand in the configuration. */
class ClassNames {
  private readonly classes = new Map<string, Class>();

  nameOf(type: Class): string {
    for (let count = 1; ; count++) {
      const name = count === 1 ? type.name : `${type.name} (${String(count)})`;
      const known = this.classes.get(name);
      if (known !== undefined && known !== type) continue;
      this.classes.set(name, type);
      return name;
    }
  }

  find(name: string): Class | undefined {
    return this.classes.get(name);
  }
}

function configItem(item: ModuleUnderTest, classes: ClassNames): object {
  const { module, config, callbacks, services: _services, ...policy } = item;
  return {
    module: typeof module === 'string' ? module : classes.nameOf(module),
    ...(config !== undefined && { config }),
    ...configPolicy(policy),
    ...(callbacks && {
      callbacks: Object.fromEntries(Object.entries(callbacks).map(([name, its]) => [name, configPolicy(its)])),
    }),
  };
}

/** A policy with the names of the configuration file. */
function configPolicy({ onFailure, ...policy }: CallbackPolicy): object {
  return { ...policy, ...(onFailure !== undefined && { on_failure: onFailure }) };
}

function servicesOf(doubles: readonly ServiceDouble[]): readonly ModuleService[] {
  return doubles.map(([provide, double]) =>
    isConstructor(double) ? { provide, useClass: double } : { provide, useValue: double },
  );
}

function isPair(
  item: Exclude<TestModule, Class | string>,
): item is readonly [module: Class | string, config?: unknown] {
  return Array.isArray(item);
}
