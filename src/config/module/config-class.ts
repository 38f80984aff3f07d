import type { ValidationError } from 'class-validator';
import { type ClassLibraries, type ConfigClass, loadClassLibraries } from './class-libraries.js';
import { ConfigKeyMapper } from './config-key-mapper.js';
import { ClassShapes, type PropertyShape, type UnitsOf } from './class-shape.js';
import type { ConfigCursor } from '../values/config-cursor.js';
import { type ConfigPath, formatPath } from '../values/problem.js';
import { messagesOf } from '../values/thrown.js';
import { isMapping, type Mapping, shown, shownWord } from '../values/readers.js';

/** Fills a configuration class from what stands in the file. Problems are reported at their place; then the result is null. */
export async function readConfigClass(
  type: ConfigClass,
  value: unknown,
  place: ConfigCursor,
  unitsOf: UnitsOf,
): Promise<object | null> {
  if (value instanceof type) return value;
  if (!isMapping(value)) {
    return place.report(`expected a mapping, got ${shown(value)}. Write "key: value" lines below "config:".`);
  }
  return new ConfigClassReader(await loadClassLibraries(), unitsOf).read(type, value, place);
}

class ConfigClassReader {
  private readonly shapes: ClassShapes;
  private readonly plain: ConfigKeyMapper;

  constructor(
    private readonly libraries: ClassLibraries,
    unitsOf: UnitsOf,
  ) {
    this.shapes = new ClassShapes(libraries, unitsOf);
    this.plain = new ConfigKeyMapper(libraries, this.shapes);
  }

  async read(type: ConfigClass, value: Readonly<Record<string, unknown>>, place: ConfigCursor): Promise<object | null> {
    const problems = place.diagnostics.problems;
    const before = problems.length;
    const plain = this.plain.rename(value, type, place);
    const instance = this.instanceOf(type, plain, place);
    if (instance === null) return null;
    this.plain.unwrap(instance);
    const errors = await this.libraries.validate(instance, { forbidUnknownValues: false });
    // What is wrong in kind has been reported already, better than a validator can.
    const reported = new Set(problems.slice(before).map((problem) => formatPath(problem.path)));
    for (const error of errors) await this.report(error, { instance, given: value, place, reported });
    return problems.length === before ? instance : null;
  }

  private instanceOf(type: ConfigClass, plain: Readonly<Record<string, unknown>>, place: ConfigCursor): object | null {
    try {
      return this.libraries.plainToInstance(type, plain, { exposeDefaultValues: true });
    } catch (error) {
      // A @Transform or a setter of the author's threw.
      const path = this.pathOfThrower(type, plain);
      return place
        .into(path)
        .withCause(error)
        .report(...messagesOf(error));
    }
  }

  /** Which member class-transformer throws for: it does not say. */
  private pathOfThrower(type: ConfigClass, plain: Readonly<Record<string, unknown>>): ConfigPath {
    for (const shape of this.shapes.of(type).values()) {
      const name = Object.hasOwn(plain, shape.property) ? shape.property : shape.key;
      if (!Object.hasOwn(plain, name) || !this.isThrowing(type, { [name]: plain[name] })) continue;
      return [shape.key, ...this.pathWithin(plain[name], shape, plain)];
    }
    return [];
  }

  private pathWithin(value: unknown, shape: PropertyShape, owner: Readonly<Record<string, unknown>>): ConfigPath {
    if (shape.isTransformed || typeof value !== 'object' || value === null) return [];
    if (!Array.isArray(value) && shape.collection !== 'map') return this.pathInto(value, shape, owner) ?? [];
    for (const [key, item] of Object.entries(value)) {
      const path = this.pathInto(item, shape, owner);
      if (path !== undefined) return [Array.isArray(value) ? Number(key) : key, ...path];
    }
    return [];
  }

  private pathInto(item: unknown, shape: PropertyShape, owner: Mapping): ConfigPath | undefined {
    const type = isMapping(item) ? shape.nestedIn(item, owner) : undefined;
    if (type === undefined || !isMapping(item) || !this.isThrowing(type, item)) return undefined;
    return this.pathOfThrower(type, item);
  }

  private isThrowing(type: ConfigClass, plain: Readonly<Record<string, unknown>>): boolean {
    try {
      this.libraries.plainToInstance(type, plain, { exposeDefaultValues: true });
      return false;
    } catch {
      // The error itself has been caught before, with everything else.
      return true;
    }
  }

  private async report(error: ValidationError, context: Context): Promise<void> {
    // Of a `#member` everything has been said.
    if (error.property === '') return;
    const { key, label } = this.keyOf(error, context.instance);
    const place = context.place.at(key);
    if (context.reported.has(formatPath(place.path))) return;
    const given = memberOf(context.given, key);
    const messages = Object.values(error.constraints ?? {}).map((message) => rename(message, error.property, label));
    if (messages.length > 0) await this.reportMessages(messages, given, { ...context, error, place, label });
    const children = error.children ?? [];
    for (const child of children) {
      await this.report(child, { ...context, instance: error.value, given: given.value, place });
    }
  }

