import { callbackRules } from '../callbacks/registry.js';
import type { ConfigClass } from '../config/module/class-libraries.js';
import type { Configuration } from '../config/configuration.js';
import { type ConfigurableModule, readModuleConfig } from '../config/module/module-config.js';
import { type ModuleEntry, readModuleEntry } from '../config/module/module-entry.js';
import type { ConfigCursor } from '../config/values/config-cursor.js';
import { formatPath } from '../config/values/problem.js';
import { didYouMean } from '../errors/nearest-name.js';
import type { Class } from '../metadata/metadata-store.js';
import { readModuleOptions } from '../metadata/module-options.js';
import { readUnits } from '../metadata/unit-record.js';
import type { LoadedModule } from './loaded-module.js';
import { classFault, selectModuleClass } from './module-export.js';
import { importModule } from './module-file.js';

/** A module and the files that its code came from. */
export interface SourcedModule extends LoadedModule {
  /** Absolute paths of the module's own files, without packages; to be watched. */
  readonly files: readonly string[];
}

/** How modules are found. */
export interface LoadModulesOptions {
  /** Offers a class for the name of an entry before files and packages are looked at. */
  readonly resolve?: (name: string) => Class | undefined;
  /** Told of each class that was found, whether or not its configuration is right. */
  readonly onFound?: (index: number, type: Class, files: readonly string[]) => void;
  /** Reads the files again, also those that were loaded before. */
  readonly isFresh?: boolean;
}

/**
 * Finds the class of each item of `modules`, in order, and checks its configuration. Unlike Synapse, which ends with the first
 * fault, this goes on behind one, so that everything wrong with the file is thrown in one `CONFIG_INVALID`.
 */
export async function loadModules(
  configuration: Configuration,
  options: LoadModulesOptions = {},
): Promise<readonly SourcedModule[]> {
  const loader = new ModuleLoader(configuration, options);
  const modules: SourcedModule[] = [];
  for (const [index, entry] of configuration.moduleEntries.entries()) {
    const loaded = await loader.load(entry, index);
    if (loaded !== null) modules.push(loaded);
  }
  configuration.throwProblems();
  return modules;
}

/** A class that was found, and where. */
interface FoundClass {
  readonly type: Class;
  readonly files: readonly string[];
}

class ModuleLoader {
  constructor(
    private readonly configuration: Configuration,
    private readonly options: LoadModulesOptions,
  ) {}

  async load(value: unknown, index: number): Promise<SourcedModule | null> {
    const place = this.configuration.placeOf([...this.configuration.modulesPath, index]);
    const entry = readModuleEntry(value, place);
    if (entry === null) return null;
    checkCallbackNames(entry, place);
    const found = await this.find(entry.name, place.at('module'));
    if (found === null) return null;
    this.options.onFound?.(index, found.type, found.files);
    const described = describe(entry.name, found.type, place.at('module'));
    if (described === null) return null;
    const config = await readModuleConfig(described, entry.config, place.at('config'), readUnits);
    if (config === null) return null;
    const at = this.configuration.locationOf(place.path) ?? formatPath(place.path);
    const policy = entry.policy === undefined ? {} : { policy: entry.policy };
    const { type, files } = found;
    return { name: entry.name, type, config: config.value, rawConfig: config.mapping, at, files, ...policy };
  }

  private async find(name: string, place: ConfigCursor): Promise<FoundClass | null> {
    const offered = this.options.resolve?.(name);
    if (offered !== undefined) {
      const fault = classFault(offered, offered.name);
      return fault === undefined ? { type: offered, files: [] } : place.report(fault);
    }
    const [source, exportName] = splitExportName(name);
    const imported = await importModule(source, this.configuration.directory, this.options.isFresh ?? false);
    if ('fault' in imported) return place.withCause(imported.error).report(...imported.fault);
    const selected = selectModuleClass(imported.namespace, source, exportName);
    return 'fault' in selected ? place.report(selected.fault) : { type: selected.type, files: imported.files };
  }
}

/** `./rules.ts#NoLinks` is the export `NoLinks` of `./rules.ts`. */
function splitExportName(name: string): readonly [source: string, exportName: string | undefined] {
  const hash = name.lastIndexOf('#');
  return hash <= 0 ? [name, undefined] : [name.slice(0, hash), name.slice(hash + 1)];
}

function describe(name: string, type: Class, place: ConfigCursor): ConfigurableModule | null {
  const { parseConfig } = type as { readonly parseConfig?: unknown };
  const prototype = type.prototype as { readonly parseConfig?: unknown };
  if (parseConfig === undefined && typeof prototype.parseConfig === 'function') {
    return place.report(
      `parseConfig of ${type.name} is called before there is an instance. Write "static parseConfig".`,
    );
  }
  return {
    name,
    parseConfig: typeof parseConfig === 'function' ? (config) => parseConfig.call(type, config) as unknown : undefined,
    configClass: readModuleOptions(type)?.config as ConfigClass | undefined,
  };
}

function checkCallbackNames({ policy }: ModuleEntry, place: ConfigCursor): void {
  const known = Object.values(callbackRules).flatMap((rules) => Object.keys(rules));
  for (const name of Object.keys(policy?.callbacks ?? {})) {
    if (!known.includes(name)) {
      place
        .at('callbacks')
        .at(name)
        .reportKey(`there is no callback "${name}".${didYouMean(name, known) || ' Remove it.'}`);
    }
  }
}
