import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';

/** How deep JSON may nest: no request body gets near it. */
const maxDepth = 950;
const maxContentDepth = 126;

/**
 * Encodes a JSON value as Matrix signs it: keys sorted by code point, no spaces, UTF-8 text unescaped
 * (https://spec.matrix.org/latest/appendices/#canonical-json). Members that are undefined are left out.
 */
export function encodeCanonicalJson(value: unknown): string {
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = '';
    for (const item of value) text += (text === '' ? '' : ',') + encodeCanonicalJson(item);
    return `[${text}]`;
  }
  let text = '';
  for (const key of sortedKeys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${encodeCanonicalJson(member)}`;
  }
  return `{${text}}`;
}

/**
 * Refuses what canonical JSON cannot hold: fractions, integers beyond 2^53 (both only when `isStrict`, as room versions
 * before 6 took them), unpaired surrogates, endless nesting. 400 `M_BAD_JSON` (`events/utils.py: validate_canonicaljson`).
 */
export function checkCanonicalJson(value: unknown, isStrict = true, depth = 0): void {
  if (typeof value === 'string') checkText(value);
  else if (typeof value === 'number') checkNumber(value, isStrict);
  else if (typeof value === 'object' && value !== null) {
    if (depth > maxDepth) throw badJson('JSON is nested too deeply');
    if (Array.isArray(value)) {
      for (const item of value) checkCanonicalJson(item, isStrict, depth + 1);
      return;
    }
    for (const [key, member] of Object.entries(value)) {
      checkText(key);
      checkCanonicalJson(member, isStrict, depth + 1);
    }
  }
}

/** Refuses an event whose content nests deeper than the parser of Synapse follows: 127 levels, the event and its content two of them. */
export function checkNesting(content: object): void {
  if (nestsBeyond(content, maxContentDepth)) throw badJson('Invalid event JSON');
}

function nestsBeyond(value: object, levels: number): boolean {
  if (levels === 0) return true;
  const members: readonly unknown[] = Object.values(value);
  for (const member of members) {
    if (typeof member === 'object' && member !== null && nestsBeyond(member, levels - 1)) return true;
  }
  return false;
}

/** Orders by code point; JavaScript's own order, by UTF-16 unit, puts U+E000 to U+FFFF last. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    if (compareCodePoints(keys[index - 1] ?? '', keys[index] ?? '') > 0) return keys.sort(compareCodePoints);
  }
  return keys;
}

function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw badJson('JSON text is not valid Unicode');
}

function checkNumber(value: number, isStrict: boolean): void {
  if (!Number.isFinite(value)) throw badJson('Bad JSON value: float');
  if (!isStrict) return;
  // What is written with an exponent is no integer.
  if (!Number.isInteger(value) || Math.abs(value) >= 1e21) throw badJson('Bad JSON value: float');
  if (!Number.isSafeInteger(value)) throw badJson('JSON integer out of range');
}

function badJson(message: string): SynapseError {
  return new SynapseError(400, message, Codes.BAD_JSON);
}
