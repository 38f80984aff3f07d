import type { ClassLibraries, ConfigClass } from './class-libraries.js';
import type { ClassShapes, Discriminator, PropertyShape } from './class-shape.js';
import { didYouMean } from '../../errors/nearest-name.js';
import { choiceFault } from './class-enum.js';
import type { ConfigCursor } from '../values/config-cursor.js';
import {
  reportUnknownKeys,
  isMapping,
  kindOf,
  type Mapping,
  noByteSize,
  noDuration,
  shown,
  shownWord,
} from '../values/readers.js';
import { readByteSize, readDuration } from '../values/units.js';

/** A value that class-transformer must not look into: it takes a `constructor` key for a class. */
type Opaque = () => unknown;

/** Renames the keys of a mapping to the properties of a class, through nested classes, and reports what fits nowhere. */
export class ConfigKeyMapper {
  private readonly opaque = new WeakSet<Opaque>();

  constructor(
    private readonly libraries: ClassLibraries,
    private readonly shapes: ClassShapes,
  ) {}

  /** What class-transformer is given. */
  rename(mapping: Mapping, type: ConfigClass, place: ConfigCursor, extraKey?: string): Record<string, unknown> {
    const shape = this.shapes.of(type);
    const plain: Record<string, unknown> = {};
    const unknown: string[] = [];
    // TypeScript has no name to give to the decorators of `#members`.
    if (shape.has('')) {
      place.report(
        `a decorator of ${type.name} stands on a member whose name begins with "#", which no decorator can reach. Write "private" in place of "#".`,
      );
    }
    for (const [key, value] of Object.entries(mapping)) {
      const property = shape.get(key);
      if (property !== undefined) {
        const name = this.isRenamedByLibrary(type, property) ? key : property.property;
        plain[name] = this.valueOf(value, property, { type, mapping, place: place.at(key) });
      } else if (key === extraKey) {
        plain[key] = value;
      } else {
        unknown.push(key);
      }
    }
    reportUnknownKeys(
      unknown,
      [...shape.keys()].filter((key) => key !== ''),
      place,
    );
    for (const property of shape.values()) {
      if (property.isRequiredNested && !Object.hasOwn(mapping, property.key)) {
        place.report(
          `"${property.key}" is missing. Add it: ${property.collection === undefined ? 'a mapping' : kindOfCollection[property.collection]}.`,
        );
      }
    }
    return plain;
  }

  /** Takes the wrapping off again, in everything that was filled. */
  unwrap(instance: unknown, depth = 0): unknown {
    if (typeof instance === 'function' && this.opaque.has(instance as Opaque)) return (instance as Opaque)();
    if (typeof instance !== 'object' || instance === null || depth > 100) return instance;
    if (instance instanceof Set) {
      for (const item of instance) this.unwrap(item, depth + 1);
      return instance;
    }
    const entries = membersOf(instance);
    for (const [name, value] of entries) {
      const unwrapped = this.unwrap(value, depth + 1);
      if (unwrapped === value) continue;
      if (instance instanceof Map) instance.set(name, unwrapped);
      else Reflect.set(instance, name, unwrapped);
    }
    return instance;
  }

  private isRenamedByLibrary(type: ConfigClass, { property }: PropertyShape): boolean {
    return this.libraries.transformer.findExposeMetadata(type, property)?.options.name !== undefined;
  }

  private valueOf(value: unknown, property: PropertyShape, owner: Owner): unknown {
    if (property.unit !== undefined) return quantity(value, property.unit, owner.place);
    if (property.isTransformed) return this.nestedIn(value, property, owner);
    if (!hasRightShape(value, property, owner.place)) return undefined;
    if (property.isClassMissing && typeof value === 'object' && value !== null) {
      const remedy = `Add @Type(() => ...) to it in ${owner.type.name}.`;
      return owner.place.report(`the class of "${property.property}" is not known. ${remedy}`);
    }
    if (property.choices !== undefined && !hasRightChoices(value, property, owner.place)) return undefined;
    return this.nestedIn(value, property, owner);
  }

  /** The value of a property that may hold one nested value, or many. */
  private nestedIn(value: unknown, property: PropertyShape, owner: Owner): unknown {
    const isNested = property.nestedIn({}, {}) !== undefined;
    if (!isNested || value === null) return this.leaf(value, property);
    if (Array.isArray(value) || value instanceof Set) {
      const items: readonly unknown[] = [...value];
      const nested = items.map((item, index) =>
        this.nested(item, property, { ...owner, place: owner.place.at(index) }),
      );
      // class-transformer would look for the discriminator in what has just been refused.
      const isUnreadable = property.discriminator !== undefined && nested.some((item) => (item ?? null) === null);
      return isUnreadable ? undefined : nested;
    }
    if (isMapping(value) && property.collection === 'map') {
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, this.nested(item, property, { ...owner, place: owner.place.at(key) })]),
      );
    }
    return this.nested(value, property, owner);
  }

  private nested(value: unknown, property: PropertyShape, owner: Owner): unknown {
    if (!isMapping(value)) {
      if (property.isTransformed) return this.leaf(value, property);
      return owner.place.report(`expected a mapping, got ${shown(value)}. ${REMEDIES['a mapping'] ?? ''}`);
    }
    const { discriminator } = property;
    if (discriminator !== undefined && !property.isTransformed && !hasKnownClass(value, discriminator, owner.place))
      return undefined;
    const type = property.nestedIn(value, owner.mapping);
    if (type === undefined) return this.leaf(value, property);
    return this.rename(value, type, owner.place, discriminator?.property);
  }

  private leaf(value: unknown, property: PropertyShape): unknown {
    const { collection } = property;
    if (
      typeof value !== 'object' ||
      value === null ||
      property.isTyped ||
      property.isTransformed ||
      property.isAccessor
    ) {
      return value;
    }
    let made: unknown = value;
    if (collection === 'set' && Array.isArray(value)) made = new Set(value);
    if (collection === 'map' && isMapping(value)) made = new Map(Object.entries(value));
    const wrapped: Opaque = () => made;
    this.opaque.add(wrapped);
    return wrapped;
  }
}

