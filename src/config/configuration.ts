import { dirname } from 'node:path';
import { ConfigInvalidError } from './config-invalid-error.js';
import type { HomeserverConfig } from './homeserver/homeserver-config.js';
import { readHomeserver } from './homeserver/homeserver-reader.js';
import { Diagnostics, ConfigCursor } from './values/config-cursor.js';
import { isMapping, type Mapping, shown } from './values/readers.js';
import {
  type ConfigPath,
  formatLocation,
  formatPath,
  formatProblem,
  type Position,
  type Problem,
} from './values/problem.js';
import { type FileReader, fileSystem } from './yaml/secrets.js';
import { readValue } from './yaml/value-source.js';
import { plainSource, readYaml, type Source } from './yaml/yaml-source.js';

/** Where a configuration comes from, and what it may refer to. */
export interface ConfigurationOptions {
  /** Named in messages; relative paths in the configuration start at its directory. */
  readonly file?: string;
  /** Where relative paths start when there is no file; the working directory when absent. */
  readonly directory?: string;
  /** For `${env:NAME}`; the process's own when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly files?: FileReader;
}

/** A list of modules inside of a file. */
export interface ModuleList {
  readonly path: ConfigPath;
  /** Where the relative paths of its modules start, when that is not where they start in general. */
  readonly directory?: string;
}

/**
 * A configuration that was read, right or wrong: what was found wrong is collected, so that the modules' configurations
 * can be looked at too and everything is reported at once.
 */
export class Configuration {
  readonly homeserver: HomeserverConfig;
  /** The items of `modules`, as they are. */
  readonly moduleEntries: readonly unknown[];

  private constructor(
    private readonly source: Source,
    private readonly diagnostics: Diagnostics,
    /** The file as it was named, for messages. */
    readonly file: string | undefined,
    /** Where relative paths start. */
    readonly directory: string,
    files: FileReader,
    /** Where the list of modules stands. */
    readonly modulesPath: ConfigPath = ['modules'],
  ) {
    const isWhole = modulesPath.length === 1;
    const settings = isWhole ? source.value : namesOf(source.value);
    this.homeserver = readHomeserver(settings, new ConfigCursor(isWhole ? diagnostics : new Diagnostics()), {
      directory,
      files,
    });
    this.moduleEntries = readModuleEntries(valueAt(source.value, modulesPath), this.placeOf(modulesPath));
  }

  /** Reads YAML (or JSON, which is YAML), as text or as the bytes of a file. */
  static read(text: string | Uint8Array, options: ConfigurationOptions = {}): Configuration {
    const { directory, files, env } = complete(options);
    const diagnostics = new Diagnostics();
    const source = readYaml(text, diagnostics, { env, files, directory });
    return new Configuration(source, diagnostics, options.file, directory, files);
  }

  /**
   * Reads lists of modules that stand elsewhere in a file, whose other settings are for others to check: of the homeserver,
   * only its names are known.
   */
  static readLists(
    text: string | Uint8Array,
    find: (value: unknown) => readonly ModuleList[],
    options: ConfigurationOptions = {},
  ): readonly Configuration[] {
    const { directory, files, env } = complete(options);
    const diagnostics = new Diagnostics();
    const source = readYaml(text, diagnostics, { env, files, directory });
    return find(source.value).map((list) => {
      const own = new Diagnostics();
      own.problems.push(...diagnostics.problems.filter((problem) => concerns(problem, list.path.slice(0, -1))));
      return new Configuration(source, own, options.file, list.directory ?? directory, files, list.path);
    });
  }

  /** Takes values that were made by a program. */
  static of(value: unknown, options: ConfigurationOptions = {}): Configuration {
    const { directory, files } = complete(options);
    return new Configuration(plainSource(value), new Diagnostics(), options.file, directory, files);
  }

  /** Takes values that somebody else has read from a file, in which `${env:NAME}` and `${file:PATH}` still stand. */
  static withSecrets(value: unknown, options: ConfigurationOptions = {}): Configuration {
    const { directory, files, env } = complete(options);
    const diagnostics = new Diagnostics();
    return new Configuration(
      readValue(value, diagnostics, { env, files, directory }),
      diagnostics,
      options.file,
      directory,
      files,
    );
  }

  /** Everything but `modules` under its own keys, secrets filled in: what a homeserver.yaml would hold. */
  get settings(): Readonly<Record<string, unknown>> {
    const { modules: _modules, ...settings } = (this.source.value ?? {}) as Readonly<Record<string, unknown>>;
    return settings;
  }

