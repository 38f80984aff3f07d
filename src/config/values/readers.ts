import { didYouMean } from '../../errors/nearest-name.js';
import { type JsonSchema, unitSchemas } from './json-schema.js';
import type { ConfigCursor } from './config-cursor.js';
import { readByteSize, readDuration } from './units.js';

/** Unknown value -> typed value, or null after a problem was reported at the place. */
export interface Reader<T> {
  (value: unknown, place: ConfigCursor): T | null;
  /** What editors are told of the value (default: it may be anything). */
  readonly schema?: JsonSchema;
  /** `null` is a value of its own, not a key that is not there. */
  readonly takesNull?: boolean;
}

/** A reader with a schema for editors. */
export function described<T>(
  schema: JsonSchema | undefined,
  read: (value: unknown, place: ConfigCursor) => T | null,
): Reader<T> {
  return schema === undefined ? read : Object.assign(read, { schema });
}

/** A reader whose values keep one rule more, or are made into something else. */
export function refined<T, R>(
  reader: Reader<T>,
  refine: (read: T, place: ConfigCursor, value: unknown) => R | null,
): Reader<R> {
  return described(reader.schema, (value, place) => {
    const read = reader(value, place);
    return read === null ? null : refine(read, place, value);
  });
}

/** A mapping as YAML and JSON give it. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && specialKind(value) === undefined;
}

/** The name of a kind of value that YAML has and JSON has not. */
function specialKind(value: object): string | undefined {
  if (value instanceof Date) return 'a date';
  if (value instanceof Uint8Array) return 'binary data';
  if (value instanceof Set) return 'a set';
  return value instanceof Map ? 'a map' : undefined;
}

/** The kind of a value in words; never the value itself, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return specialKind(value) ?? 'a mapping';
  if (typeof value === 'boolean') return String(value);
  return `a ${typeof value}`;
}

/** A wrong value, for a message. Only numbers are shown: a secret is a string. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value);
}

/** Letters, digits and what stands in quantities, names and addresses. */
const PLAIN_WORD = /^[\p{L}\p{N}_.,:/+ -]{0,40}$/u;

/**
 * A wrong value where a quantity, a choice or a boolean was expected: plain words are shown, too, since nobody writes a secret there. Those
 * that were filled in are taken out again by the `Redactor`.
 */
export function shownWord(value: unknown): string {
  return typeof value === 'string' && PLAIN_WORD.test(value) ? `"${value}"` : shown(value);
}

export const string: Reader<string> = described({ type: 'string' }, (value, place) =>
  typeof value === 'string' ? value : place.report(`expected a string, got ${shown(value)}. ${quoteIt(value)}`),
);

function quoteIt(value: unknown): string {
  return isMapping(value) || Array.isArray(value) ? 'Write one text here.' : 'Write it in quotes.';
}

export const boolean: Reader<boolean> = described({ type: 'boolean' }, (value, place) =>
  typeof value === 'boolean'
    ? value
    : place.report(`expected true or false, got ${shownWord(value)}. Write true or false without quotes.`),
);

/** A number from `minimum` on. */
export function number(minimum: number): Reader<number> {
  return described({ type: 'number', minimum }, (value, place) =>
    typeof value === 'number' && value >= minimum && Number.isFinite(value)
      ? value
      : place.report(`expected a number from ${minimum} on, got ${shownWord(value)}.`),
  );
}

/** A whole number within bounds. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Reader<number> {
  const isOpen = maximum === Number.MAX_SAFE_INTEGER;
  const range = isOpen ? `from ${minimum} on` : `from ${minimum} to ${maximum}`;
  return described({ type: 'integer', minimum, ...(!isOpen && { maximum }) }, (value, place) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum
      ? value
      : place.report(`expected a whole number ${range}, got ${shownWord(value)}.`),
  );
}

/** For values of which Python says that `5.0` is not `5`: Synapse refuses it. */
export function withoutPoint<T>(reader: Reader<T>): Reader<T> {
  return described(reader.schema, (value, place) =>
    place.isPointed
      ? place.report(`${String(value)}.0 has a point, with which Synapse refuses it. Write ${String(value)}.`)
      : reader(value, place),
  );
}

/** Milliseconds. */
export const duration: Reader<number> = withoutPoint(
  described(unitSchemas.duration, (value, place) => readDuration(value) ?? place.report(noDuration(value))),
);

/** Bytes. */
export const byteSize: Reader<number> = withoutPoint(
  described(unitSchemas.byte_size, (value, place) => readByteSize(value) ?? place.report(noByteSize(value))),
);

/** The message about a value that is not a duration. */
export function noDuration(value: unknown): string {
  const remedy = 'Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.';
  return `expected a duration, got ${shownWord(value)}. ${remedy}`;
}

/** The message about a value that is not a size. */
export function noByteSize(value: unknown): string {
  return `expected a size, got ${shownWord(value)}. Write a whole number with K, M, G or T ("50M"), or bytes.`;
}

/** One of a few values. */
export function oneOf<const T extends string | boolean>(...choices: readonly T[]): Reader<T> {
  return described({ enum: choices }, (value, place) => {
    const choice = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    const list = choices.map((one) => JSON.stringify(one)).join(', ');
    return place.report(`expected one of ${list}, got ${shownWord(value)}.${remedyFor(value, choices)}`);
  });
}

function remedyFor(value: unknown, choices: readonly (string | boolean)[]): string {
  if (typeof value !== 'string') return '';
  const isQuoted = choices.some((one) => typeof one !== 'string' && String(one) === value);
  if (isQuoted) return ` Write ${value} without quotes.`;
  return didYouMean(
    value,
    choices.filter((one) => typeof one === 'string'),
  );
}

export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return described({ type: 'array', ...(item.schema && { items: item.schema }) }, (value, place) => {
    if (!Array.isArray(value)) {
      return place.report(`expected a list, got ${shown(value)}. Write it as a list: [..., ...].`);
    }
    return value.flatMap((one: unknown, index) => {
      const read = item(one, place.at(index));
      return read === null ? [] : [read];
    });
  });
}

export const stringArray: Reader<readonly string[]> = listOf(string);

/** Any mapping, as it is. */
export const anyMapping: Reader<Mapping> = described({ type: 'object' }, (value, place) =>
  isMapping(value)
    ? value
    : place.report(`expected a mapping, got ${shown(value)}. Write "key: value" lines below the key.`),
);

/** A value that may be `null`. */
export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  const schema = reader.schema && { anyOf: [reader.schema, { type: 'null' }] };
  const read = described<T | null>(schema, (value, place) => (value === null ? null : reader(value, place)));
  return Object.assign(read, { takesNull: true });
}

/** So many unknown keys are no misspellings, and looking for the nearest name of each takes long. */
const MOST_MISSPELT = 100;

/** Reports unknown keys. */
export function reportUnknownKeys(
  unknown: readonly string[],
  known: readonly string[],
  place: ConfigCursor,
  remedy = 'Remove it.',
): void {
  const meant = unknown.length > MOST_MISSPELT ? [] : known;
  for (const key of unknown) place.at(key).reportKey(`unknown key "${key}".${didYouMean(key, meant) || ` ${remedy}`}`);
}

export function warnIgnoredKey(place: ConfigCursor): void {
  place.warn('has no meaning on the embedded homeserver');
}
