import { durations, sizes } from './parse-unit.js';

/** Milliseconds of Synapse's `90s`, `5d`, `1000` (`config/_base.py: parse_duration`), undefined for anything else. */
export function readDuration(value: unknown): number | undefined {
  return readWithSuffix(value, durations);
}

/** Bytes of Synapse's `50M`, `1K`, `1000` (`config/_base.py: parse_size`), undefined for anything else. */
export function readByteSize(value: unknown): number | undefined {
  return readWithSuffix(value, sizes);
}

function readWithSuffix(value: unknown, suffixes: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const factor = suffixes[value.slice(-1)];
  const digits = factor === undefined ? value : value.slice(0, -1);
  if (!/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(digits)) return undefined;
  return Number(digits.replaceAll('_', '')) * (factor ?? 1);
}
