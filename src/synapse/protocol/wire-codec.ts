import { inspect, types } from 'node:util';
import { VesicleError } from '../../errors/vesicle-error.js';
import { deepestJson, type JsonPath, oddKindOf, sayOf, textOfPath } from '../../matrix/json-fault.js';
import { wrongValue } from './untrusted-values.js';

/*
 * JSON, and what JSON has no form for: an object with the member `$vesicle`, which names the kind of its `value`. Every frame
 * goes through `encodeWire` and `decodeWire`, so that a value arrives, or its call fails with the place of the value.
 */

/** The member that names the kind of a value that JSON has no form for. */
const mark = '$vesicle';
const markText = `"${mark}"`;

/** Marks a place where any value may travel, not only those of JSON: parameters of SQL, values of templates, numbers. */
export function anyValue<Value>(value: Value): Value {
  // To everybody but the encoder it is the value.
  return new AnyValue(value) as unknown as Value;
}

class AnyValue {
  constructor(readonly value: unknown) {}

  toJSON(): unknown {
    return this.value;
  }
}

/** A value as JSON. `what` is named when it, or something in it, cannot be sent. */
export function encodeWire(value: unknown, what: string): string {
  if (value === undefined) return 'null';
  try {
    return JSON.stringify(isSurelyPlain(value) ? value : new Writer().write(value, [], false));
  } catch (error) {
    if (error instanceof Unsendable) throw error.named(what);
    throw new Unsendable([], `an object that cannot be read (${sayOf(error)})`).named(what);
  }
}

/** Whether a frame may hold marked values. */
export function hasMarks(text: string): boolean {
  return text.includes(markText);
}

/** The value that parsed JSON with marks stands for. Throws `SYNAPSE_VALUE_WRONG`. */
export function decodeWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeWire);
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, mark)) return decodeMarked(members[mark], members['value']);
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, decodeWire(member)]));
}

/** Nearly everything is plain JSON: looking costs less than writing it anew. */
function isSurelyPlain(value: unknown): boolean {
  try {
    return isPlain(value, 0, false);
  } catch {
    // A getter or a proxy threw; the writer will say where.
    return false;
  }
}

function isPlain(value: unknown, depth: number, isAny: boolean): boolean {
  if (typeof value === 'object') {
    return value === null || (depth <= deepestJson && isPlainObject(value, depth, isAny));
  }
  if (typeof value === 'number') return !isAny || (Number.isFinite(value) && !Object.is(value, -0));
  return typeof value === 'string' || typeof value === 'boolean';
}

function isPlainObject(value: object, depth: number, isAny: boolean): boolean {
  if (Array.isArray(value)) {
    return value.every((item) => (item === undefined ? !isAny : isPlain(item, depth + 1, isAny)));
  }
  if (value instanceof AnyValue) return isPlain(value.value, depth, true);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return arePlain(value as Readonly<Record<string, unknown>>, depth + 1, isAny);
}

function arePlain(members: Readonly<Record<string, unknown>>, depth: number, isAny: boolean): boolean {
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (member !== undefined && !isPlain(member, depth, isAny)) return false;
    if (key === mark) return false;
  }
  return !('toJSON' in members);
}

/** A value that cannot be sent, until it is known what it belongs to. */
class Unsendable extends Error {
  constructor(
    private readonly path: JsonPath,
    private readonly kind: string,
  ) {
    super(kind);
  }

  named(what: string): VesicleError {
    return new VesicleError('SYNAPSE_VALUE_UNSENDABLE', {
      what,
      place: textOfPath(this.path) || 'it',
      kind: this.kind,
    });
  }
}

/** Makes JSON of a value that holds something else, or says where that is. */
class Writer {
  private readonly open = new Set<object>();

