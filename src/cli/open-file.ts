import { resolve } from 'node:path';
import { Configuration } from '../config/configuration.js';
import { readRegularFile } from '../config/yaml/regular-file.js';
import { MAX_LENGTH } from '../config/yaml/yaml-source.js';
import { failureOf } from '../errors/failure.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { type Homeserver, type HomeserverOptions, openHomeserver } from '../homeserver/homeserver.js';
import { loadModules, type SourcedModule } from '../loader/module-source.js';
import type { Logger } from '../log/logger.js';
import { defaultFile } from './help.js';

/** A configuration file with the homeserver that runs on it. */
export interface OpenedFile {
  readonly file: string;
  /** When reading began, in milliseconds since 1970: what changed since may not be what runs. */
  readonly readAt: number;
  /** Everything in the file but the modules. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly modules: readonly SourcedModule[];
  readonly homeserver: Homeserver;
}

/** Reads a configuration file, loads its modules and opens a homeserver that does not listen yet. */
export async function openFile(
  file: string,
  log: Logger,
  { isInMemory = false, ...options }: { readonly isInMemory?: boolean } & Pick<HomeserverOptions, 'unwanted'> = {},
): Promise<OpenedFile> {
  const readAt = Date.now();
  const configuration = readConfiguration(file);
  const modules = await loadModules(configuration);
  for (const warning of configuration.warnings) log.warn(warning);
  const { homeserver: config } = configuration;
  const isFile = !isInMemory && config.databasePath !== ':memory:';
  const databasePath = isFile ? resolve(configuration.directory, config.databasePath) : ':memory:';
  return {
    file,
    readAt,
    settings: configuration.settings,
    modules,
    homeserver: await openHomeserver({ ...options, config, databasePath, modules, log }),
  };
}

/** Reads a configuration file; mistakes in it are thrown when its modules are loaded. */
export function readConfiguration(file: string): Configuration {
  return Configuration.read(readBytes(file), { file });
}

/** Reads a configuration file; the text in it is decoded where mistakes have a place. */
export function readBytes(file: string): Uint8Array {
  try {
    return readRegularFile(file, MAX_LENGTH);
  } catch (error) {
    const { code, message } = failureOf(error);
    if (code !== 'ENOENT') throw new VesicleError('CLI_FILE_UNREADABLE', { file, problem: message }, { cause: error });
    throw new VesicleError('CLI_FILE_MISSING', {
      file,
      place: file === defaultFile ? '' : ` It is looked for below ${process.cwd()}.`,
    });
  }
}