  /** The value at a place, undefined when there is none. */
  valueAt(path: ConfigPath): unknown {
    return valueAt(this.source.value, path);
  }

  /** Where a reader of a part of it reports. */
  placeOf(path: ConfigPath): ConfigCursor {
    return new ConfigCursor(this.diagnostics, path);
  }

  /** `file:line:column` of a place, with what is known of it. */
  locationOf(path: ConfigPath, at: Problem['at'] = 'value'): string | undefined {
    return formatLocation(this.file, this.source.positionOf(path, at));
  }

  /** What was accepted and has no effect, one line each. */
  get warnings(): readonly string[] {
    return this.diagnostics.warnings.map(({ path, message }) => {
      const location = this.locationOf(path, 'key');
      return `${location === undefined ? '' : `${location}: `}'${formatPath(path)}' ${message}`;
    });
  }

  /** Every problem that was found, in the order of finding; without secrets. */
  get problems(): readonly Pick<Problem, 'path' | 'causes'>[] {
    const { redactor } = this.source;
    return this.diagnostics.problems.map(({ path, causes }) => ({
      path,
      causes: causes.map((cause) => redactor.redact(cause)),
    }));
  }

  /** Throws one error with every problem that was found. */
  throwProblems(): void {
    const problems = this.diagnostics.problems;
    if (problems.length === 0) return;
    const located = problems.map((problem) => ({ problem, ...this.locate(problem) }));
    located.sort((a, b) => a.line - b.line || a.column - b.column);
    const { redactor } = this.source;
    const texts = located.map(({ problem, location }) => redactor.redact(formatProblem(problem, location)));
    const faults = located.map(({ problem: { path, causes, context } }) => ({
      path: formatPath(path),
      message: redactor.redact(causes.slice(context).join(': ')),
    }));
    const count =
      texts.length === 1 ? 'The configuration has a problem' : `The configuration has ${texts.length} problems`;
    const causes = problems.flatMap((problem) => problem.error ?? []);
    throw new ConfigInvalidError(faults, { count, faults: [...new Set(texts)].join('\n') }, { cause: causes[0] });
  }

  private locate(problem: Problem): Located {
    const position = problem.position ?? this.source.positionOf(problem.path, problem.at);
    return { line: position?.line ?? 0, column: position?.column ?? 0, location: formatLocation(this.file, position) };
  }
}

interface Located extends Position {
  readonly location: string | undefined;
}

function complete(options: ConfigurationOptions): Required<Pick<ConfigurationOptions, 'directory' | 'files' | 'env'>> {
  const besideFile = options.file === undefined ? process.cwd() : dirname(options.file);
  return {
    directory: options.directory ?? besideFile,
    files: options.files ?? fileSystem,
    env: options.env ?? process.env,
  };
}

/** Whether a problem is one of the text as a whole, or of what stands below a path. */
function concerns({ path, position }: Problem, below: ConfigPath): boolean {
  return position !== undefined || below.every((part, index) => path[index] === part);
}

/** The settings by which a homeserver calls itself. */
function namesOf(value: unknown): Mapping {
  const { server_name, public_baseurl } = isMapping(value) ? value : {};
  return { server_name, public_baseurl };
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (at, part) => (at as Readonly<Record<string, unknown>> | null | undefined)?.[part],
    value,
  );
}

function readModuleEntries(modules: unknown, place: ConfigCursor): readonly unknown[] {
  if (Array.isArray(modules)) return modules as readonly unknown[];
  if (isNoModules(modules)) return [];
  const remedy = 'Write "- module: ./my-module.ts" lines below "modules:".';
  // Python goes through the characters of a string, the keys of a mapping, and finds that the first is not a mapping.
  const isIterable = typeof modules === 'string' || (typeof modules === 'object' && !(modules instanceof Date));
  if (isIterable) {
    place.at(0).report(`expected a mapping that is an item of a list, got ${shown(modules)} in place of it. ${remedy}`);
  } else {
    place.report(`expected a list, got ${shown(modules)}. ${remedy}`);
  }
  return [];
}

/** Synapse takes whatever is falsy in Python for no modules (`config/modules.py: read_config`). */
function isNoModules(modules: unknown): boolean {
  if (modules instanceof Set) return modules.size === 0;
  if (isMapping(modules) || modules instanceof Uint8Array) return Object.keys(modules).length === 0;
  return modules === undefined || modules === null || modules === false || modules === 0 || modules === '';
}
