import type { CachedFunction } from '../../module-api/cached-function.js';
import type { DbTransaction } from '../../module-api/db-transaction.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { systemTimers } from '../../dispatch/timers.js';
import { BackgroundWork } from '../../module-api/shared/background-work.js';
import type { Logger } from '../../log/logger.js';
import { encodeApiArguments, decodeApiResult } from '../codecs/api-codecs.js';
import { apiMethods } from '../../module-api/api-methods.js';
import type { SentCall } from '../../module-api/method-row.js';
import type { ResultTypes } from '../../module-api/wire-kinds.js';
import type { Connection } from '../transport/connection.js';
import { refuseInside } from '../../module-api/shared/inside-transaction.js';
import { RemoteTransactions } from './remote-transactions.js';
import type { WireHomeserver } from '../protocol/wire-values.js';

/** What can be forgotten of a cached function when another process says so. */
interface Cache {
  readonly invalidate: (keys: readonly unknown[]) => void;
  readonly invalidateAll: () => void;
}

/** What the `ModuleApi` objects of one Synapse process share. */
export class SynapseServices {
  readonly clock = systemTimers;
  readonly transactions: RemoteTransactions;
  private readonly caches = new Map<string, Cache>();
  private readonly background: BackgroundWork;

  constructor(
    readonly homeserver: WireHomeserver,
    readonly connection: Connection,
    private readonly log: Logger,
  ) {
    this.background = new BackgroundWork(log);
    this.transactions = new RemoteTransactions(connection);
  }

  /** Starts work that nobody waits for. */
  readonly inBackground = (name: string, work: () => Promise<void>, module: string): void => {
    this.background.start(name, work, module);
  };

  /** Calls a method of Synapse's `ModuleApi` with arguments in the order of the signature. */
  async call<Row extends SentCall>(row: Row, given: readonly unknown[]): Promise<ResultTypes[Row['result']]> {
    refuseInside(row.synapse);
    const args = encodeApiArguments(row, given, this.connection);
    const answer = await this.connection.request('api.call', {
      ...this.connection.currentCall(),
      method: row.synapse,
      args: args.wire,
    });
    return await decodeApiResult<Row['result']>(row.result, args.take(answer), this.connection);
  }

  /** Runs a function in a transaction of Synapse's database. */
  async transact<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    refuseInside(apiMethods.runDbInteraction.synapse);
    return await this.transactions.run(desc, work);
  }

  /** Lets other processes of the homeserver clear what a function remembers. */
  async registerCache<Keys extends readonly unknown[], Result>(cached: CachedFunction<Keys, Result>): Promise<void> {
    this.caches.set(cached.cacheName, {
      // Every process of the homeserver runs the same module: the keys are those of the same function.
      invalidate: (keys) => {
        cached.invalidate(keys as Keys);
      },
      invalidateAll: cached.invalidateAll,
    });
    await this.call(apiMethods.registerCachedFunction, [cached.cacheName]);
  }

  /** Forgets a result here and in the other processes. */
  async invalidateCache<Keys extends readonly unknown[]>(cached: CachedFunction<Keys>, keys: Keys): Promise<void> {
    cached.invalidate(keys);
    await this.call(apiMethods.invalidateCache, [cached.cacheName, keys]);
  }

  /** Forgets what another process says is no longer true. */
  cacheInvalidated(name: string, keys: readonly unknown[] | null): void {
    const cached = this.caches.get(name);
    if (keys === null) cached?.invalidateAll();
    else cached?.invalidate(keys);
  }

  /** Says once that a loop is not run here. */
  notRunHere(name: string): void {
    this.log.warn(`Not running looping call ${name} as the configuration forbids it`);
  }

  /** Refuses everything from now on. */
  close(): void {
    this.caches.clear();
    this.transactions.close(new VesicleError('SYNAPSE_CONNECTION_LOST', { reason: 'the modules were closed' }));
  }
}