  private async reportMessages(messages: readonly string[], given: Given, context: MessageContext): Promise<void> {
    const { place, error, instance, label } = context;
    const shape = this.shapeOf(instance, error.property);
    const wrongItems = await this.wrongItems(error, instance, shape);
    // class-validator takes a mapping with free keys for one value.
    if (wrongItems?.length === 0) return;
    if (!given.isThere) {
      context.place.parent().report(`"${label}" is missing. Add it: ${messages.join('; ')}.`);
      return;
    }
    const isOwn = (names: readonly string[]): boolean => names.every((name) => shape?.messages.has(name) === true);
    if (wrongItems === undefined) {
      const names = Object.keys(error.constraints ?? {});
      place.report(withGot(messages.join('; '), given.value, names, isOwn(names)));
    }
    for (const { key, names, message, item } of wrongItems ?? []) {
      const at = place.at(key);
      if (isReported(at, context.reported)) continue;
      at.report(withGot(rename(message, error.property, label), item, names, isOwn(names)));
    }
  }

  /** Which items a validator with `each` means: it does not say. Undefined when the whole value is meant. */
  private async wrongItems(
    error: ValidationError,
    owner: unknown,
    shape: PropertyShape | undefined,
  ): Promise<readonly WrongItem[] | undefined> {
    const { property } = error;
    const value: unknown = error.value;
    const items = itemsOf(value);
    const names = Object.keys(error.constraints ?? {});
    if (items === undefined || !names.every((name) => shape?.ofItems.has(name) === true)) return undefined;
    const found: WrongItem[] = [];
    for (const [key, item] of items) {
      const probe = Object.assign(Object.create(Object.getPrototypeOf(owner) as object) as object, owner, {
        [property]: [item],
      });
      const errors = await this.libraries.validate(probe, { forbidUnknownValues: false });
      const constraints = errors.find((one) => one.property === property)?.constraints ?? {};
      const failed = names.filter((name) => Object.hasOwn(constraints, name));
      const message = failed.map((name) => constraints[name] ?? '').join('; ');
      if (failed.length > 0) found.push({ key, item, names: failed, message });
    }
    return found;
  }

  private shapeOf(owner: unknown, property: string): PropertyShape | undefined {
    if (Array.isArray(owner) || owner instanceof Set || owner instanceof Map) return undefined;
    return [...this.shapes.of(classOf(owner)).values()].find((shape) => shape.property === property);
  }

  private keyOf(error: ValidationError, owner: unknown): { readonly key: string | number; readonly label: string } {
    if (Array.isArray(owner) || owner instanceof Set) return { key: Number(error.property), label: error.property };
    if (owner instanceof Map) return { key: error.property, label: error.property };
    const key = this.shapeOf(owner, error.property)?.key ?? error.property;
    return { key, label: key };
  }
}

interface Given {
  readonly isThere: boolean;
  readonly value: unknown;
}

interface Context {
  readonly instance: unknown;
  readonly given: unknown;
  readonly place: ConfigCursor;
  readonly reported: ReadonlySet<string>;
}

interface MessageContext extends Context {
  readonly error: ValidationError;
  readonly label: string;
}

interface WrongItem {
  readonly key: string | number;
  readonly item: unknown;
  /** The validators that refused it. */
  readonly names: readonly string[];
  readonly message: string;
}

/** Something at a place, or below it, is known to be wrong. */
function isReported(place: ConfigCursor, reported: ReadonlySet<string>): boolean {
  const path = formatPath(place.path);
  return [...reported].some((one) => one === path || one.startsWith(`${path}.`));
}

/** A message of the author's own says everything. */
function withGot(message: string, value: unknown, names: readonly string[], isOwn: boolean): string {
  if (isOwn) return message;
  const mayShow = names.every((name) => NOT_OF_SECRETS.has(name));
  return `${message}, got ${mayShow ? shownWord(value) : shown(value)}.`;
}

/** Validators of values that are flags, numbers or choices. */
const NOT_OF_SECRETS: ReadonlySet<string> = new Set([
  'isBoolean',
  'isDate',
  'isEnum',
  'isIn',
  'isInt',
  'isNumber',
  'isPositive',
  'isNegative',
  'isDivisibleBy',
  'min',
  'max',
]);

/** The items of a list or a set, or the values of a mapping with free keys. */
function itemsOf(value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].map((item: unknown, index) => [index, item] as const);
  }
  if (value instanceof Map) return [...value];
  return isMapping(value) ? Object.entries(value) : undefined;
}

/** The validators' texts name the property; authors' files know the key. */
function rename(message: string, property: string, key: string): string {
  const escaped = property.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return message.replace(new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`), () => key);
}

function memberOf(given: unknown, key: string | number): Given {
  if (typeof given !== 'object' || given === null) return { isThere: false, value: undefined };
  return { isThere: Object.hasOwn(given, key), value: Reflect.get(given, key) };
}

function classOf(instance: unknown): ConfigClass {
  return (instance as object).constructor as ConfigClass;
}
