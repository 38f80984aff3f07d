import type { JsonSchema } from './json-schema.js';
import type { ConfigCursor } from './config-cursor.js';
import {
  anyMapping,
  described,
  reportUnknownKeys,
  type Mapping,
  type Reader,
  refined,
  warnIgnoredKey,
} from './readers.js';
import { snakeCase } from './snake-case.js';

/** What is said of a setting besides its reader and its default. */
export interface SettingOptions {
  /** One sentence for editors and for docs/configuration.md. */
  readonly meaning?: string;
  /** The key in YAML (default: the property's name in snake_case). */
  readonly key?: string;
  /** A mapping without it is wrong. */
  readonly isRequired?: boolean;
  /** A relative path, which starts at the folder of the configuration file. */
  readonly isPath?: boolean;
  /** A secret that may stand in a file of its own, named by the same key with `_path`. */
  readonly mayBeFile?: boolean;
  /** Nothing on the embedded homeserver uses it so far: it is read and checked, and setting it gives a warning. */
  readonly isUnused?: boolean;
}

/** One setting of a mapping. */
export interface Setting<T> extends SettingOptions {
  readonly reader: Reader<T>;
  /** The value when the key is not there; made anew each time. Undefined for a setting that has none. */
  readonly makeDefault: (() => T) | undefined;
}

/** The settings of a mapping by their property. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of settings. */
export type ValuesOf<S extends Settings> = {
  readonly [P in keyof S]: S[P] extends Setting<infer T> ? T : never;
};

/** The value of a reader. */
export type ValueOf<R> = R extends Reader<infer T> ? T : never;

/** A setting with a default. An object that is one is made by a function, so that no two configurations share it. */
export function setting<T>(
  reader: Reader<T>,
  defaultValue: NoInfer<T> | (() => NoInfer<T>),
  options: SettingOptions = {},
): Setting<T> {
  const makeDefault = isFactory(defaultValue) ? defaultValue : (): T => defaultValue;
  return { ...options, reader, makeDefault };
}

function isFactory<T>(value: T | (() => T)): value is () => T {
  return typeof value === 'function';
}

/** A setting that is undefined when the key is not there. */
export function optional<T>(reader: Reader<T>, options: SettingOptions = {}): Setting<T | undefined> {
  return { ...options, reader, makeDefault: () => undefined };
}

/** A setting whose default is for others to say. */
export function withoutDefault<T>(reader: Reader<T>, options: SettingOptions = {}): Setting<T> {
  return { ...options, reader, makeDefault: undefined };
}

/** A setting without which its mapping is wrong. */
export function required<T>(reader: Reader<T>, options: SettingOptions = {}): Setting<T> {
  return withoutDefault(reader, { ...options, isRequired: true });
}

/** A class whose instances hold the values of settings: the defaults, but for what is given. */
export interface SettingsClass<S extends Settings> {
  readonly settings: S;
  new (given?: Partial<ValuesOf<S>>): ValuesOf<S>;
}

/** Makes a class of settings: `class StatsConfig extends settingsClass({ enabled: setting(boolean, true) }) {}`. */
export function settingsClass<S extends Settings>(settings: S): SettingsClass<S> {
  // A plain function makes objects, as a class that extends it needs. Its members are data, which only the type tells.
  function SettingsOf(this: object, given: object = {}): void {
    Object.assign(this, defaultsOf(settings), given);
  }
  return Object.assign(SettingsOf, { settings }) as unknown as SettingsClass<S>;
}

function defaultsOf(settings: Settings): Mapping {
  const members = Object.entries(settings).flatMap(([property, { makeDefault }]) =>
    makeDefault === undefined ? [] : [[property, makeDefault()] as const],
  );
  return Object.fromEntries(members);
}

/** What a mapping of settings has besides them. */
export interface MappingOptions {
  /** Keys that Synapse has and that have no meaning here. */
  readonly ignored?: readonly string[];
  /** Keys that another reader reads: named only where a misspelt one may mean them. */
  readonly alsoKnown?: readonly string[];
  /** What to do with an unknown key (default: "Remove it."). */
  readonly remedy?: string;
}

