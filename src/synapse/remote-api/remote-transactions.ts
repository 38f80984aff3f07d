import type { DbTransaction } from '../../module-api/db-transaction.js';
import { wrongValue } from '../protocol/untrusted-values.js';
import type { Connection } from '../transport/connection.js';
import { HandleTable } from '../transport/handle-table.js';
import { runInside } from '../../module-api/shared/inside-transaction.js';
import { RemoteTransaction } from './remote-transaction.js';
import type { Handle } from '../protocol/wire-values.js';

/** A function that waits to be run in a transaction. */
interface Planned {
  readonly work: (transaction: RemoteTransaction) => Promise<unknown>;
  /** What its last attempt came to. */
  outcome?: { readonly result: unknown } | { readonly error: unknown };
  transaction?: RemoteTransaction;
}

/** Functions of modules that Synapse runs in transactions of its database (`ModuleApi.run_db_interaction`). */
export class RemoteTransactions {
  private readonly planned = new HandleTable<Planned>();

  constructor(private readonly connection: Connection) {}

  /** Runs a function in a transaction. What the function throws is thrown, after the rollback. */
  async run<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    const planned: Planned = {
      work: (transaction) => runInside(desc, transaction, () => work(transaction)),
    };
    const handle = this.planned.add(planned);
    try {
      await this.connection.request('db.begin', { ...this.connection.currentCall(), transaction: handle, desc });
    } catch (error) {
      if (planned.outcome !== undefined && 'error' in planned.outcome) throw planned.outcome.error;
      throw error;
    } finally {
      this.planned.release(handle);
      planned.transaction?.end();
    }
    const { outcome, transaction } = planned;
    if (outcome === undefined) throw wrongValue('the end of a transaction before its start');
    if ('error' in outcome) throw outcome.error;
    transaction?.runCallbacks();
    return outcome.result as Result;
  }

  /** The transaction is open: runs its function, maybe once more. */
  async attempt(handle: Handle): Promise<null> {
    const planned = this.planned.get(handle);
    if (planned === undefined) throw wrongValue('the start of a transaction that was not asked for');
    planned.transaction?.end();
    const transaction = new RemoteTransaction(handle, this.connection);
    planned.transaction = transaction;
    try {
      planned.outcome = { result: await planned.work(transaction) };
      return null;
    } catch (error) {
      planned.outcome = { error };
      throw error;
    }
  }

  /** Ends what is being run. */
  close(error: Error): void {
    for (const planned of this.planned.clear()) {
      planned.outcome = { error };
      planned.transaction?.end();
    }
  }
}
