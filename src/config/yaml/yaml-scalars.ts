const YAML = 'tag:yaml.org,2002:';

/** The tags that PyYAML makes values of. */
export const TAG = {
  null: `${YAML}null`,
  bool: `${YAML}bool`,
  int: `${YAML}int`,
  float: `${YAML}float`,
  binary: `${YAML}binary`,
  timestamp: `${YAML}timestamp`,
  omap: `${YAML}omap`,
  pairs: `${YAML}pairs`,
  set: `${YAML}set`,
  str: `${YAML}str`,
  seq: `${YAML}seq`,
  map: `${YAML}map`,
  merge: `${YAML}merge`,
  value: `${YAML}value`,
} as const;

const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

/** What a scalar without quotes and without a tag is, by PyYAML's resolvers for YAML 1.1. */
const IMPLICIT: readonly (readonly [tag: string, pattern: RegExp])[] = [
  [TAG.bool, /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  [
    TAG.float,
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  ],
  [
    TAG.int,
    /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  ],
  [TAG.merge, /^<<$/],
  [TAG.null, /^(?:~|null|Null|NULL|)$/],
  // A date alone has two digits for month and day.
  [TAG.timestamp, /^(?:\d{4}-\d\d-\d\d$|\d{4}-\d\d?-\d\d?[Tt \t])/],
  [TAG.value, /^=$/],
];

/** The tag of a plain scalar. */
export function implicitTag(text: string): string {
  const found = IMPLICIT.find(
    ([tag, pattern]) => pattern.test(text) && (tag !== TAG.timestamp || TIMESTAMP.test(text)),
  );
  return found?.[0] ?? TAG.str;
}

/** A scalar that is not what its tag says, or cannot be given exactly; the text says what is wrong and what to do. */
export class ScalarFault {
  constructor(readonly message: string) {}
}

/** The value of a scalar, or what is wrong with it. */
export function scalarValue(tag: string, text: string): unknown {
  const read = READERS[tag];
  if (read === undefined) {
    const isReserved = tag === TAG.merge || tag === TAG.value;
    if (isReserved) return new ScalarFault(`"${text}" has a meaning of its own in YAML. Write it in quotes.`);
    return new ScalarFault(unfitTag(tag, 'one text'));
  }
  const value = read(text);
  if (value !== undefined) return value;
  return new ScalarFault(
    `"${text}" is not ${NOUNS[tag] ?? 'a value'}. Correct it, or write it in quotes without a tag.`,
  );
}

/** What is wrong with a tag that makes nothing of what it stands at. */
export function unfitTag(tag: string, content: string): string {
  const shown = tag.startsWith(YAML) ? `!!${tag.slice(YAML.length)}` : tag;
  const isKnown = Object.values<string>(TAG).includes(tag);
  return `the tag "${shown}" ${isKnown ? `makes nothing of ${content}` : 'is not known'}. Remove it.`;
}

const NOUNS: Readonly<Record<string, string>> = {
  [TAG.bool]: 'true or false',
  [TAG.int]: 'a whole number',
  [TAG.float]: 'a number',
  [TAG.binary]: 'base64',
  [TAG.timestamp]: 'a date or time that exists',
};

const BOOLEANS: Readonly<Record<string, boolean>> = {
  yes: true,
  no: false,
  true: true,
  false: false,
  on: true,
  off: false,
};

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  [TAG.null]: () => null,
  [TAG.bool]: (text) => (Object.hasOwn(BOOLEANS, text.toLowerCase()) ? BOOLEANS[text.toLowerCase()] : undefined),
  [TAG.int]: readInteger,
  [TAG.float]: readFloat,
  [TAG.binary]: readBinary,
  [TAG.timestamp]: readTimestamp,
  [TAG.str]: (text) => text,
};

function withSign(text: string, read: (digits: string) => number | bigint | undefined): number | bigint | undefined {
  const value = read(/^[-+]/.test(text) ? text.slice(1) : text);
  return value === undefined || !text.startsWith('-') ? value : -value;
}

/** Numbers that JavaScript cannot hold exactly are refused: an ID of 19 digits would be another one. */
function readInteger(text: string): number | ScalarFault | undefined {
  const value = withSign(text.replaceAll('_', ''), readDigits);
  if (typeof value !== 'bigint') return undefined;
  const isExact = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
  return isExact ? Number(value) : new ScalarFault(tooLarge(text));
}

