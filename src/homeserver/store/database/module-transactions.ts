import type { DbTransaction } from '../../../module-api/db-transaction.js';
import { systemTimers, type Timers } from '../../../dispatch/timers.js';
import { HostError } from '../../../errors/host-error.js';
import { runInside } from '../../../module-api/shared/inside-transaction.js';
import type { Database } from './database.js';
import { ModuleTransaction } from './module-transaction.js';

/** How long a module may keep the database, in milliseconds; the bridge to Synapse has the same limit. */
const limitMs = 60_000;

/** Functions of modules that run in transactions, one after the other, as Synapse runs them with SQLite. */
export class ModuleTransactions {
  private last: Promise<unknown> = Promise.resolve();
  private stopRunning: ((error: Error) => void) | undefined;

  constructor(
    private readonly database: Database,
    private readonly timers: Timers = systemTimers,
  ) {}

  /** Runs a function once: what it did is committed when it resolves, and rolled back when it throws. */
  run<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    const done = this.last.then(() => this.perform(desc, work));
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Rolls back what is running. */
  interrupt(): void {
    this.stopRunning?.(new HostError('RuntimeError', 'The homeserver is closing'));
  }

  private async perform<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    const transaction = new ModuleTransaction(this.database);
    const stopped = new Promise<never>((_resolve, reject) => {
      this.stopRunning = reject;
    });
    const timer = this.timers.after(limitMs, () => {
      this.stopRunning?.(new HostError('RuntimeError', `the transaction took longer than ${limitMs / 1000} s`));
    });
    try {
      const done = runInside(desc, transaction, async () => {
        const result = await work(transaction);
        await transaction.settle();
        return result;
      });
      const result = await Promise.race([done, stopped]);
      transaction.commit();
      return result;
    } catch (error) {
      transaction.rollback();
      throw error;
    } finally {
      timer.cancel();
      this.stopRunning = undefined;
    }
  }
}
