import { type AbstractClass, lineage, MetadataRows } from './metadata-store.js';
import type { ServiceKey } from './module-options.js';

/** Where inversify keeps what its own decorators recorded. */
const inversifyKey = '@inversifyjs/core/classMetadataReflectKey';

/** The type of a parameter as TypeScript emits it for anything that is no class. */
const keyless: readonly unknown[] = [Array, BigInt, Boolean, Function, Number, Object, Promise, String, Symbol];

const constructorStart = /(?<![.\w$])constructor\s*\(/;

/** What one parameter of a constructor, or one property, asks for. */
export interface Dependency {
  /** Undefined when the type is no class, or was erased (`import type`). */
  readonly key: ServiceKey | undefined;
  readonly isOptional: boolean;
}

/** One parameter of a constructor. */
export interface ConstructorParameter extends Dependency {
  readonly index: number;
  /** As written, where it can be read from the source. */
  readonly name: () => string | undefined;
}

/** What authors asked for beside the types: `@inject`, `@optional`. */
interface InjectRow {
  /** The parameter, or the property. */
  readonly at: number | string | symbol;
  readonly key?: () => ServiceKey;
  readonly isOptional?: boolean;
}

type Phase = 'post_construct' | 'pre_destroy';

const injections = new MetadataRows<InjectRow>('inject');
const phases = new MetadataRows<{ readonly phase: Phase; readonly method: string | symbol }>('life_cycle');

/** Records what a parameter (by index) or a property (by name) asks for. */
export function recordInjection(type: object, row: InjectRow): void {
  injections.add(type, row);
}

/** Records a method to be called after construction, or before the end. */
export function recordLifeCycle(type: object, phase: Phase, method: string | symbol): void {
  phases.add(type, { phase, method });
}

/** The parameters of a class's constructor; of the nearest base class that declares one, if it declares none. */
export function readParameters(type: AbstractClass): readonly ConstructorParameter[] {
  const declaring = declaringClass(type);
  const types = (Reflect.getOwnMetadata('design:paramtypes', declaring) as readonly unknown[] | undefined) ?? [];
  const foreign = readInversify(declaring)?.constructorArguments ?? [];
  const count = Math.max(declaring.length, types.length, foreign.length);
  return Array.from({ length: count }, (_, index) => ({
    index,
    name: () => parameterNames(declaring)[index],
    ...dependency(rowsAt(declaring, index), foreign[index], types[index]),
  }));
}

/** The properties with `@inject`, those of base classes included. */
export function readInjectedProperties(type: object): ReadonlyMap<string | symbol, Dependency> {
  const found = new Map<string | symbol, Dependency>();
  for (const ancestor of lineage(type)) {
    for (const [property, element] of readInversify(ancestor)?.properties ?? []) {
      found.set(property, dependency([], element, undefined));
    }
    for (const { at } of injections.own(ancestor)) {
      if (typeof at === 'number') continue;
      const propertyType: unknown = Reflect.getMetadata(
        'design:type',
        (ancestor as AbstractClass).prototype as object,
        at,
      );
      found.set(at, dependency(rowsAt(ancestor, at), undefined, propertyType));
    }
  }
  return found;
}

/** The methods of a phase, base classes' first, each once. */
export function readLifeCycle(type: object, phase: Phase): readonly (string | symbol)[] {
  const methods = lineage(type).flatMap((ancestor) => {
    const life = readInversify(ancestor)?.lifecycle;
    const foreign = phase === 'post_construct' ? life?.postConstructMethodNames : life?.preDestroyMethodNames;
    const own = phases.own(ancestor).filter((row) => row.phase === phase);
    return [...(foreign ?? []), ...own.map((row) => row.method)];
  });
  return [...new Set(methods)];
}

interface InversifyElement {
  readonly value?: unknown;
  readonly optional?: boolean;
}

interface InversifyMetadata {
  readonly constructorArguments: readonly (InversifyElement | undefined)[];
  readonly properties: ReadonlyMap<string | symbol, InversifyElement>;
  readonly lifecycle: {
    readonly postConstructMethodNames: Iterable<string | symbol>;
    readonly preDestroyMethodNames: Iterable<string | symbol>;
  };
}

function readInversify(type: object): InversifyMetadata | undefined {
  return Reflect.getOwnMetadata(inversifyKey, type) as InversifyMetadata | undefined;
}

function rowsAt(type: object, at: InjectRow['at']): readonly InjectRow[] {
  return injections.own(type).filter((row) => row.at === at);
}

function dependency(rows: readonly InjectRow[], foreign: InversifyElement | undefined, emitted: unknown): Dependency {
  const stated = rows.find((row) => row.key !== undefined)?.key?.();
  return {
    key: stated ?? foreignKey(foreign) ?? (keyless.includes(emitted) ? undefined : (emitted as ServiceKey | undefined)),
    isOptional: rows.some((row) => row.isOptional === true) || foreign?.optional === true,
  };
}

function foreignKey(element: InversifyElement | undefined): ServiceKey | undefined {
  const value = element?.value;
  const isLazy = typeof value === 'object' && value !== null && 'unwrap' in value && typeof value.unwrap === 'function';
  const key: unknown = isLazy ? (value as { unwrap: () => unknown }).unwrap() : value;
  return keyless.includes(key) ? undefined : (key as ServiceKey | undefined);
}

/**
 * The class whose constructor runs for this one: a class that shows no parameters takes those of the class it extends.
 * When it has a constructor without parameters after all, what it is given too much does no harm.
 */
function declaringClass(type: AbstractClass): AbstractClass {
  const parent: unknown = Object.getPrototypeOf(type);
  const isFirst = typeof parent !== 'function' || parent === Function.prototype;
  const shows =
    type.length > 0 ||
    Reflect.hasOwnMetadata('design:paramtypes', type) ||
    (readInversify(type)?.constructorArguments.length ?? 0) > 0 ||
    injections.own(type).some((row) => typeof row.at === 'number');
  return isFirst || shows ? type : declaringClass(parent as AbstractClass);
}

/** Reads names from the source: good enough for messages and for telling which parameter is the configuration. */
function parameterNames(type: AbstractClass): readonly string[] {
  const list = String(type).split(constructorStart, 2)[1]?.split(')', 1)[0] ?? '';
  return list
    .split(',')
    .flatMap((parameter) => /^\s*(?:\.\.\.)?([\p{ID_Start}_$][\p{ID_Continue}$]*)/u.exec(parameter)?.[1] ?? []);
}