/** The key of a setting in YAML. */
export function keyOf(property: string, { key }: SettingOptions = {}): string {
  return key ?? snakeCase(property);
}

/** Reads a mapping into the members of its settings; those that are absent or null are left out. */
export function membersOf<S extends Settings>(settings: S, options: MappingOptions = {}): Reader<Partial<ValuesOf<S>>> {
  const entries = Object.entries(settings);
  const byKey = new Map(entries.map(([property, one]) => [keyOf(property, one), [property, one] as const]));
  const required = [...byKey].filter(([, [, { isRequired }]]) => isRequired === true).map(([key]) => key);
  const ignored = new Set(options.ignored);
  return described(schemaOf(settings, required, options), (value, place) => {
    const mapping = anyMapping(value, place);
    if (mapping === null) return null;
    const result: Record<string, unknown> = {};
    const unknown: string[] = [];
    for (const [key, member] of Object.entries(mapping)) {
      const [property, one] = byKey.get(key) ?? [];
      if (property !== undefined && one !== undefined) readMember(result, property, one.reader, member, place.at(key));
      else if (ignored.has(key)) warnIgnoredKey(place.at(key));
      else unknown.push(key);
    }
    reportUnknownKeys(unknown, [...byKey.keys(), ...ignored, ...(options.alsoKnown ?? [])], place, options.remedy);
    for (const key of required) {
      if ((mapping[key] ?? null) === null) place.report(`"${key}" is missing. Add it.`);
    }
    return result as Partial<ValuesOf<S>>;
  });
}

function readMember(
  result: Record<string, unknown>,
  property: string,
  reader: Reader<unknown>,
  value: unknown,
  at: ConfigCursor,
): void {
  // Most sections of Synapse read a key without a value as one that is not there.
  if (value === null && reader.takesNull !== true) return;
  const read = reader(value, at);
  if (read !== null || value === null) result[property] = read;
}

function schemaOf(settings: Settings, required: readonly string[], options: MappingOptions): JsonSchema {
  const { ignored = [], alsoKnown = [] } = options;
  const own = Object.entries(settings).map(([property, one]) => [keyOf(property, one), settingSchema(one)] as const);
  const others = [...ignored, ...alsoKnown].map((key) => [key, {}] as const);
  const properties = Object.fromEntries<JsonSchema>([...others, ...own]);
  return { type: 'object', properties, additionalProperties: false, ...(required.length > 0 && { required }) };
}

/** What editors and docs/configuration.md are told of a setting that nothing uses. */
export const NO_EFFECT = 'Has no effect on the embedded homeserver.';

/** What editors are told of a setting: its values, its meaning and its default, where that is one word. */
function settingSchema({ reader, meaning, makeDefault, isUnused }: Setting<unknown>): JsonSchema {
  const { schema = {} } = reader;
  const sentences = [meaning, schema['description'], isUnused === true ? NO_EFFECT : undefined];
  const description = sentences.filter((text) => typeof text === 'string').join(' ');
  const defaultValue = makeDefault?.();
  const isWord = ['boolean', 'number', 'string'].includes(typeof defaultValue) && defaultValue !== '';
  return { ...schema, ...(description !== '' && { description }), ...(isWord && { default: defaultValue }) };
}

/** Reads a mapping into an instance of a class of settings. */
export function section<S extends Settings, T extends ValuesOf<S>>(
  type: { readonly settings: S; new (given?: Partial<ValuesOf<S>>): T },
  options?: MappingOptions,
): Reader<T> {
  return refined(membersOf(type.settings, options), (members) => new type(members));
}

/** Reads a mapping into a plain object with its defaults; null when anything in it is wrong. */
export function record<S extends Settings>(settings: S): Reader<ValuesOf<S>> {
  const read = membersOf(settings);
  return described(read.schema, (value, place) => {
    const before = place.diagnostics.problems.length;
    const members = read(value, place);
    // Without a new problem, every required member is there.
    const isWhole = members !== null && place.diagnostics.problems.length === before;
    return isWhole ? ({ ...defaultsOf(settings), ...members } as ValuesOf<S>) : null;
  });
}
