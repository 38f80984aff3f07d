import type { ValidationError } from 'class-validator';
import { ConfigError } from '../../errors/config-error.js';
import { readConfigClass } from './config-class.js';
import type { ConfigClass } from './class-libraries.js';
import type { UnitsOf } from './class-shape.js';
import type { ConfigCursor } from '../values/config-cursor.js';
import { type ConfigPath, formatPath } from '../values/problem.js';
import { isMapping } from '../values/readers.js';
import { messagesOf } from '../values/thrown.js';

/** What a module's class says about its configuration. */
export interface ConfigurableModule {
  /** As in the file. */
  readonly name: string;
  /** The static `parseConfig` of the class, bound to it. */
  readonly parseConfig: ((config: unknown) => unknown) | undefined;
  /** The class of `@Module({ config })`. */
  readonly configClass: ConfigClass | undefined;
}

/** A configuration that a module can be made with, and the mapping it was made of, or null after its faults were reported. */
export type ParsedConfig = { readonly value: unknown; readonly mapping: unknown } | null;

/** What a module gets that says nothing about its configuration (`util/module_loader.py: load_module`). */
function configOrEmpty(config: unknown): unknown {
  const isFalsy = !config || (Array.isArray(config) && config.length === 0);
  return isFalsy ? {} : config;
}

/** `parseConfig` first, then the configuration class, as far as the module has them. */
export async function readModuleConfig(
  module: ConfigurableModule,
  config: unknown,
  place: ConfigCursor,
  unitsOf: UnitsOf,
): Promise<ParsedConfig> {
  const given = configOrEmpty(config);
  const failed = place.withContext(`Failed to parse config for module '${module.name}'`);
  const parsed =
    module.parseConfig === undefined
      ? { value: given, mapping: given }
      : await callParseConfig(module.parseConfig, given, place, failed);
  const { configClass } = module;
  if (configClass === undefined) return parsed;
  if (parsed === null) {
    await checkAsWritten(configClass, given, failed, unitsOf);
    return null;
  }
  const filled = await fill(configClass, parsed.value, failed, unitsOf);
  return filled === null ? null : { value: filled, mapping: parsed.value };
}

/**
 * Reports what the class would say of the mapping that `parseConfig` has thrown at, so that everything is reported at once: but
 * not where `parseConfig` has said something, and only as far as `parseConfig` does not change the mapping.
 */
async function checkAsWritten(
  type: ConfigClass,
  given: unknown,
  failed: ConfigCursor,
  unitsOf: UnitsOf,
): Promise<void> {
  if (!isMapping(given)) return;
  const { problems } = failed.diagnostics;
  const reported = new Set(problems.map(({ path }) => formatPath(path)));
  const before = problems.length;
  await fill(type, given, failed.withContext('as the mapping stands, unless parseConfig changes it'), unitsOf);
  const found = problems.splice(before);
  problems.push(...found.filter(({ path }) => path.length === failed.path.length || !reported.has(formatPath(path))));
}

async function callParseConfig(
  parseConfig: (config: unknown) => unknown,
  config: unknown,
  place: ConfigCursor,
  failed: ConfigCursor,
): Promise<ParsedConfig> {
  try {
    const value = await parseConfig(config);
    return { value, mapping: value };
  } catch (error) {
    // Not swallowed: it becomes one of the problems of the file, with the others.
    reportThrown(error, place, failed);
    return null;
  }
}

async function fill(type: ConfigClass, value: unknown, failed: ConfigCursor, unitsOf: UnitsOf): Promise<object | null> {
  try {
    return await readConfigClass(type, value, failed, unitsOf);
  } catch (error) {
    // A @Transform, a validator of the author's or the class's own constructor threw.
    return failed.withCause(error).report(...messagesOf(error));
  }
}

/** What is thrown by `parseConfig` (reference/module-api.md, 1.2). */
function reportThrown(error: unknown, place: ConfigCursor, failed: ConfigCursor): void {
  if (isConfigError(error)) {
    failed
      .into(error.path)
      .withCause(error)
      .report(...messagesOf(error));
  } else if (isSchemaError(error)) {
    place.into(error.path).withCause(error).report(error.message);
  } else if (isListOfValidationErrors(error)) {
    for (const [path, text] of pathsOf(error)) place.into(path).withCause(error).report(text);
  } else {
    failed.withCause(error).report(...messagesOf(error));
  }
}

/** By name too: a module may bring its own copy of this package. */
function isConfigError(error: unknown): error is Error & { readonly path: ConfigPath } {
  return (
    error instanceof ConfigError ||
    (error instanceof Error && error.name === 'ConfigError' && 'path' in error && isPath(error.path))
  );
}

/** The `ValidationError` of a JSON schema library: a message and the path into the value. */
function isSchemaError(error: unknown): error is Error & { readonly path: ConfigPath } {
  return error instanceof Error && error.name === 'ValidationError' && 'path' in error && isPath(error.path);
}

function isPath(path: unknown): path is ConfigPath {
  return Array.isArray(path) && path.every((part) => typeof part === 'string' || typeof part === 'number');
}

/** What `validateOrReject` of class-validator rejects with. */
function isListOfValidationErrors(error: unknown): error is readonly ValidationError[] {
  if (!Array.isArray(error) || error.length === 0) return false;
  return error.every(
    (one) =>
      typeof one === 'object' && one !== null && 'property' in one && ('constraints' in one || 'children' in one),
  );
}

function pathsOf(errors: readonly ValidationError[]): readonly (readonly [ConfigPath, string])[] {
  return errors.flatMap((error) => {
    const part = /^\d+$/.test(error.property) ? Number(error.property) : error.property;
    return [
      ...Object.values(error.constraints ?? {}).map((text) => [[part], text] as const),
      ...pathsOf(error.children ?? []).map(([path, text]) => [[part, ...path], text] as const),
    ];
  });
}
