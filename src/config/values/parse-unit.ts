import { HostError } from '../../errors/host-error.js';

const second = 1000;
/** Milliseconds by suffix. */
export const durations: Readonly<Record<string, number>> = {
  s: second,
  m: 60 * second,
  h: 3600 * second,
  d: 86_400 * second,
  w: 7 * 86_400 * second,
  y: 365 * 86_400 * second,
};

/** Bytes by suffix. */
export const sizes: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Milliseconds of `'5d'`, `'90s'`, `'1000'` or `1000` (`config/_base.py: parse_duration`, with its errors). */
export function parseDuration(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value !== 'string') {
    throw new HostError('TypeError', `Bad duration type ${show(value)} (expected int or string duration)`);
  }
  const suffix = lastCharacter(value);
  const factor = durations[suffix];
  if (factor === undefined && !/\d/.test(suffix)) {
    const known = `dict_keys([${Object.keys(durations).map(quote).join(', ')}])`;
    const problem = `Bad duration suffix ${value} (expected no suffix or one of these suffixes: ${known})`;
    throw new HostError('TypeError', problem);
  }
  return factor === undefined ? parseInteger(value) : inRange(parseInteger(value.slice(0, -1)) * factor, value);
}

/** Bytes of `'10M'`, `'512K'`, `'1000'` or `1000` (`config/_base.py: parse_size`, with its errors). */
export function parseByteSize(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value !== 'string') throw new HostError('TypeError', `Bad byte size ${show(value)}`);
  const factor = sizes[lastCharacter(value)];
  return factor === undefined ? parseInteger(value) : inRange(parseInteger(value.slice(0, -1)) * factor, value);
}

function lastCharacter(value: string): string {
  if (value === '') throw new HostError('IndexError', 'string index out of range');
  return value.slice(-1);
}

/** What Python's `int()` takes: white space around, a sign, single underscores between digits. */
function parseInteger(text: string): number {
  if (!/^[+-]?\d+(?:_\d+)*$/.test(text.trim())) {
    throw new HostError('ValueError', `invalid literal for int() with base 10: ${quote(text)}`);
  }
  return inRange(Number(text.trim().replaceAll('_', '')), text);
}

function inRange(value: number, text: string): number {
  if (Number.isSafeInteger(value)) return value;
  throw new HostError('ValueError', `${quote(text)} is out of range`);
}

function quote(text: string): string {
  return `'${text}'`;
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
