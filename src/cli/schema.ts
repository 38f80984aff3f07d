import { configSchema } from '../config/module/config-schema.js';
import { type DescribedModule, fileSchema } from '../config/file-schema.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { loadModules } from '../loader/module-source.js';
import type { Class } from '../metadata/metadata-store.js';
import { readModuleOptions } from '../metadata/module-options.js';
import { readUnits } from '../metadata/unit-record.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';
import { readConfiguration } from './open-file.js';

/** `vesicle schema`: writes what an editor needs to know of a file; mistakes in the configurations of modules do not matter. */
export async function schema({ file, terminal }: CommandCall): Promise<number> {
  const configuration = readConfiguration(file);
  const found = new Map<number, Class>();
  try {
    await loadModules(configuration, { onFound: (index, type) => found.set(index, type) });
  } catch (error) {
    const isComplete = found.size === configuration.moduleEntries.length;
    if (!isComplete || !(error instanceof VesicleError) || error.code !== 'CONFIG_INVALID') throw error;
  }
  const modules: DescribedModule[] = [];
  for (const [index, type] of found) {
    const { module: name } = configuration.moduleEntries[index] as { readonly module: string };
    modules.push(await describe(name, type));
  }
  terminal.out(`${JSON.stringify(fileSchema(modules), null, 2)}\n`);
  return exitCodes.done.code;
}

async function describe(name: string, type: Class): Promise<DescribedModule> {
  const config = readModuleOptions(type)?.config;
  // What parseConfig makes of the mapping, nobody knows beforehand.
  if (config === undefined || 'parseConfig' in type) return { name };
  return { name, config: await configSchema(config, readUnits) };
}
