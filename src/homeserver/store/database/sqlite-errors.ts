import { HostError } from '../../../errors/host-error.js';

/** The exceptions of Python's `sqlite3`, by SQLite's primary result codes (https://sqlite.org/rescode.html). */
const pythonNames: Readonly<Record<number, string>> = {
  1: 'OperationalError',
  2: 'InternalError',
  3: 'OperationalError',
  4: 'OperationalError',
  5: 'OperationalError',
  6: 'OperationalError',
  7: 'MemoryError',
  8: 'OperationalError',
  9: 'OperationalError',
  10: 'OperationalError',
  12: 'InternalError',
  13: 'OperationalError',
  14: 'OperationalError',
  15: 'OperationalError',
  16: 'OperationalError',
  17: 'OperationalError',
  18: 'DataError',
  19: 'IntegrityError',
  20: 'IntegrityError',
  21: 'InterfaceError',
  25: 'InterfaceError',
};

/** The error that a Python module would get for an error of SQLite. */
export function pythonError(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const name = pythonNames[Number(error.errcode) & 0xff] ?? 'DatabaseError';
  return new HostError(name, error.message, { cause: error });
}
