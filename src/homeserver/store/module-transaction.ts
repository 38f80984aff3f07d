import type { DbRow, DbTransaction, DbValue } from '../../api/db-transaction.js';
import { HostError } from '../../errors/host-error.js';
import type { Database, SqlResult } from './database.js';

/** One statement that a module ran, and what came of it. */
interface Done {
  readonly sql: string;
  readonly values: readonly DbValue[];
  readonly result: SqlResult;
}

/** What a module read is no longer true: its function must run again. */
class StaleTransactionError extends Error {}

/** How often a function runs before its transaction is given up, as in Synapse (`storage/database.py: new_transaction`). */
const maxAttempts = 6;

/** Runs a module's function in a transaction; again when somebody else changed what it had read. */
export async function runModuleTransaction<Result>(
  database: Database,
  work: (transaction: DbTransaction) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const transaction = new ModuleTransaction(database);
    const result = await work(transaction);
    try {
      transaction.commit();
    } catch (error) {
      if (!(error instanceof StaleTransactionError)) throw error;
      if (attempt === maxAttempts) throw new HostError('OperationalError', 'database is locked', { cause: error });
      continue;
    }
    transaction.runCallbacks();
    return result;
  }
}

/**
 * A module's transaction. The homeserver has one connection and never waits for it, so no transaction can be held open
 * while a module awaits something. Each statement therefore runs in a short one that is rolled back, behind the statements
 * that wrote something before it; {@link commit} runs all of them again at once, and only if every one answers as it did.
 */
class ModuleTransaction implements DbTransaction {
  private readonly statements: Done[] = [];
  private readonly callbacks: (() => unknown)[] = [];
  private unread: DbRow[] = [];
  private changes = -1;
  private columns: readonly string[] | null = null;

  constructor(private readonly database: Database) {}

  get rowcount(): number {
    return this.changes;
  }

  get description(): readonly string[] | null {
    return this.columns;
  }

  readonly execute = async (sql: string, parameters: readonly DbValue[] = []): Promise<void> => {
    const { columns, rows, changes } = this.perform(sql, parameters);
    this.columns = columns;
    this.unread = [...rows];
    this.changes = columns === null ? changes : -1;
  };

  readonly executemany = async (sql: string, rows: Iterable<readonly DbValue[]>): Promise<void> => {
    let changes = 0;
    for (const values of rows) changes += this.perform(sql, values).changes;
    this.columns = null;
    this.unread = [];
    this.changes = changes;
  };

  readonly fetchone = async (): Promise<DbRow | undefined> => this.unread.shift();

  readonly fetchmany = async (size: number): Promise<readonly DbRow[]> => this.unread.splice(0, size);

  readonly fetchall = async (): Promise<readonly DbRow[]> => this.unread.splice(0);

  readonly callAfter = (callback: () => unknown): void => {
    this.callbacks.push(callback);
  };

  readonly [Symbol.asyncIterator] = async function* (this: ModuleTransaction): AsyncGenerator<DbRow, void> {
    for (let row = this.unread.shift(); row !== undefined; row = this.unread.shift()) yield row;
  }.bind(this);

  /** What `callAfter` was given. */
  runCallbacks(): void {
    for (const callback of this.callbacks) callback();
  }

  /** Makes everything true at once, or throws {@link StaleTransactionError}. */
  commit(): void {
    if (this.statements.length > 1 || this.statements.some(isWrite)) {
      this.database.transaction(() => {
        for (const { sql, values, result } of this.statements) {
          if (!isSame(this.run(sql, values), result)) throw new StaleTransactionError();
        }
      });
    }
  }

  private perform(sql: string, values: readonly DbValue[]): SqlResult {
    if (transactionControl.test(sql)) {
      throw new HostError('OperationalError', "The transaction is the homeserver's: a module cannot begin or end one");
    }
    const result = this.database.preview(() => {
      for (const before of this.statements) if (isWrite(before)) this.run(before.sql, before.values);
      return this.run(sql, values);
    });
    this.statements.push({ sql, values, result });
    return result;
  }

  private run(sql: string, values: readonly DbValue[]): SqlResult {
    try {
      return this.database.runForeign(sql, values);
    } catch (error) {
      throw pythonError(error);
    }
  }
}

const transactionControl = /^\s*(?:BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|VACUUM|ATTACH|DETACH)\b/i;

/** Whether later statements need it: it changed rows, or may have changed the schema. */
function isWrite({ result }: Done): boolean {
  return result.columns === null || result.changes > 0;
}

function isSame(a: SqlResult, b: SqlResult): boolean {
  return a.changes === b.changes && textOf(a) === textOf(b);
}

function textOf({ rows }: SqlResult): string {
  return JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** The exceptions of Python's `sqlite3`, by SQLite's primary result codes. */
const pythonNames: Readonly<Record<number, string>> = {
  1: 'OperationalError',
  5: 'OperationalError',
  6: 'OperationalError',
  10: 'OperationalError',
  13: 'OperationalError',
  14: 'OperationalError',
  19: 'IntegrityError',
  20: 'IntegrityError',
  25: 'ProgrammingError',
};

function pythonError(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const name = pythonNames[Number(error.errcode) & 0xff] ?? 'DatabaseError';
  return new HostError(name, error.message, { cause: error });
}
