import type { ClassLibraries, ConfigClass } from './class-libraries.js';
import { type ClassShapes, discriminatorOf, type PropertyShape } from './class-shape.js';
import type { Place } from './place.js';
import { isMapping, kindOf, type Mapping, shown, unknownKey } from './readers.js';
import { readByteSize, readDuration } from './units.js';

/** A value that class-transformer must not look into: it takes a `constructor` key for a class. */
type Opaque = () => unknown;

/** Renames the keys of a mapping to the properties of a class, through nested classes, and reports what fits nowhere. */
export class ClassPlain {
  private readonly opaque = new WeakSet<Opaque>();

  constructor(
    private readonly libraries: ClassLibraries,
    private readonly shapes: ClassShapes,
  ) {}

  /** What class-transformer is given. */
  rename(mapping: Mapping, type: ConfigClass, place: Place, extraKey?: string): Record<string, unknown> {
    const shape = this.shapes.of(type);
    const plain: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(mapping)) {
      const property = shape.get(key);
      if (property !== undefined) {
        const name = this.isRenamedByLibrary(type, property) ? key : property.property;
        plain[name] = this.valueOf(value, property, { type, mapping, place: place.at(key) });
      } else if (key === extraKey) {
        plain[key] = value;
      } else {
        place.at(key).faultyKey(unknownKey(key, shape.keys()));
      }
    }
    return plain;
  }

  /** Takes the wrapping off again, in everything that was filled. */
  unwrap(instance: unknown, depth = 0): unknown {
    if (typeof instance === 'function' && this.opaque.has(instance as Opaque)) return (instance as Opaque)();
    if (typeof instance !== 'object' || instance === null || depth > 100) return instance;
    const entries = instance instanceof Map ? [...instance] : Object.entries(instance);
    for (const [name, value] of entries as [string, unknown][]) {
      const unwrapped = this.unwrap(value, depth + 1);
      if (unwrapped === value) continue;
      if (instance instanceof Map) instance.set(name, unwrapped);
      else (instance as Record<string, unknown>)[name] = unwrapped;
    }
    return instance;
  }

  private isRenamedByLibrary(type: ConfigClass, { property }: PropertyShape): boolean {
    return this.libraries.transformer.findExposeMetadata(type, property)?.options.name !== undefined;
  }

  private valueOf(value: unknown, property: PropertyShape, owner: Owner): unknown {
    if (property.unit !== undefined) return quantity(value, property.unit, owner.place);
    if (!hasRightShape(value, property, owner.place)) return undefined;
    if (property.isClassMissing && typeof value === 'object' && value !== null) {
      const remedy = `Add @Type(() => ...) to it in ${owner.type.name}.`;
      return owner.place.fault(`the class of "${property.property}" is not known. ${remedy}`);
    }
    if (Array.isArray(value)) {
      const items = value as readonly unknown[];
      const isNested = items.some((item) => isMapping(item) && property.nestedIn(item, owner.mapping) !== undefined);
      if (!isNested) return this.leaf(value, property);
      return items.map((item, index) => this.nested(item, property, { ...owner, place: owner.place.at(index) }));
    }
    if (isMapping(value) && property.designType === Map) {
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, this.nested(item, property, { ...owner, place: owner.place.at(key) })]),
      );
    }
    return this.nested(value, property, owner);
  }

  private nested(value: unknown, property: PropertyShape, owner: Owner): unknown {
    const type = isMapping(value) ? property.nestedIn(value, owner.mapping) : undefined;
    if (type === undefined || !isMapping(value)) return this.leaf(value, property);
    return this.rename(value, type, owner.place, discriminatorOf(this.libraries, owner.type, property.property));
  }

  private leaf(value: unknown, property: PropertyShape): unknown {
    if (typeof value !== 'object' || value === null || property.isTyped || property.isTransformed) return value;
    const wrapped: Opaque = () => value;
    this.opaque.add(wrapped);
    return wrapped;
  }
}

interface Owner {
  readonly type: ConfigClass;
  readonly mapping: Mapping;
  readonly place: Place;
}

function quantity(value: unknown, unit: 'duration' | 'byte_size', place: Place): unknown {
  if (Array.isArray(value)) return value.map((item, index) => quantity(item, unit, place.at(index)));
  if (value === null) return value;
  const read = unit === 'duration' ? readDuration(value) : readByteSize(value);
  if (read !== undefined) return read;
  return unit === 'duration'
    ? place.fault('expected a duration. Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.')
    : place.fault('expected a size. Write a whole number with K, M, G or T ("50M"), or bytes.');
}

/** Lists and mappings are told apart by the declared type; without a validator the default's type is what is expected. */
function hasRightShape(value: unknown, property: PropertyShape, place: Place): boolean {
  const expected = expectedKind(property);
  if (
    expected === undefined ||
    value === null ||
    expected === kindOf(value).replace(/^(?:true|false)$/, 'true or false')
  ) {
    return true;
  }
  place.fault(`expected ${expected}, got ${shown(value)}. ${REMEDIES[expected] ?? ''}`.trimEnd());
  return false;
}

const REMEDIES: Readonly<Record<string, string>> = {
  'a string': 'Write it in quotes.',
  'a number': 'Write it without quotes.',
  'true or false': 'Write it without quotes.',
  'a list': 'Write it as a list: [..., ...].',
  'a mapping': 'Write "key: value" lines below the key.',
};

function expectedKind(property: PropertyShape): string | undefined {
  const { designType, defaultValue } = property;
  if (property.isTransformed || designType === Map) return undefined;
  if (designType === Array || Array.isArray(defaultValue)) return 'a list';
  const isNested = property.nestedIn({}, {}) !== undefined;
  return isNested && typeof designType === 'function' && designType !== Object ? 'a mapping' : kindOfDefault(property);
}

/** A property without decorators says by its default what it holds. */
function kindOfDefault({ isValidated, isTyped, defaultValue }: PropertyShape): string | undefined {
  if (isValidated || isTyped || defaultValue === undefined || defaultValue === null) return undefined;
  return typeof defaultValue === 'boolean' ? 'true or false' : kindOf(defaultValue);
}
