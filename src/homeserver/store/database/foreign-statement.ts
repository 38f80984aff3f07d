import type { SQLInputValue } from 'node:sqlite';
import type { DbRow, DbValue } from '../../../module-api/db-transaction.js';
import { HostError } from '../../../errors/host-error.js';
import { checkDbText, type DbParameter } from '../../../module-api/shared/db-parameters.js';
import { isConnectionControl, isDataChange, onlyReads, plainStatement, withoutLeadingSpace } from './sql-text.js';
import { type DatabaseSync, StatementSync } from './sqlite.js';

/** What a statement came to. */
export interface SqlResult {
  /** Names of the columns, null for a statement without rows. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly DbRow[];
  /** How many rows it changed; -1 when Python does not count them. */
  readonly rowcount: number;
}

/** Before version 22.16 node gives rows as objects only, and no names of columns without a row. */
const hasArrays = 'setReturnArrays' in StatementSync.prototype;

/** One statement of a module's transaction, prepared, and refused where Python's `sqlite3` refuses it. */
export class ForeignStatement {
  readonly isDataChange: boolean;
  readonly isConnectionControl: boolean;
  readonly onlyReads: boolean;
  /** Names of the columns; an empty list when there are none, or when node does not tell. */
  private readonly columns: readonly string[];
  private readonly order: readonly number[];
  private readonly count: number;
  private readonly isPlain: boolean;
  private readonly hasRows: boolean;
  /** Undefined for a text without a statement. */
  private readonly prepared: StatementSync | undefined;

  constructor(connection: DatabaseSync, text: string) {
    checkDbText(text);
    if (text.includes('\0')) throw new HostError('ProgrammingError', 'the query contains a null character');
    const { sql, order, count } = plainStatement(text);
    const start = withoutLeadingSpace(text);
    this.order = order;
    this.count = count;
    this.isPlain = order.every((index, place) => index === place);
    this.isDataChange = isDataChange(start);
    this.isConnectionControl = isConnectionControl(start);
    this.prepared = start === '' ? undefined : prepareOne(connection, this.isPlain ? text : sql);
    this.onlyReads = this.prepared === undefined || onlyReads(start);
    this.columns = columnsOf(this.prepared);
    this.hasRows = hasArrays ? this.columns.length > 0 : !this.isDataChange || /\breturning\b/i.test(text);
    this.prepared?.setReadBigInts(true);
    if (hasArrays) this.prepared?.setReturnArrays(true);
  }

  /** What a run for each of many rows of parameters begins with. */
  beforeMany(): SqlResult {
    if (this.onlyReads && this.prepared !== undefined) {
      throw new HostError('ProgrammingError', 'executemany() can only execute DML statements.');
    }
    return { columns: this.named(this.columns), rows: [], rowcount: this.isDataChange ? 0 : -1 };
  }

  /** Runs the statement. */
  run(values: readonly DbParameter[]): SqlResult {
    if (values.length !== this.count) {
      throw new HostError(
        'ProgrammingError',
        `Incorrect number of bindings supplied. The current statement uses ${this.count}, and there are ${values.length} supplied.`,
      );
    }
    const given = (this.isPlain ? values : this.order.map((index) => values[index] ?? null)).map(toSqlite);
    if (this.prepared === undefined) return { columns: null, rows: [], rowcount: -1 };
    if (!this.hasRows) {
      const { changes } = this.prepared.run(...given);
      return { columns: null, rows: [], rowcount: this.isDataChange ? Number(changes) : -1 };
    }
    const found = this.prepared.all(...given) as readonly (object | DbRow)[];
    const columns = this.named(hasArrays ? this.columns : Object.keys(found[0] ?? {}));
    const rows = found.map((row) => (Array.isArray(row) ? row : Object.values(row)).map(fromSqlite));
    // A statement that returns what it wrote returns each row.
    return { columns, rows, rowcount: this.isDataChange ? rows.length : -1 };
  }

  private named(columns: readonly string[]): readonly string[] | null {
    return columns.length === 0 ? null : columns;
  }
}

function columnsOf(prepared: StatementSync | undefined): readonly string[] {
  return hasArrays && prepared !== undefined ? prepared.columns().map((column) => column.name) : [];
}

/** SQLite prepares the first statement of a text, and says how far it reaches. */
function prepareOne(connection: DatabaseSync, text: string): StatementSync {
  const prepared = connection.prepare(text);
  if (withoutLeadingSpace(text.slice(prepared.sourceSQL.length)) !== '') {
    throw new HostError('ProgrammingError', 'You can only execute one statement at a time.');
  }
  return prepared;
}

const [lowest, highest] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Whole numbers are integers for SQLite, as they are in Python: `1 / 2` is 0 there, and the text of 1 is not `1.0`. */
function toSqlite(value: DbParameter): SQLInputValue {
  if (typeof value === 'boolean') return BigInt(value);
  if (typeof value !== 'bigint' && !(Number.isInteger(value) && Math.abs(Number(value)) < 1e21)) return value;
  const integer = BigInt(value as bigint | number);
  if (integer >= lowest && integer <= highest) return integer;
  throw new HostError('OverflowError', 'Python int too large to convert to SQLite INTEGER');
}

function fromSqlite(value: DbValue): DbValue {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
