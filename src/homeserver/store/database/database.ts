import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { VesicleError } from '../../../errors/vesicle-error.js';
import { emptyDatabases } from './empty-databases.js';
import { ForeignStatement } from './foreign-statement.js';
import { OpenTransaction } from './open-transaction.js';
import { isInTransaction, rollBack } from './rolled-back.js';
import { DatabaseSync, type StatementSync } from './sqlite.js';
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

/** The embedded homeserver's SQLite database: in memory, or in a file that survives `kill -9`. */
export class Database implements Disposable {
  private readonly connection: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private depth = 0;
  /** A transaction of somebody else that the homeserver's own statements are a part of. */
  private open: OpenTransaction | undefined;
  /** What made SQLite roll back the homeserver's transaction that is still running. */
  private broken: { readonly cause: unknown } | undefined;
  /** Node tells since 22.15. */
  private isClosed = false;

  constructor(
    /** `:memory:` or the path of a file. */
    location: string,
    schemas: readonly Schema[],
    /** Hears of writes that were answered and could not be kept; without it, they are an error of whoever ended the transaction. */
    private readonly onLost: (error: AggregateError) => void = raise,
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
    const result = this.perform(sql, values, (statement, given) => statement.run(...given));
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** The first row, or undefined. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the columns
  get<T extends object = Row>(sql: string, ...values: Values): T | undefined {
    return this.perform(sql, values, (statement, given) => statement.get(...given)) as T | undefined;
  }

  /** All rows. */
  all<T extends object = Row>(sql: string, ...values: Values): T[] {
    return this.perform(sql, values, (statement, given) => statement.all(...given)) as T[];
  }

  /** Makes a function of SQL that answers the same to the same values. */
  define(name: string, answer: (...values: SQLOutputValue[]) => SQLInputValue): void {
    this.connection.function(name, { deterministic: true }, answer);
  }

  /** Runs `work` in a transaction, rolled back when it throws; inner calls join the outer one. Synchronous by design. */
  transaction<T>(work: () => T): T {
    if (this.depth > 0) return work();
    this.depth++;
    const whole = (): T => {
      const result = work();
      // The work went on after the error that has undone it.
      this.refuseBroken();
      return result;
    };
    try {
      return this.open === undefined ? this.transact(whole) : this.open.nest(whole);
    } finally {
      this.depth--;
      this.broken = undefined;
    }
  }

  /** Begins a transaction for somebody else. There is one at a time, and the homeserver does not wait for its end. */
  openTransaction(): OpenTransaction {
    this.open = new OpenTransaction(this.connection, {
      onEnd: () => {
        this.open = undefined;
      },
      onLost: this.onLost,
    });
    return this.open;
  }

  /** Prepares a statement that somebody else wrote. */
  prepareForeign(text: string): ForeignStatement {
    return new ForeignStatement(this.connection, text);
  }

  [Symbol.dispose](): void {
    this.statements.clear();
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      this.open?.rollback();
    } finally {
      this.connection.close();
    }
  }

  private transact<T>(work: () => T): T {
    this.prepare('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      this.prepare('COMMIT').run();
      return result;
    } catch (error) {
      rollBack(this.connection);
      throw error;
    }
  }

  /** Runs a statement of the homeserver, which becomes a part of the transaction that is open, if any. */
  private perform<T>(sql: string, values: Values, work: (statement: StatementSync, values: SQLInputValue[]) => T): T {
    this.refuseBroken();
    const given = values as SQLInputValue[];
    try {
      const result = work(this.prepare(sql), given);
      this.open?.note(sql, given);
      return result;
    } catch (error) {
      this.noticeRollback(error);
      throw error;
    }
  }

  /** After some errors SQLite rolls back on its own; what comes next must not take for granted what was undone. */
  private noticeRollback(cause: unknown): void {
    if (this.depth === 0) this.open?.wasRolledBack();
    else if (!isInTransaction(this.connection)) this.broken ??= { cause };
  }

  private refuseBroken(): void {
    if (this.broken !== undefined) throw this.broken.cause;
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

/** The table is a part of the schema itself: it is there once all parts are. What was owed already begins anew. */
const owe = "INSERT OR REPLACE INTO background_updates (update_name, progress_json, depends_on) VALUES (?, '{}', ?)";

const SQLITE_BUSY = 5;

function raise(error: AggregateError): never {
  throw error;
}

function open(location: string): DatabaseSync {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(location);
    connection.exec(settings.join(';'));
    return connection;
  } catch (error) {
    connection?.close();
    const { errcode, message } = error as Error & { readonly errcode?: number };
    if (errcode === SQLITE_BUSY) throw new VesicleError('STORE_FILE_IN_USE', { database: location }, { cause: error });
    throw new VesicleError('STORE_CANNOT_OPEN', { database: location, problem: message }, { cause: error });
  }
}
