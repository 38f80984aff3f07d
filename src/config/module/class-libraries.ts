import { createRequire } from 'node:module';
import type { ClassTransformOptions, TypeMetadata } from 'class-transformer';
import type * as Validator from 'class-validator';
import type { MetadataStorage as ValidatorStorage, ValidationError } from 'class-validator';

/** A class that is filled from a configuration. */
export type ConfigClass = new () => object;

/** What class-transformer remembers of its decorators; it does not export it. */
interface TransformerStorage {
  readonly findTypeMetadata: (type: ConfigClass, property: string) => TypeMetadata | undefined;
  readonly findTransformMetadatas: (type: ConfigClass, property: string, direction: number) => readonly unknown[];
  readonly findExposeMetadata: (
    type: ConfigClass,
    property: string,
  ) => { readonly options: { readonly name?: string } } | undefined;
  readonly getExposedProperties: (type: ConfigClass, direction: number) => readonly string[];
  readonly getExcludedProperties: (type: ConfigClass, direction: number) => readonly string[];
}

interface Storage {
  readonly defaultMetadataStorage: TransformerStorage;
}

/** By the "imports" of package.json. */
const bundledValidator: string = '#packages/class-validator';
const transformerStorage = 'class-transformer/cjs/storage.js';

/** The two libraries that modules describe their configuration with. */
export interface ClassLibraries {
  readonly plainToInstance: (type: ConfigClass, plain: object, options: ClassTransformOptions) => object;
  readonly Exclude: (options: { readonly toClassOnly: boolean }) => PropertyDecorator;
  readonly Type: (of: () => ConfigClass) => PropertyDecorator;
  readonly transformer: TransformerStorage;
  readonly validate: (
    object: object,
    options: { readonly forbidUnknownValues: boolean },
  ) => Promise<readonly ValidationError[]>;
  readonly validator: ValidatorStorage;
}

let loaded: ClassLibraries | undefined;

/** Loads them when the first configuration class is met: they take a tenth of a second. */
export async function loadClassLibraries(): Promise<ClassLibraries> {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const [transformer, validator] = await Promise.all([import('class-transformer'), importValidator()]);
  // The bundle that may stand for it (loader/bundled-packages.ts) exports it, the package has it in a file of its own.
  const storage = ('defaultMetadataStorage' in transformer ? transformer : require(transformerStorage)) as Storage;
  const libraries: ClassLibraries = {
    plainToInstance: transformer.plainToInstance,
    Exclude: (options) => transformer.Exclude(options),
    Type: transformer.Type,
    transformer: storage.defaultMetadataStorage,
    validate: validator.validate,
    validator: validator.getMetadataStorage(),
  };
  loaded = libraries;
  return libraries;
}

/** Modules bring class-validator, which is a peer dependency; without theirs, the bundle that is part of this package is it. */
async function importValidator(): Promise<typeof Validator> {
  try {
    return await import('class-validator');
  } catch {
    return (await import(bundledValidator)) as typeof Validator;
  }
}
