import type { DbValue } from '../db-transaction.js';
import { HostError } from '../../errors/host-error.js';

const loneSurrogate = /\p{Surrogate}/u;

/** Refuses a text that is not Unicode, with the error of Python: no database takes it. */
export function checkDbText(text: string): void {
  const match = loneSurrogate.exec(text);
  if (match === null) return;
  const position = Array.from(text.slice(0, match.index)).length;
  const code = match[0].charCodeAt(0).toString(16);
  throw new HostError(
    'UnicodeEncodeError',
    `'utf-8' codec can't encode character '\\u${code}' in position ${position}: surrogates not allowed`,
  );
}

/** The types of {@link DbValue}, and booleans: PostgreSQL has columns of them, and JavaScript authors give them. */
export type DbParameter = DbValue | boolean;

/**
 * A copy of the values for the placeholders of a statement: the module may alter what it gave. Refuses what no database
 * of Synapse takes, with the error that a Python module gets, and NaN, which SQLite would take for NULL.
 */
export function dbParameters(values: readonly unknown[]): readonly DbParameter[] {
  return Array.isArray(values) ? values.map(dbParameter) : Array.from(values, dbParameter);
}

function dbParameter(value: unknown, index: number): DbParameter {
  if (value === null || typeof value === 'bigint' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value === 'string') {
    checkDbText(value);
    return value;
  }
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  const kind = typeof value === 'number' ? 'NaN' : `type '${typeName(value)}'`;
  throw new HostError('ProgrammingError', `Error binding parameter ${index + 1}: ${kind} is not supported`);
}

/** Python's name for the type of a value, where it has one. */
function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object' || value === null) return typeof value;
  const { constructor } = value;
  return constructor === Object ? 'dict' : constructor.name;
}