/** What is wrong with a whole number beyond 2^53. */
export function tooLarge(text: string): string {
  return `the number ${text} is too large to be exact. Write it in quotes.`;
}

function readDigits(text: string): bigint | undefined {
  if (text === '') return undefined;
  if (text.startsWith('0b')) return pythonInteger(text.slice(2), 2);
  if (text.startsWith('0x')) return pythonInteger(text.slice(2), 16);
  if (text.startsWith('0') && text !== '0') return pythonInteger(text, 8);
  return text.includes(':') ? readSexagesimal(text) : pythonInteger(text, 10);
}

function readSexagesimal(text: string): bigint | undefined {
  let value = 0n;
  for (const part of text.split(':')) {
    const digits = pythonInteger(part, 10);
    if (digits === undefined) return undefined;
    value = value * 60n + digits;
  }
  return value;
}

const DIGITS: Readonly<Record<number, RegExp>> = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-f]+$/i };
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

/** What `int(text, base)` of Python takes: white space around, a sign, the prefix of the base. */
function pythonInteger(text: string, base: 2 | 8 | 10 | 16): bigint | undefined {
  const trimmed = text.trim().toLowerCase();
  const value = withSign(trimmed, (signless) => {
    const prefix = PREFIXES[base] ?? '';
    const digits = prefix !== '' && signless.startsWith(prefix) ? signless.slice(2) : signless;
    if (DIGITS[base]?.test(digits) !== true) return undefined;
    return BigInt(`${prefix}${digits.replace(/^0+(?=.)/, '')}`);
  });
  return typeof value === 'bigint' ? value : undefined;
}

function readFloat(text: string): number | undefined {
  const value = withSign(text.replaceAll('_', '').toLowerCase(), readFraction);
  return typeof value === 'number' ? value : undefined;
}

function readFraction(text: string): number | undefined {
  if (text === '') return undefined;
  if (text === '.inf') return Infinity;
  if (text === '.nan') return NaN;
  if (!text.includes(':')) return pythonFloat(text);
  let [value, base]: readonly [number, number] = [0, 1];
  for (const part of text.split(':').reverse()) {
    const digits = pythonFloat(part);
    if (digits === undefined) return undefined;
    value += digits * base;
    base *= 60;
  }
  return value;
}

/** What `float(text)` of Python takes. */
function pythonFloat(text: string): number | undefined {
  const trimmed = text.trim();
  const value = withSign(trimmed, (digits) => {
    if (/^inf(?:inity)?$/.test(digits)) return Infinity;
    if (digits === 'nan') return NaN;
    return /^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(digits) ? Number(digits) : undefined;
  });
  return typeof value === 'number' ? value : undefined;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 as `base64.decodebytes` of Python takes it: other characters are skipped, padding is needed. */
function readBinary(text: string): Uint8Array | undefined {
  if (/\P{ASCII}/u.test(text)) return undefined;
  const bytes: number[] = [];
  let [position, rest, padding]: readonly [number, number, number] = [0, 0, 0];
  for (const character of text) {
    if (character === '=') {
      if (position >= 2 && position + ++padding >= 4) return Uint8Array.from(bytes);
      continue;
    }
    const bits = BASE64.indexOf(character);
    if (bits < 0) continue;
    padding = 0;
    if (position > 0) bytes.push(((rest << (position * 2)) | (bits >> (6 - position * 2))) & 0xff);
    rest = bits;
    position = (position + 1) % 4;
  }
  return position === 0 ? Uint8Array.from(bytes) : undefined;
}

/** A date is midnight, and a time without a zone is one, in UTC. */
function readTimestamp(text: string): Date | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) => Number(match[group] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fraction = match[7] ?? '';
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, '0')));
  // What does not exist (the 30th of February, 24:00) has become something else.
  const made = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
  const isReal = year > 0 && second < 60 && String(made) === String([year, month, day, hour, minute]);
  const offset = zoneOffset(match);
  return isReal && Math.abs(offset) < 24 * 60 ? new Date(date.getTime() - offset * 60_000) : undefined;
}

/** In minutes. */
function zoneOffset(match: RegExpExecArray): number {
  const offset = Number(match[10] ?? 0) * 60 + Number(match[11] ?? 0);
  return match[9] === '-' ? -offset : offset;
}
