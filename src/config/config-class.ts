import type { ValidationError } from 'class-validator';
import { type ClassLibraries, type ConfigClass, loadClassLibraries } from './class-libraries.js';
import { ClassPlain } from './class-plain.js';
import { ClassShapes, type UnitsOf } from './class-shape.js';
import type { Place } from './place.js';
import { formatPath } from './problem.js';
import { isMapping, shown } from './readers.js';

/** Fills a configuration class from what stands in the file. Problems are reported at their place; then the result is null. */
export async function readConfigClass(
  type: ConfigClass,
  value: unknown,
  place: Place,
  unitsOf: UnitsOf,
): Promise<object | null> {
  if (value instanceof type) return value;
  if (!isMapping(value)) {
    return place.fault(`expected a mapping, got ${shown(value)}. Write "key: value" lines below "config:".`);
  }
  return new ConfigClassReader(await loadClassLibraries(), unitsOf).read(type, value, place);
}

class ConfigClassReader {
  private readonly shapes: ClassShapes;
  private readonly plain: ClassPlain;

  constructor(
    private readonly libraries: ClassLibraries,
    unitsOf: UnitsOf,
  ) {
    this.shapes = new ClassShapes(libraries, unitsOf);
    this.plain = new ClassPlain(libraries, this.shapes);
  }

  async read(type: ConfigClass, value: Readonly<Record<string, unknown>>, place: Place): Promise<object | null> {
    const problems = place.findings.problems;
    const before = problems.length;
    const plain = this.plain.rename(value, type, place);
    const instance = this.libraries.plainToInstance(type, plain, { exposeDefaultValues: true });
    this.plain.unwrap(instance);
    const errors = await this.libraries.validate(instance, { forbidUnknownValues: false });
    // What is wrong in kind has been reported already, better than a validator can.
    const reported = new Set(problems.slice(before).map((problem) => formatPath(problem.path)));
    for (const error of errors) await this.report(error, { instance, given: value, place, reported });
    return problems.length === before ? instance : null;
  }

  private async report(error: ValidationError, context: Context): Promise<void> {
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
    const { place, label, error, instance } = context;
    const text = messages.join('; ');
    if (!given.isThere) {
      context.place.parent().fault(`"${label}" is missing. Add it: ${text}.`);
      return;
    }
    const wrongItems = await this.wrongItems(error, instance);
    if (wrongItems.length === 0) place.fault(`${text}, got ${shown(given.value)}.`);
    for (const { index, message, item } of wrongItems) {
      place.at(index).fault(`${rename(message, error.property, label)}, got ${shown(item)}.`);
    }
  }

  /** Which items a validator with `each` means: it does not say. */
  private async wrongItems(error: ValidationError, owner: unknown): Promise<readonly WrongItem[]> {
    const { value, property } = error as { readonly value?: unknown; readonly property: string };
    if (
      !Array.isArray(value) ||
      !Object.values(error.constraints ?? {}).every((text) => /^each value in /.test(text))
    ) {
      return [];
    }
    const found: WrongItem[] = [];
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      const probe = Object.assign(Object.create(Object.getPrototypeOf(owner) as object) as object, owner, {
        [property]: [item],
      });
      const errors = await this.libraries.validate(probe, { forbidUnknownValues: false });
      const constraints = errors.find((one) => one.property === property)?.constraints ?? {};
      const texts = Object.keys(error.constraints ?? {}).flatMap((name) => constraints[name] ?? []);
      if (texts.length > 0) found.push({ index, item, message: texts.join('; ') });
    }
    return found;
  }

  private keyOf(error: ValidationError, owner: unknown): { readonly key: string | number; readonly label: string } {
    if (Array.isArray(owner) || owner instanceof Set) return { key: Number(error.property), label: error.property };
    if (owner instanceof Map) return { key: error.property, label: error.property };
    const shape = [...this.shapes.of(classOf(owner)).values()].find(({ property }) => property === error.property);
    const key = shape?.key ?? error.property;
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
  readonly place: Place;
  readonly reported: ReadonlySet<string>;
}

interface MessageContext extends Context {
  readonly error: ValidationError;
  readonly label: string;
}

interface WrongItem {
  readonly index: number;
  readonly item: unknown;
  readonly message: string;
}

/** The validators' texts name the property; authors' files know the key. */
function rename(message: string, property: string, key: string): string {
  const escaped = property.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return message.replace(new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`), () => key);
}

function memberOf(given: unknown, key: string | number): Given {
  if (typeof given !== 'object' || given === null) return { isThere: false, value: undefined };
  return { isThere: Object.hasOwn(given, key), value: (given as Readonly<Record<string | number, unknown>>)[key] };
}

function classOf(instance: unknown): ConfigClass {
  return (instance as object).constructor as ConfigClass;
}
