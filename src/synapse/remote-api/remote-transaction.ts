import type { DbRow, DbTransaction, DbValue } from '../../module-api/db-transaction.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { dbParameters } from '../../module-api/shared/db-parameters.js';
import type { Connection } from '../transport/connection.js';
import { anyValue } from '../protocol/wire-codec.js';
import type { Handle, WireDbValue } from '../protocol/wire-values.js';

interface Rows {
  readonly rows: readonly (readonly WireDbValue[])[];
  readonly end: boolean;
}

/** A transaction of Synapse's database; each statement goes over the connection. */
export class RemoteTransaction implements DbTransaction {
  rowcount = -1;
  description: readonly string[] | null = null;
  private unread: DbRow[] = [];
  private isEnd = true;
  isOver = false;
  private readonly callbacks: (() => unknown)[] = [];

  constructor(
    private readonly handle: Handle,
    private readonly connection: Connection,
  ) {}

  readonly execute = (sql: string, parameters: readonly DbValue[] = []): Promise<void> =>
    this.perform(sql, [parameters], false);

  readonly executemany = (sql: string, rows: Iterable<readonly DbValue[]>): Promise<void> =>
    this.perform(sql, [...rows], true);

  readonly fetchone = async (): Promise<DbRow | undefined> => {
    await this.need(1);
    return this.unread.shift();
  };

  readonly fetchmany = async (size: number): Promise<readonly DbRow[]> => {
    await this.need(size);
    return this.unread.splice(0, size);
  };

  readonly fetchall = async (): Promise<readonly DbRow[]> => {
    await this.need(Infinity);
    return this.unread.splice(0);
  };

  readonly callAfter = (callback: () => unknown): void => {
    this.callbacks.push(callback);
  };

  readonly [Symbol.asyncIterator] = async function* (this: RemoteTransaction): AsyncGenerator<DbRow, void> {
    for (let row = await this.fetchone(); row !== undefined; row = await this.fetchone()) yield row;
  }.bind(this);

  /** What `callAfter` was given. */
  runCallbacks(): void {
    for (const callback of this.callbacks) callback();
  }

  /** Refuses everything from now on. */
  end(): void {
    this.isOver = true;
  }

  private async perform(sql: string, rows: readonly (readonly DbValue[])[], many: boolean): Promise<void> {
    this.use();
    const done = await this.connection.request('db.execute', {
      transaction: this.handle,
      sql,
      params: anyValue(rows.map(dbParameters)),
      many,
    });
    this.rowcount = done.rowcount;
    this.description = done.description;
    this.unread = [];
    this.take(done);
  }

  private async need(count: number): Promise<void> {
    this.use();
    while (!this.isEnd && this.unread.length < count) {
      this.take(await this.connection.request('db.fetch', { transaction: this.handle }));
    }
  }

  private take({ rows, end }: Rows): void {
    for (const row of rows) this.unread.push(row.map(columnValue));
    this.isEnd = end;
  }

  private use(): void {
    if (this.isOver) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A transaction' });
  }
}

/** SQLite has no booleans, and PostgreSQL's are numbers here as well. */
function columnValue(value: WireDbValue): DbValue {
  return typeof value === 'boolean' ? Number(value) : value;
}
