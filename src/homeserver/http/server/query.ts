import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';

interface IntegerOptions {
  /** Negative numbers are taken too. */
  readonly negative?: boolean;
}

/** A whole number from the query, or undefined when it is absent (`http/servlet.py: parse_integer`). */
export function queryInteger(query: URLSearchParams, name: string, options: IntegerOptions = {}): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  // Python's int() takes spaces around the digits and single underscores between them.
  if (!/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text)) {
    throw new SynapseError(400, `Query parameter ${name} must be an integer`, Codes.INVALID_PARAM);
  }
  const value = Number(text.replaceAll('_', ''));
  if (value < 0 && options.negative !== true) {
    throw new SynapseError(400, `Query parameter ${name} must be a positive integer.`, Codes.INVALID_PARAM);
  }
  return Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
}

/** The same for a parameter that must be there. */
export function requiredQueryInteger(query: URLSearchParams, name: string, options: IntegerOptions = {}): number {
  const value = queryInteger(query, name, options);
  if (value !== undefined) return value;
  throw new SynapseError(400, `Missing required integer query parameter ${name}`, Codes.MISSING_PARAM);
}

/** `true` or `false` from the query, or undefined when it is absent (`http/servlet.py: parse_boolean`). */
export function queryBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new SynapseError(
    400,
    `Boolean query parameter '${name}' must be one of ['true', 'false']`,
    Codes.INVALID_PARAM,
  );
}

interface StringOptions<T extends string> {
  readonly allowed?: readonly T[];
  /** ASCII unless said otherwise, as in Synapse. */
  readonly encoding?: 'ascii' | 'utf-8';
}

/** Text from the query, or undefined when it is absent (`http/servlet.py: parse_string`). */
export function queryString<T extends string = string>(
  query: URLSearchParams,
  name: string,
  options: StringOptions<T> = {},
): T | undefined {
  const text = query.get(name);
  return text === null ? undefined : parseText(text, name, options);
}

/** The same for a parameter that must be there. */
export function requiredQueryString<T extends string = string>(
  query: URLSearchParams,
  name: string,
  options: StringOptions<T> = {},
): T {
  const value = queryString(query, name, options);
  if (value !== undefined) return value;
  throw new SynapseError(400, `Missing string query parameter '${name}'`, Codes.MISSING_PARAM);
}

/** All values of a repeated parameter (`http/servlet.py: parse_strings_from_args`). */
export function queryStrings<T extends string = string>(
  query: URLSearchParams,
  name: string,
  options: StringOptions<T> = {},
): T[] {
  return query.getAll(name).map((text) => parseText(text, name, options));
}

function parseText<T extends string>(text: string, name: string, options: StringOptions<T>): T {
  const { allowed, encoding = 'ascii' } = options;
  // eslint-disable-next-line no-control-regex -- the range of ASCII
  if (encoding === 'ascii' && !/^[\x00-\x7f]*$/.test(text)) {
    throw new SynapseError(400, `Query parameter '${name}' must be ascii`);
  }
  if (allowed !== undefined && !allowed.includes(text as T)) {
    const list = allowed.map((value) => `'${value}'`).join(', ');
    throw new SynapseError(400, `Query parameter '${name}' must be one of [${list}]`, Codes.INVALID_PARAM);
  }
  return text as T;
}
