const SECOND = 1000;
const DURATION_SUFFIXES: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
  w: 7 * 86_400 * SECOND,
  y: 365 * 86_400 * SECOND,
};

const SIZE_SUFFIXES: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Milliseconds of Synapse's `90s`, `5d`, `1000` (`config/_base.py: parse_duration`), undefined for anything else. */
export function readDuration(value: unknown): number | undefined {
  return readWithSuffix(value, DURATION_SUFFIXES);
}

/** Bytes of Synapse's `50M`, `1K`, `1000` (`config/_base.py: parse_size`), undefined for anything else. */
export function readByteSize(value: unknown): number | undefined {
  return readWithSuffix(value, SIZE_SUFFIXES);
}

function readWithSuffix(value: unknown, suffixes: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const factor = suffixes[value.slice(-1)];
  const digits = factor === undefined ? value : value.slice(0, -1);
  if (!/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(digits)) return undefined;
  return Number(digits.replaceAll('_', '')) * (factor ?? 1);
}
