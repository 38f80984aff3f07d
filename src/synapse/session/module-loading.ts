import { Configuration } from '../../config/configuration.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { placeOfClass } from '../../loader/class-place.js';
import { type LoadModulesOptions, loadModules, type SourcedModule } from '../../loader/module-source.js';
import type { Logger } from '../../log/logger.js';
import type { WireConfigProblem } from '../protocol/wire-values.js';
import { pathPart } from '../protocol/wire-errors.js';

/** Where modules come from. */
export interface ModuleSources {
  /** Where relative paths of modules start. */
  readonly directory: string;
  readonly resolve?: LoadModulesOptions['resolve'];
  /** Gives modules that were loaded already, whatever list comes. */
  readonly load?: () => readonly SourcedModule[];
}

/** The modules of a configuration, or what is wrong with them. */
export interface LoadedOverWire {
  readonly modules: readonly SourcedModule[];
  readonly problems: readonly WireConfigProblem[];
}

/** Finds the modules of a list that came over the wire, and checks their configuration. */
export async function loadOverWire(list: unknown, sources: ModuleSources, log: Logger): Promise<LoadedOverWire> {
  const { directory, resolve, load } = sources;
  if (load !== undefined) return { modules: load(), problems: [] };
  const configuration = Configuration.withSecrets({ modules: list }, { directory });
  const places = new Map<number, string>();
  try {
    const modules = await loadModules(configuration, {
      ...(resolve !== undefined && { resolve }),
      onFound: (index, type, files) => {
        const place = placeOfClass(type.name, files);
        if (place !== undefined) places.set(index, place);
      },
    });
    for (const warning of configuration.warnings) log.warn(warning);
    return { modules, problems: [] };
  } catch (error) {
    if (!(error instanceof VesicleError) || error.code !== 'CONFIG_INVALID') throw error;
    return { modules: [], problems: problemsOf(configuration, places) };
  }
}

function problemsOf({ problems }: Configuration, places: ReadonlyMap<number, string>): readonly WireConfigProblem[] {
  return problems.map(({ path, causes }) => {
    const at = typeof path[1] === 'number' ? places.get(path[1]) : undefined;
    return { path: path.map(pathPart), messages: causes, ...(at !== undefined && { at }) };
  });
}
