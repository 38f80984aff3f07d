import { Tuple } from '../matrix/tuple.js';

/** Whether Python would take a value for true: empty strings, arrays, tuples, sets, maps and objects are false, as 0 and null are. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return isTruthy(value.items);
  if (value instanceof Set || value instanceof Map) return value.size > 0;
  if (Object.getPrototypeOf(value) === Object.prototype) return Object.keys(value).length > 0;
  return true;
}
