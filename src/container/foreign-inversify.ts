import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getClassMetadata } from '@inversifyjs/core';
import * as own from 'inversify';
import { VesicleError } from '../errors/vesicle-error.js';
import { importGraph } from '../loader/module-hooks.js';
import { packageOfFile } from '../loader/package-of-file.js';
import { type AbstractClass, type Class, lineage } from '../metadata/metadata-store.js';

type Decorators = Readonly<Record<string, unknown>>;
type AnyDecorator = (target: object, property?: string, index?: number) => void;

/** Another major version of Inversify, which modules may have been decorated with. */
interface ForeignCopy {
  readonly version: string;
  /** The names of the metadata that its decorators record and ours do not: none, where both understand each other. */
  readonly keys: readonly unknown[];
}

const ownMajor = '8';

const known = new Map<string, ForeignCopy | undefined>();

/** The copies at the paths that were known when there were so many of them. */
let seen: { readonly count: number; readonly copies: readonly ForeignCopy[] } = { count: -1, copies: [] };

/** Where the project that this process runs in finds Inversify; for modules that no hook of ours imports. */
let projectPaths: readonly string[] | undefined;

/** The mistake of a class that decorators of another version of Inversify stand on: this one would not see them. */
export function foreignInversify(type: AbstractClass, isUnreadable: boolean): VesicleError | undefined {
  const isOther = (isUnreadable && !lineage(type).every(isReadable)) || hasUnknownKeys(type);
  const version = versionSeenOn(type) ?? (isOther ? 'another version of inversify' : undefined);
  return version === undefined
    ? undefined
    : new VesicleError('INJECT_FOREIGN_INVERSIFY', { class: type.name, version });
}

function versionSeenOn(type: AbstractClass): string | undefined {
  const copies = foreignCopies();
  if (copies.length === 0) return undefined;
  const keys = new Set(lineage(type).flatMap(ownMetadataKeys));
  return copies.find((copy) => copy.keys.some((key) => keys.has(key)))?.version;
}

/**
 * The mistake of decorators of Inversify that were compiled as standard ones: those of life cycle methods record at `Function`,
 * for the class that they are not told. Said once: a corrected file may be loaded anew.
 */
export function standardInversify(): readonly VesicleError[] {
  const keys = ownMetadataKeys(Function).filter((key) => ownKeys().includes(key));
  for (const key of keys) Reflect.deleteMetadata(key, Function);
  return keys.length === 0
    ? []
    : [new VesicleError('DECORATOR_STANDARD', { decorator: '@postConstruct or @preDestroy of a service' })];
}

/** Metadata that say by their names whose they are, and are not ours: of a copy inside of a bundle. */
function hasUnknownKeys(type: AbstractClass): boolean {
  // Inversify keeps numbers of its own at Object.
  const classes = lineage(type).filter((at) => at !== Object);
  return classes.some((at) => ownMetadataKeys(at).some(isUnknownKey));
}

const harmlessKeys = new Set<unknown>();

function isUnknownKey(key: unknown): boolean {
  if (harmlessKeys.has(key)) return false;
  if (/inversify/i.test(String(key)) && !ownKeys().includes(key)) return true;
  harmlessKeys.add(key);
  return false;
}

let keysOfOwn: readonly unknown[] | undefined;

function ownKeys(): readonly unknown[] {
  keysOfOwn ??= keysRecordedBy(own);
  return keysOfOwn;
}

/** Early releases of 7 record under the same names as 8, in another shape. */
function isReadable(type: object): boolean {
  try {
    return (getClassMetadata(type as Class).lifecycle.postConstructMethodNames as unknown) instanceof Set;
  } catch {
    return true;
  }
}

function foreignCopies(): readonly ForeignCopy[] {
  projectPaths ??= pathFrom(process.cwd());
  const graph = importGraph();
  if (graph.watchedCount !== seen.count) {
    seen = { count: graph.watchedCount, copies: [...graph.watchedFiles, ...projectPaths].flatMap(copyAt) };
  }
  return seen.copies;
}

function copyAt(path: string): readonly ForeignCopy[] {
  if (!known.has(path)) known.set(path, readCopy(path));
  const copy = known.get(path);
  return copy === undefined ? [] : [copy];
}

function pathFrom(folder: string): readonly string[] {
  try {
    return [createRequire(join(folder, 'package.json')).resolve('inversify')];
  } catch {
    return [];
  }
}

function readCopy(path: string): ForeignCopy | undefined {
  const { name, version = '' } = packageOfFile(path) ?? {};
  // The bundle in the place of our own copy is of another name.
  if (name !== 'inversify' || version.startsWith(`${ownMajor}.`)) return undefined;
  const decorators = createRequire(pathToFileURL(path))(path) as Decorators;
  const keys = keysRecordedBy(decorators).filter((key) => !ownKeys().includes(key));
  return { version: `inversify ${version}`, keys };
}

/** Lets all decorators of a copy record something, to see where. */
function keysRecordedBy(decorators: Decorators): readonly unknown[] {
  class Recorded {
    property: unknown;
  }
  const apply = (name: string, args: readonly unknown[], ...target: Parameters<AnyDecorator>): void => {
    const decorator = decorators[name];
    if (typeof decorator === 'function')
      (decorator as (...all: readonly unknown[]) => AnyDecorator)(...args)(...target);
  };
  apply('inject', ['key'], Recorded, undefined, 0);
  apply('optional', [], Recorded, undefined, 1);
  apply('inject', ['key'], Recorded, undefined, 1);
  apply('inject', ['key'], Recorded.prototype, 'property');
  apply('postConstruct', [], Recorded.prototype, 'start');
  apply('preDestroy', [], Recorded.prototype, 'end');
  apply('injectable', [], Recorded);
  return ownMetadataKeys(Recorded);
}

function ownMetadataKeys(type: object): readonly unknown[] {
  return Reflect.getOwnMetadataKeys(type);
}