  write(value: unknown, path: JsonPath, isAny: boolean): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return this.number(value, isAny);
      case 'bigint':
        if (!isAny) throw new Unsendable(path, 'a bigint');
        return Number.isSafeInteger(Number(value)) ? Number(value) : marked('int', String(value));
      case 'object':
        return value === null ? null : this.object(value, path, isAny);
      case 'undefined':
        throw new Unsendable(path, 'undefined');
      case 'function':
      case 'symbol':
        throw new Unsendable(path, `a ${typeof value}`);
    }
  }

  private number(value: number, isAny: boolean): unknown {
    // As in JSON, NaN and the infinities are null, except where any value may stand.
    if (!isAny || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    return marked('number', Object.is(value, -0) ? '-0' : String(value));
  }

  private object(value: object, path: JsonPath, isAny: boolean): unknown {
    if (this.open.has(value)) throw new Unsendable(path, 'an object that holds itself');
    if (path.length > deepestJson) {
      throw new Unsendable(path.slice(0, 3), `nested more than ${deepestJson} levels deep`);
    }
    this.open.add(value);
    const written = guarded(path, () => this.content(value, path, isAny));
    this.open.delete(value);
    return written;
  }

  private content(value: object, path: JsonPath, isAny: boolean): unknown {
    if (value instanceof AnyValue) return value.value === undefined ? null : this.write(value.value, path, true);
    if (Array.isArray(value)) return this.items(value, path, isAny);
    const kind = oddKindOf(value);
    if (kind !== undefined) return isAny ? this.special(value, kind, path) : refuse(path, kind);
    if (types.isBoxedPrimitive(value)) return this.write(value.valueOf(), path, isAny);
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') return this.write(Reflect.apply(toJSON, value, []), [...path, 'toJSON()'], isAny);
    return this.members(Object.entries(value), path, isAny);
  }

  private items(items: Iterable<unknown>, path: JsonPath, isAny: boolean): readonly unknown[] {
    // As in JSON: what is undefined in an array is null.
    return Array.from(items, (item, index) =>
      item === undefined && !isAny ? null : this.write(item, [...path, index], isAny),
    );
  }

  private members(entries: readonly (readonly [string, unknown])[], path: JsonPath, isAny: boolean): unknown {
    const written = entries
      .filter(([, member]) => member !== undefined)
      .map(([key, member]): [string, unknown] => [key, this.write(member, [...path, key], isAny)]);
    return written.some(([key]) => key === mark) ? marked('map', written) : Object.fromEntries(written);
  }

  private special(value: object, kind: string, path: JsonPath): unknown {
    if (value instanceof Date) {
      const time = value.getTime();
      return Number.isNaN(time) ? refuse(path, 'an invalid Date') : marked('date', time);
    }
    if (value instanceof Uint8Array) return marked('bytes', Buffer.from(value).toString('base64'));
    if (types.isSet(value)) return marked('set', this.items(value, path, true));
    if (types.isMap(value)) {
      return marked(
        'map',
        Array.from(value, (entry, index) => this.items(entry, [...path, index], true)),
      );
    }
    return refuse(path, kind);
  }
}

function marked(kind: string, value: unknown): object {
  return { [mark]: kind, value };
}

function refuse(path: JsonPath, kind: string): never {
  throw new Unsendable(path, kind);
}

/** Getters, proxies and `toJSON` may throw anything. */
function guarded<Result>(path: JsonPath, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unsendable) throw error;
    throw new Unsendable(path, `an object that cannot be read (${sayOf(error)})`);
  }
}

/** Digits of an integer that is not worth the time. */
const maxDigits = 4_300;

const numbers: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0 };

type Reader = (value: unknown) => unknown;

/** What a marked value is, by its kind; undefined when it is malformed. */
const markedReaders = new Map<unknown, Reader>([
  ['int', integerOf],
  ['number', (value) => (typeof value === 'string' && Object.hasOwn(numbers, value) ? numbers[value] : undefined)],
  ['date', (value) => (typeof value === 'number' ? new Date(value) : undefined)],
  ['bytes', (value) => (typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : undefined)],
  ['set', (value) => (Array.isArray(value) ? new Set(value.map(decodeWire)) : undefined)],
  ['map', (value) => (Array.isArray(value) ? mapOf(value) : undefined)],
]);

function decodeMarked(kind: unknown, value: unknown): unknown {
  const made = markedReaders.get(kind)?.(value);
  if (made === undefined)
    throw wrongValue(`a malformed value, or one of an unknown kind (${inspect(kind).slice(0, 80)})`);
  return made;
}

function integerOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && value.length <= maxDigits && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

/** A mapping whose keys are not all strings is a Map, any other an object. */
function mapOf(pairs: readonly unknown[]): unknown {
  const entries = pairs.map((pair): [unknown, unknown] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw wrongValue('a mapping that is not a list of pairs');
    return [decodeWire(pair[0]), decodeWire(pair[1])];
  });
  const isObject = entries.every(([key]) => typeof key === 'string');
  return isObject ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
}
