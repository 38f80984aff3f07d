import { isDeepStrictEqual } from 'node:util';
import { isRecord, type Json, type JsonRecord, textOf } from './format.js';
import { MISSING, type Missing } from './variables.js';

type Actual = Json | Missing;

/** Undefined when `actual` fits `expected` by the rules of the case format, else a sentence that says where it does not. */
export function mismatch(expected: Json, actual: Actual, where = ''): string | undefined {
  if (isRecord(expected)) return mismatchOfRecord(expected, actual, where);
  if (actual === MISSING) return `${where}: missing`;
  if (Array.isArray(expected)) return mismatchOfArray(expected, actual, where);
  return expected === actual ? undefined : `${where}: ${show(actual)} is not ${show(expected)}`;
}

function mismatchOfArray(expected: Json[], actual: Json, where: string): string | undefined {
  if (!Array.isArray(actual) || actual.length !== expected.length) {
    return `${where}: ${show(actual)} is not ${show(expected)}`;
  }
  for (const [index, item] of expected.entries()) {
    const problem = mismatch(item, actual[index] ?? null, `${where}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function mismatchOfRecord(expected: JsonRecord, actual: Actual, where: string): string | undefined {
  const keys = Object.keys(expected);
  const special = keys.filter((key) => Object.hasOwn(specials, key));
  if (special.length > 0) return mismatchOfSpecials(expected, special, actual, where);
  const record = keys.length > 0 && keys.every((key) => /^\d+$/.test(key)) ? byIndex(actual) : actual;
  if (record === MISSING || !isRecord(record)) {
    return `${where}: expected an object, is ${actual === MISSING ? 'missing' : show(actual)}`;
  }
  for (const [key, item] of Object.entries(expected)) {
    const problem = mismatch(item, Object.hasOwn(record, key) ? (record[key] ?? null) : MISSING, `${where}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function byIndex(actual: Actual): Actual {
  return Array.isArray(actual) ? Object.fromEntries(actual.entries()) : actual;
}

function mismatchOfSpecials(
  expected: JsonRecord,
  special: readonly string[],
  actual: Actual,
  where: string,
): string | undefined {
  for (const key of special) {
    const problem = specials[key]?.(expected[key] ?? null, actual);
    if (problem !== undefined) return `${where}: ${problem}`;
  }
  return undefined;
}

type Special = (want: Json, actual: Actual) => string | undefined;

/** The special objects of the format: what is wrong, or undefined. */
const specials: Readonly<Record<string, Special>> = {
  $absent: (_want, actual) => (actual === MISSING ? undefined : `should be absent, is ${show(actual)}`),
  $any: present(() => undefined),
  $match: present((want, actual) =>
    typeof actual === 'string' && toRegExp(textOf(want)).test(actual)
      ? undefined
      : `${show(actual)} does not match ${show(want)}`,
  ),
  $type: present((want, actual) => {
    const type = typeName(actual);
    return type === want || (want === 'number' && type === 'integer') ? undefined : `is ${type}, not ${textOf(want)}`;
  }),
  $not: present((want, actual) => (mismatch(want, actual) === undefined ? `is ${show(actual)}` : undefined)),
  $exact: present((want, actual) =>
    isDeepStrictEqual(want, actual) ? undefined : `${show(actual)} is not exactly ${show(want)}`,
  ),
  $contains: present((want, actual) => {
    const lacking = asArray(want).find((item) => !asArray(actual).some((one) => mismatch(item, one) === undefined));
    return lacking === undefined ? undefined : `does not contain ${show(lacking)}; is ${show(actual)}`;
  }),
  $excludes: present((want, actual) => {
    const found = asArray(want).find((item) => asArray(actual).some((one) => mismatch(item, one) === undefined));
    return found === undefined ? undefined : `contains ${show(found)}`;
  }),
  $unordered: present((want, actual) => {
    const rest = [...asArray(actual)];
    if (!Array.isArray(actual) || actual.length !== asArray(want).length) {
      return `${show(actual)} is not, in any order, ${show(want)}`;
    }
    for (const item of asArray(want)) {
      const index = rest.findIndex((one) => mismatch(item, one) === undefined);
      if (index < 0) return `no ${show(item)}`;
      rest.splice(index, 1);
    }
    return undefined;
  }),
};

function present(check: (want: Json, actual: Json) => string | undefined): Special {
  return (want, actual) => (actual === MISSING ? 'missing' : check(want, actual));
}

function asArray(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** A Python regular expression as JavaScript's: leading flags, named groups and anchors differ. */
function toRegExp(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const source = (flags === null ? pattern : pattern.slice(flags[0].length))
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$');
  return new RegExp(source, flags?.[1] ?? '');
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
