import type { DbRow, DbTransaction, DbValue } from '../../../module-api/db-transaction.js';
import { HostError } from '../../../errors/host-error.js';
import { VesicleError } from '../../../errors/vesicle-error.js';
import { dbParameters } from '../../../module-api/shared/db-parameters.js';
import type { Database } from './database.js';
import type { ForeignStatement, SqlResult } from './foreign-statement.js';
import type { OpenTransaction } from './open-transaction.js';
import { pythonError } from './sqlite-errors.js';

/** How long statements keep the homeserver from everything else, in milliseconds. */
const turnMs = 5;

/** How many statements are kept prepared. */
const maxStatements = 50;

const undone =
  'The transaction was rolled back: a statement of the homeserver failed meanwhile, in a way after which SQLite undoes everything (a full disk, an error of the disk). Nothing of it is stored; run it again.';

const nothing: SqlResult = { columns: null, rows: [], rowcount: -1 };

/** A module's transaction on the connection of the homeserver. It begins with the first statement that may write. */
export class ModuleTransaction implements DbTransaction {
  isOver = false;
  private open: OpenTransaction | undefined;
  private readonly statements = new Map<string, ForeignStatement>();
  private readonly callbacks: (() => unknown)[] = [];
  private last: SqlResult = nothing;
  private unread: readonly DbRow[] = [];
  private position = 0;
  private turnBegan = performance.now();
  /** Settles after the statement that is not done at once. */
  private busy: Promise<void> | undefined;

  constructor(private readonly database: Database) {}

  get rowcount(): number {
    return this.last.rowcount;
  }

  get description(): readonly string[] | null {
    return this.last.columns;
  }

  readonly execute = async (sql: string, parameters: readonly DbValue[] = []): Promise<void> => {
    const values = dbParameters(parameters);
    await this.enqueue(() => {
      this.show(nothing);
      this.show(this.attempt(sql, (statement) => statement.run(values)));
    });
  };

  readonly executemany = async (sql: string, rows: Iterable<readonly DbValue[]>): Promise<void> => {
    await this.enqueue(async () => {
      this.show(nothing);
      let result = this.attempt(sql, (statement) => statement.beforeMany());
      for (const row of rows) {
        const values = dbParameters(row);
        if (this.isTurnOver()) await this.takeTurn();
        const { columns, rowcount } = this.attempt(sql, (statement) => statement.run(values));
        // What a statement returns is lost here, and Python does not count it either.
        if (columns === null && rowcount > 0) result = { ...result, rowcount: result.rowcount + rowcount };
      }
      this.show(result);
    });
  };

  readonly fetchone = (): Promise<DbRow | undefined> => this.enqueue(() => this.unread[this.position++]);

  readonly fetchmany = (size: number): Promise<readonly DbRow[]> => this.enqueue(() => this.take(size));

  readonly fetchall = (): Promise<readonly DbRow[]> => this.enqueue(() => this.take(this.unread.length));

  readonly callAfter = (callback: () => unknown): void => {
    this.callbacks.push(callback);
  };

  readonly [Symbol.asyncIterator] = async function* (this: ModuleTransaction): AsyncGenerator<DbRow, void> {
    for (let row = await this.fetchone(); row !== undefined; row = await this.fetchone()) yield row;
  }.bind(this);

  /** Waits for what the module did not wait for. */
  async settle(): Promise<void> {
    while (this.busy !== undefined) await this.busy;
  }

  /** Makes everything true, and calls what `callAfter` was given. */
  commit(): void {
    this.end();
    this.refuseUndone();
    try {
      this.open?.commit();
    } catch (error) {
      throw pythonError(error);
    } finally {
      this.open = undefined;
    }
    for (const callback of this.callbacks) callback();
  }

  /** Undoes everything, unless it was committed. */
  rollback(): void {
    const { open } = this;
    this.end();
    this.open = undefined;
    open?.rollback();
  }

  private end(): void {
    this.isOver = true;
    this.statements.clear();
  }

  /** Does one thing after the other, as they were asked for. */
  private async enqueue<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    while (this.busy !== undefined) await this.busy;
    this.use();
    if (this.isTurnOver()) await this.hold(this.takeTurn());
    const result = work();
    return result instanceof Promise ? await this.hold(result) : result;
  }

  private hold<Result>(result: Promise<Result>): Promise<Result> {
    const release = (): void => {
      if (this.busy === busy) this.busy = undefined;
    };
    const busy = result.then(release, release);
    this.busy = busy;
    return result;
  }

  private take(count: number): readonly DbRow[] {
    const rows = this.unread.slice(this.position, this.position + Math.max(0, count));
    this.position += rows.length;
    return rows;
  }

  private show(result: SqlResult): void {
    this.last = result;
    this.unread = result.rows;
    this.position = 0;
  }

  private attempt(sql: string, work: (statement: ForeignStatement) => SqlResult): SqlResult {
    this.refuseUndone();
    try {
      const statement = this.prepare(sql);
      if (!statement.onlyReads) this.open ??= this.database.openTransaction();
      return work(statement);
    } catch (error) {
      // The module's own statement: as in Python, the next one that writes begins anew.
      if (this.open?.wasRolledBack() === true) this.open = undefined;
      throw pythonError(error);
    }
  }

  /** The homeserver writes on the same connection: where that fails for want of space, all is undone. */
  private refuseUndone(): void {
    if (this.open?.isOver === true) throw new HostError('OperationalError', undone);
  }

  private prepare(sql: string): ForeignStatement {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    if (this.statements.size === maxStatements) this.statements.clear();
    const statement = this.database.prepareForeign(sql);
    if (statement.isConnectionControl) {
      throw new HostError('OperationalError', "The transaction is the homeserver's: a module cannot begin or end one");
    }
    // After a change of the schema a query may have other columns.
    if (statement.isDataChange || statement.onlyReads) this.statements.set(sql, statement);
    else this.statements.clear();
    return statement;
  }

  private isTurnOver(): boolean {
    return performance.now() - this.turnBegan > turnMs;
  }

  /** Lets the homeserver do something else, if it could not for some time. */
  private async takeTurn(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.turnBegan = performance.now();
    this.use();
  }

  private use(): void {
    if (this.isOver) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A transaction' });
  }
}