function membersOf(instance: object): Iterable<[string, unknown]> {
  if (instance instanceof Map) return instance;
  return instance instanceof Uint8Array ? [] : Object.entries(instance);
}

interface Owner {
  readonly type: ConfigClass;
  readonly mapping: Mapping;
  readonly place: ConfigCursor;
}

function quantity(value: unknown, unit: 'duration' | 'byte_size', place: ConfigCursor): unknown {
  if (Array.isArray(value)) return value.map((item, index) => quantity(item, unit, place.at(index)));
  if (value === null) return value;
  const read = unit === 'duration' ? readDuration(value) : readByteSize(value);
  if (read !== undefined) return read;
  return place.report(unit === 'duration' ? noDuration(value) : noByteSize(value));
}

/** Lists and mappings are told apart by the declared type; without a validator the default's type is what is expected. */
function hasRightShape(value: unknown, property: PropertyShape, place: ConfigCursor): boolean {
  const expected = expectedKind(property);
  if (expected === undefined || (value === null && !property.isRequiredNested)) return true;
  const kind = kindOf(value).replace(/^(?:true|false)$/, 'true or false');
  if (expected === kind || (kind === 'a set' && expected === 'a list' && property.collection === 'set')) return true;
  const [message] = property.messages.values();
  const isOwn = typeof message === 'string' && !/\$(?:value|constraint|target)/.test(message);
  const fault = `expected ${expected}, got ${shownFor(expected, value)}. ${REMEDIES[expected] ?? ''}`.trimEnd();
  place.report(isOwn ? message.replaceAll('$property', property.key) : fault);
  return false;
}

function shownFor(expected: string, value: unknown): string {
  return expected === 'a number' || expected === 'true or false' ? shownWord(value) : shown(value);
}

function hasRightChoices(value: unknown, property: PropertyShape, place: ConfigCursor): boolean {
  const { choices = [], messages, ofItems } = property;
  const isOfItems = ofItems.has('isEnum') && Array.isArray(value);
  const items: readonly (readonly [unknown, ConfigCursor])[] = isOfItems
    ? (value as readonly unknown[]).map((item, index) => [item, place.at(index)] as const)
    : [[value, place]];
  const message = messages.get('isEnum');
  let isRight = true;
  for (const [item, at] of items) {
    const fault = item === null ? undefined : choiceFault(item, choices);
    if (fault === undefined) continue;
    isRight = false;
    at.report(typeof message === 'string' ? message.replaceAll('$property', property.key) : fault);
  }
  return isRight;
}

/** class-transformer would make an instance of the common base, which may be abstract. */
function hasKnownClass(value: Mapping, { property, names }: Discriminator, place: ConfigCursor): boolean {
  const name = value[property];
  if (typeof name === 'string' && names.includes(name)) return true;
  const list = names.map((one) => JSON.stringify(one)).join(', ');
  if ((name ?? null) === null) place.report(`"${property}" is missing. Add it: one of ${list}.`);
  else place.at(property).report(`expected one of ${list}, got ${shownWord(name)}.${didYouMean(String(name), names)}`);
  return false;
}

const kindOfCollection = { list: 'a list', map: 'a mapping', set: 'a list' } as const;

const REMEDIES: Readonly<Record<string, string>> = {
  'a string': 'Write it in quotes.',
  'a number': 'Write it without quotes.',
  'true or false': 'Write it without quotes.',
  'a list': 'Write it as a list: [..., ...].',
  'a mapping': 'Write "key: value" lines below the key.',
};

function expectedKind(property: PropertyShape): string | undefined {
  const { designType, collection } = property;
  if (collection !== undefined) return kindOfCollection[collection];
  const isNested = property.nestedIn({}, {}) !== undefined;
  if (!isNested) return kindOfDefault(property);
  if (property.ofItems.has('nestedValidation')) return undefined;
  return designType !== undefined || property.isRequiredNested ? 'a mapping' : undefined;
}

/** A property without decorators says by its default what it holds. */
function kindOfDefault({ isValidated, isTyped, defaultValue }: PropertyShape): string | undefined {
  if (isValidated || isTyped || defaultValue === undefined || defaultValue === null) return undefined;
  return typeof defaultValue === 'boolean' ? 'true or false' : kindOf(defaultValue);
}
