import type { DbRow } from '../../api/db-transaction.js';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { VesicleError } from '../../errors/vesicle-error.js';
import { emptyDatabases } from './empty-databases.js';
import { DatabaseSync, StatementSync } from './sqlite.js';
import type { StoreUpdate } from './store-update.js';

/** One row: column name to value. */
export type Row = Readonly<Record<string, SQLInputValue>>;

/**
 * Values for each `?` of a statement, or one object of values for each `:name`. Node 22.13 does not know the values of `?1`.
 */
export type Values = readonly SQLInputValue[] | readonly [Row];

/** A part of the schema: its statements run once, in order; later versions append. */
export interface Schema {
  /** Names the part in the table of applied versions. */
  readonly name: string;
  /** Statements of version 1, 2, ...; never edited once released. */
  readonly versions: readonly string[];
  /** What later versions do to the rows of older files, in the background. */
  readonly updates?: readonly StoreUpdate[];
}

/** What a statement that somebody else wrote answers with. */
export interface SqlResult {
  /** Names of the columns, null for a statement that answers with no rows. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly DbRow[];
  /** How many rows it changed. */
  readonly changes: number;
}

/** Before version 22.16 node gives rows as objects only, and no names of columns without a row. */
const hasArrays = 'setReturnArrays' in StatementSync.prototype;

/** The embedded homeserver's SQLite database: in memory, or in a file that survives `kill -9`. */
export class Database implements Disposable {
  private readonly connection: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private depth = 0;
  /** Node tells since 22.15. */
  private isClosed = false;

  constructor(
    /** `:memory:` or the path of a file. */
    location: string,
    schemas: readonly Schema[],
  ) {
    this.connection = open(location);
    if (location !== ':memory:') {
      this.migrate(schemas);
    } else if (!emptyDatabases.fill(this.connection, schemas)) {
      this.migrate(schemas);
      emptyDatabases.keep(this.connection, schemas);
    }
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** Runs a statement that answers with no rows. */
  run(sql: string, ...values: Values): { readonly changes: number; readonly lastId: number } {
    const result = this.prepare(sql).run(...(values as SQLInputValue[]));
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** The first row, or undefined. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the columns
  get<T extends object = Row>(sql: string, ...values: Values): T | undefined {
    return this.prepare(sql).get(...(values as SQLInputValue[])) as T | undefined;
  }

  /** All rows. */
  all<T extends object = Row>(sql: string, ...values: Values): T[] {
    return this.prepare(sql).all(...(values as SQLInputValue[])) as T[];
  }

  /** Makes a function of SQL that answers the same to the same values. */
  define(name: string, answer: (...values: SQLOutputValue[]) => SQLInputValue): void {
    this.connection.function(name, { deterministic: true }, answer);
  }

  /** Runs `work` in a transaction, rolled back when it throws; inner calls join the outer one. Synchronous by design. */
  transaction<T>(work: () => T): T {
    if (this.depth > 0) return work();
    this.prepare('BEGIN IMMEDIATE').run();
    this.depth++;
    try {
      const result = work();
      this.prepare('COMMIT').run();
      return result;
    } catch (error) {
      this.connection.exec('ROLLBACK');
      throw error;
    } finally {
      this.depth--;
    }
  }

  /** Runs `work` in a transaction that is always rolled back: a look at what statements would do. */
  preview<T>(work: () => T): T {
    this.connection.exec('BEGIN IMMEDIATE');
    this.depth++;
    try {
      return work();
    } finally {
      this.depth--;
      this.connection.exec('ROLLBACK');
    }
  }

  /** Runs a statement that somebody else wrote; it is not kept for later. */
  runForeign(sql: string, values: readonly SQLInputValue[]): SqlResult {
    const statement = this.connection.prepare(sql);
    const columns = hasArrays ? statement.columns().map((column) => column.name) : undefined;
    if (hasArrays) statement.setReturnArrays(true);
    const before = this.totalChanges();
    const answer = statement.all(...values) as readonly (Row | DbRow)[];
    const names = columns ?? Object.keys(answer[0] ?? {});
    return {
      columns: names.length === 0 ? null : names,
      rows: answer.map((row) => (Array.isArray(row) ? row : Object.values(row)) as DbRow),
      // Without those that triggers made.
      changes: this.totalChanges() === before ? 0 : this.changesOfLast(),
    };
  }

  [Symbol.dispose](): void {
    this.statements.clear();
    if (!this.isClosed) this.connection.close();
    this.isClosed = true;
  }

  private changesOfLast(): number {
    return this.get<{ count: number }>('SELECT changes() AS count')?.count ?? 0;
  }

  private totalChanges(): number {
    return this.get<{ count: number }>('SELECT total_changes() AS count')?.count ?? 0;
  }

  private prepare(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  private migrate(schemas: readonly Schema[]): void {
    this.connection.exec(
      'CREATE TABLE IF NOT EXISTS schema_versions (name TEXT PRIMARY KEY, version INTEGER NOT NULL)',
    );
    this.transaction(() => {
      const owed = schemas.flatMap((schema) => this.migratePart(schema));
      for (const { name, dependsOn } of owed) this.run(owe, name, dependsOn ?? null);
    });
  }

  /** Brings a part of the schema to its last version; what is to be done in the background. */
  private migratePart({ name, versions, updates = [] }: Schema): readonly StoreUpdate[] {
    const { version = 0 } =
      this.get<{ version: number }>('SELECT version FROM schema_versions WHERE name = ?', name) ?? {};
    for (const statements of versions.slice(version)) this.connection.exec(statements);
    this.run('INSERT OR REPLACE INTO schema_versions VALUES (?, ?)', name, versions.length);
    if (version > 0) return updates.filter((update) => update.version > version);
    for (const update of updates) update.run(this, {}, 1);
    return [];
  }
}

/**
 * NORMAL with a write-ahead log loses nothing to a killed process, only (the last commits) to a power cut. A file belongs to
 * one process: that makes commits cheap, and keeps a second homeserver from the same file.
 */
const settings = [
  'PRAGMA locking_mode = EXCLUSIVE',
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = NORMAL',
  'PRAGMA foreign_keys = ON',
];

/** The table is a part of the schema itself: it is there once all parts are. */
const owe = "INSERT INTO background_updates (update_name, progress_json, depends_on) VALUES (?, '{}', ?)";

const SQLITE_BUSY = 5;

function open(location: string): DatabaseSync {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(location);
    connection.exec(settings.join(';'));
    return connection;
  } catch (error) {
    connection?.close();
    const { errcode, message } = error as Error & { readonly errcode?: number };
    if (errcode === SQLITE_BUSY) throw new VesicleError('STORE_FILE_IN_USE', [location], { cause: error });
    throw new VesicleError('STORE_CANNOT_OPEN', [location, message], { cause: error });
  }
}
