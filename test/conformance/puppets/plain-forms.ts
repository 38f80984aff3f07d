import { isRecord, type Json, textOf } from '../format.js';

/** Values that JSON cannot hold, or only at length. */
export const plainForms: Readonly<Record<string, (value: Json) => unknown>> = {
  $bytes: (text) => new TextEncoder().encode(textOf(text)),
  $float: (text) => Number(text),
  $integer: (digits) => BigInt(textOf(digits)),
  $nested: (depth) => nested(Number(depth)),
  $repeated: (spec) => (spec as [string, number])[0].repeat((spec as [string, number])[1]),
};

/** The value that a piece of a case stands for where nothing but the case is known. */
export function decodePlain(value: Json): unknown {
  if (Array.isArray(value)) return value.map(decodePlain);
  if (!isRecord(value)) return value;
  const form = Object.keys(value).find((key) => Object.hasOwn(plainForms, key));
  if (form !== undefined) return plainForms[form]?.(value[form] ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodePlain(item)]));
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let count = 1; count < depth; count++) value = [value];
  return value;
}
