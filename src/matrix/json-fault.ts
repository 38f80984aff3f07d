import { types } from 'node:util';

/** Levels that a value may be nested; Python's JSON reads no more than about 900. */
export const deepestJson = 500;

/** Where a value is: keys and indexes from the outside in. */
export type JsonPath = readonly (string | number)[];

/**
 * What in a value of a module is not JSON, and where: `content.sent[0] is a Date`. undefined when all of it is; what JSON leaves
 * out (undefined members) and what it makes (`toJSON`) is fine.
 */
export function jsonFault(value: unknown): string | undefined {
  return faultAt(value, [], new Set());
}

/** A path as one writes it. */
export function textOfPath(path: JsonPath): string {
  const text = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`));
  return text.join('').slice(0, longestPath);
}

/** Objects that JSON would make `{}` or a string of: what they are; undefined for all others. */
export function oddKindOf(value: object): string | undefined {
  // A Buffer and a Uint8Array are the same to Synapse, another view may be anything.
  if (types.isArrayBufferView(value) && !types.isUint8Array(value)) {
    return 'a view of bytes that is not a Uint8Array';
  }
  return kinds.find(([is]) => is(value))?.[1];
}

/** A string of something that was thrown, whatever it is. */
export function sayOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return 'something without a text was thrown';
  }
}

/** Characters of a path that a message shows. */
const longestPath = 200;

const kinds: readonly (readonly [is: (value: object) => boolean, kind: string])[] = [
  [types.isDate, 'a Date'],
  [types.isMap, 'a Map'],
  [types.isSet, 'a Set'],
  [types.isArrayBufferView, 'bytes'],
  [types.isAnyArrayBuffer, 'an ArrayBuffer'],
  [types.isPromise, 'a Promise'],
  [types.isRegExp, 'a RegExp'],
  [(value) => types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef, 'a weak reference'],
  [(value) => value instanceof Error, 'an Error'],
  [(value) => Symbol.iterator in value && 'next' in value, 'an iterator'],
];

function faultAt(value: unknown, path: JsonPath, open: Set<object>): string | undefined {
  if (typeof value === 'object') return value === null ? undefined : faultOfObject(value, path, open);
  if (typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  return faultText(path, typeof value === 'number' || value === undefined ? String(value) : `a ${typeof value}`);
}

function faultOfObject(value: object, path: JsonPath, open: Set<object>): string | undefined {
  if (open.has(value)) return faultText(path, 'an object that holds itself');
  if (path.length > deepestJson) return faultText(path.slice(0, 3), `nested more than ${deepestJson} levels deep`);
  open.add(value);
  try {
    return faultOfContent(value, path, open);
  } catch (error) {
    return faultText(path, `an object that cannot be read (${sayOf(error)})`);
  } finally {
    open.delete(value);
  }
}

function faultOfContent(value: object, path: JsonPath, open: Set<object>): string | undefined {
  const kind = Array.isArray(value) ? undefined : oddKindOf(value);
  if (kind !== undefined) return faultText(path, kind);
  if (types.isBoxedPrimitive(value)) return faultAt(value.valueOf(), path, open);
  const toJSON: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJSON === 'function') return faultAt(Reflect.apply(toJSON, value, []), [...path, 'toJSON()'], open);
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, member] of entries) {
    const fault = member === undefined ? undefined : faultAt(member, [...path, key], open);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultText(path: JsonPath, kind: string): string {
  return `${textOfPath(path) || 'it'} is ${kind}`;
}
