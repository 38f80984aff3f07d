import { Configuration } from '../config/configuration.js';
import { isMapping } from '../config/values/readers.js';
import { openHomeserver } from '../homeserver/homeserver.js';
import { loadModules } from '../loader/module-source.js';
import type { Logger } from '../log/logger.js';
import { registeredByModule } from './registered.js';
import type { RegisteredByModule } from './registered-table.js';
import { bridgedLists, readBridgeEntry } from '../synapse/python/bridge-config.js';

/** How a homeserver.yaml of Synapse is checked. */
export interface BridgeCheckOptions {
  readonly file: string;
  /** Where relative paths of modules start, as with `vesicle host`. */
  readonly directory: string;
  readonly log: Logger;
  readonly unwanted: AbortSignal;
}

/**
 * What the modules of each bridge that a homeserver.yaml names register, on an embedded homeserver with its name. Python
 * modules and Synapse's settings are left alone. Undefined when the file names no bridge: then it is one of Vesicle's own.
 */
export async function registeredByBridges(
  text: Uint8Array,
  options: BridgeCheckOptions,
): Promise<RegisteredByModule[] | undefined> {
  const { file, directory, log, unwanted } = options;
  const configurations = Configuration.readLists(text, bridgedLists, { file, directory });
  if (configurations.length === 0) return undefined;
  const registered: RegisteredByModule[] = [];
  for (const configuration of configurations) {
    checkBridge(configuration);
    const modules = await loadModules(configuration);
    for (const warning of configuration.warnings) log.warn(warning);
    const config = configuration.homeserver;
    await using homeserver = await openHomeserver({ config, databasePath: ':memory:', modules, log, unwanted });
    registered.push(...registeredByModule(homeserver));
  }
  return registered;
}

function checkBridge(configuration: Configuration): void {
  const path = configuration.modulesPath.slice(0, 2);
  const entry = configuration.valueAt(path);
  if (isMapping(entry)) readBridgeEntry(entry, configuration.placeOf(path));
}
