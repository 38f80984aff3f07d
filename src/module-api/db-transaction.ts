/**
 * A value that a database column can hold. What is read is a bigint where a number would not be exact: from 2^53 on. Booleans are
 * 0 and 1; NaN and infinities are refused.
 *
 * @example
 * ```ts
 * import { type DbValue } from 'vesicle';
 * const parameters: readonly DbValue[] = ['@alice:example.org', 1, null];
 * ```
 */
export type DbValue = null | number | bigint | string | Uint8Array;

/**
 * One row, its columns in the order of the query.
 *
 * @example
 * ```ts
 * import { type DbRow } from 'vesicle';
 * const first = (row: DbRow | undefined) => row?.[0];
 * ```
 */
export type DbRow = readonly DbValue[];

/**
 * A transaction of the homeserver's main database (`synapse.module_api.LoggingTransaction`). Placeholders are `?` on
 * every engine.
 *
 * @example
 * ```ts
 * import { type DbTransaction } from 'vesicle';
 * const countUsers = async (txn: DbTransaction) => {
 *   await txn.execute('SELECT COUNT(*) FROM users WHERE admin = ?', [1]);
 *   return (await txn.fetchone())?.[0];
 * };
 * ```
 */
export interface DbTransaction {
  /** Runs one statement: a second one behind it, and too few or too many parameters are refused (`ProgrammingError`). */
  readonly execute: (sql: string, parameters?: readonly DbValue[]) => Promise<void>;
  /** Runs one statement for each row of parameters. */
  readonly executemany: (sql: string, rows: Iterable<readonly DbValue[]>) => Promise<void>;
  /** The next row of the last query, or undefined after the last. */
  readonly fetchone: () => Promise<DbRow | undefined>;
  /** The next rows of the last query, at most `size`. */
  readonly fetchmany: (size: number) => Promise<readonly DbRow[]>;
  /** All rows of the last query that were not fetched yet. */
  readonly fetchall: () => Promise<readonly DbRow[]>;
  /** How many rows the last statement changed; -1 after a query. */
  readonly rowcount: number;
  /** Names of the columns of the last query, null after a statement that answers with no rows. */
  readonly description: readonly string[] | null;
  /** Calls after the transaction was committed, and not at all when it was rolled back. */
  readonly callAfter: (callback: () => unknown) => void;
  /** The rows of the last query that were not fetched yet. */
  readonly [Symbol.asyncIterator]: () => AsyncIterator<DbRow>;
}
