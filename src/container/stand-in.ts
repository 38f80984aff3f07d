import { type ClassMetadata, decorate, getClassMetadata, inject, injectable, injectFromBase } from '@inversifyjs/core';
import { isArray } from '../matrix/json.js';
import { readCached } from '../metadata/cached-record.js';
import type { AbstractClass, Class } from '../metadata/metadata-store.js';

/** What Inversify makes in place of a class: a copy with the metadata of the original, whose constructor calls back. */
export interface StandIn {
  readonly copy: Class;
  /** What Inversify knows of the copy. */
  readonly metadata: ClassMetadata;
  /** The class whose constructor runs: a base class, where the class itself has none. */
  readonly constructed: AbstractClass;
  /** Parameters of that constructor that cannot be injected, by index; the key of those that have none is {@link noKey}. */
  readonly gaps: readonly number[];
  /** That class is marked with `@injectable()` or `@Module()`. */
  readonly isInjectable: boolean;
  /** What Inversify says of a property that cannot be injected. */
  readonly problem?: string;
}

type Construct = (args: readonly unknown[]) => object;

/** What TypeScript emits for a type that is no class. */
const NON_INJECTABLE_TYPES: readonly unknown[] = [undefined, Array, BigInt, Boolean, Function, Number, Object, String];

/** Stands where an injection has no key. */
export const noKey: unique symbol = Symbol('no key');

/** Stands in for a class. Where its metadata are incomplete, which Inversify refuses, the copy has what is missing. */
export function standInFor(type: AbstractClass, construct?: Construct, parent?: Class): StandIn {
  const whole = copyOf(type, construct, parent, (value) => value);
  const metadata = readMetadata(whole);
  if (typeof metadata !== 'string') return { copy: whole, metadata, constructed: type, gaps: [], isInjectable: true };
  const copy = copyOf(type, construct, parent, cloneData);
  const isInjectable =
    problemOf(() => {
      injectable()(copy);
    }) !== undefined;
  const recorded: unknown = Reflect.getOwnMetadata('design:paramtypes', type);
  const types = isArray(recorded) ? recorded : [];
  const filled = Array.from({ length: Math.max(type.length, types.length) }, (_, index) => index).filter((index) => {
    const key = NON_INJECTABLE_TYPES.includes(types[index]) ? noKey : (types[index] as Class);
    // Refused where an injection is stated.
    return (
      problemOf(() => {
        decorate(inject(key), copy, index);
      }) === undefined
    );
  });
  const completed = readMetadata(copy);
  if (typeof completed === 'string') {
    const nothing = getClassMetadata(Unreadable);
    return { copy: Unreadable, metadata: nothing, constructed: type, gaps: [], isInjectable, problem: completed };
  }
  const gaps = filled.filter((index) => !isInjectable || !isWhole(completed.constructorArguments[index]));
  return { copy, metadata: completed, constructed: type, gaps, isInjectable };
}

/** A class that needs no stand-in: nothing is recorded elsewhere or missing, and its instance is ready when it is constructed. */
export function asItIs(type: Class): StandIn | undefined {
  if (Object.getPrototypeOf(type) !== Function.prototype || readCached(type).length > 0) return undefined;
  const metadata = readMetadata(type);
  if (typeof metadata === 'string' || metadata.lifecycle.postConstructMethodNames.size > 0) return undefined;
  return { copy: type, metadata, constructed: type, gaps: [], isInjectable: true };
}

/** Stands in for a module class, which inherits what is recorded of its base classes without `@injectFromBase()`. */
export function inheritingStandInFor(type: AbstractClass, construct?: Construct): StandIn {
  const parent: unknown = Object.getPrototypeOf(type);
  if (parent === Function.prototype) return standInFor(type, construct);
  const base = inheritingStandInFor(parent as AbstractClass);
  const own = standInFor(type, construct, base.copy);
  const hasConstructor = type.length > 0 || Reflect.hasOwnMetadata('design:paramtypes', type);
  injectFromBase({ extendConstructorArguments: !hasConstructor })(own.copy);
  return { ...(hasConstructor ? own : base), copy: own.copy, metadata: getClassMetadata(own.copy) };
}

/** In the place of a class of which nothing can be read. */
class Unreadable {
  readonly isInjected = false;
}

/** Whether an injection was taken from the emitted type, and nothing else is stated of it. */
function isWhole(element: ClassMetadata['constructorArguments'][number] | undefined): boolean {
  if (element === undefined || !('value' in element)) return false;
  return element.value !== noKey && !element.optional && element.name === undefined && element.tags.size === 0;
}

function copyOf(
  type: AbstractClass,
  construct: Construct | undefined,
  parent: Class = Object,
  copyValue: (value: unknown) => unknown,
): Class {
  const Copy = class extends parent {
    constructor(...args: readonly unknown[]) {
      super();
      return construct?.(args) ?? this;
    }
  };
  Object.defineProperties(Copy, { name: { value: type.name }, length: { value: type.length } });
  const keys: readonly unknown[] = Reflect.getOwnMetadataKeys(type);
  for (const key of keys) {
    if (String(key).startsWith('vesicle:')) continue;
    Reflect.defineMetadata(key, copyValue(Reflect.getOwnMetadata(key, type)), Copy);
  }
  return Copy;
}

/** Copies what decorators change in place. */
function cloneData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloneData);
  if (value instanceof Map) return new Map(value);
  if (value instanceof Set) return new Set(value);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cloneData(member)]));
}

/** The metadata, or what is wrong with them: Inversify refuses them, or an early release of 7 recorded them in another shape. */
function readMetadata(type: Class): ClassMetadata | string {
  try {
    const metadata = getClassMetadata(type);
    const names: unknown = metadata.lifecycle.postConstructMethodNames;
    return names instanceof Set ? metadata : 'It is decorated by another version of Inversify.';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Inversify says whether something is allowed only by doing it. */
function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
