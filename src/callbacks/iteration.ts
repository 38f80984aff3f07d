import { isArray, type JsonObject } from '../matrix/json.js';
import { isTuple } from '../matrix/tuple.js';

/** What Python would iterate over: items, the keys of a dict, the characters of a text; undefined for what it cannot. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (isTuple(value)) return value.items;
  if (typeof value === 'string') return Array.from(value);
  if (isArray(value)) return value;
  if (value instanceof Set || value instanceof Map) return Array.from<unknown>(value.keys());
  return isDict(value) ? Object.keys(value) : undefined;
}

/** The two parts that Python would unpack a value into; throws when it has not two. */
export function pairOf(value: unknown): readonly unknown[] {
  const items = itemsOf(value);
  if (items?.length !== 2) throw new TypeError('the answer is no pair');
  return items;
}

/** What Python's `dict.update` would take from a value: the members of an object, or pairs of name and value. */
export function membersOf(value: unknown): JsonObject {
  if (isDict(value)) return value;
  if (value instanceof Map) return Object.fromEntries(value as ReadonlyMap<string, unknown>) as JsonObject;
  const items = itemsOf(value);
  if (items === undefined) throw new TypeError('the answer is no object of fields');
  return Object.fromEntries(items.map(pairOf)) as JsonObject;
}

function isDict(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
