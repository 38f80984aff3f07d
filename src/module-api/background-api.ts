import type { BackgroundCall } from './background-call.js';
import type { CachedFunction } from './cached-function.js';
import type { DbTransaction } from './db-transaction.js';

/** The methods of `ModuleApi` about the database, caches, time and background work. */
export interface BackgroundApi {
  /**
   * Runs a function in one transaction of the main database: committed when it resolves, rolled back when it throws. With
   * PostgreSQL it may run again after a conflict, so it must have no other effects. Other methods of `ModuleApi` are refused inside, and so is
   * the transaction after its end. Synapse: `run_db_interaction`.
   *
   * @example
   * ```ts
   * const count = await api.runDbInteraction('count_strikes', async (transaction) => {
   *   await transaction.execute('SELECT count(*) FROM strikes WHERE user_id = ?', [userId]);
   *   return (await transaction.fetchone())?.[0];
   * });
   * ```
   */
  readonly runDbInteraction: <Result>(
    desc: string,
    work: (transaction: DbTransaction) => Promise<Result>,
  ) => Promise<Result>;

  /**
   * Makes `invalidateCache` of this cache reach every process of the homeserver; done already for methods that are marked
   * `@Cached()`. Synapse: `register_cached_function`.
   *
   * @example
   * ```ts
   * await api.registerCachedFunction(scoreOf);
   * ```
   */
  readonly registerCachedFunction: <Keys extends readonly unknown[], Result>(
    cachedFunction: CachedFunction<Keys, Result>,
  ) => Promise<void>;

  /**
   * Forgets a result of a {@link CachedFunction} or of a method that is marked `@Cached()`, here at once, on other processes soon.
   * Synapse: `invalidate_cache`.
   *
   * @example
   * ```ts
   * await api.invalidateCache(scoreOf, ['casino']);
   * ```
   */
  readonly invalidateCache: <Keys extends readonly unknown[]>(
    cachedFunction: (...keys: Keys) => Promise<unknown>,
    keys: Keys,
  ) => Promise<void>;

  /**
   * Calls a function again and again, first after one interval; a run that takes longer skips beats, runs never overlap.
   * A throw is logged and the loop goes on until the server stops. Where `shouldRunBackgroundTasks` is false nothing
   * happens unless `runOnAllInstances` is set. Synapse: `looping_background_call`.
   *
   * @example
   * ```ts
   * await api.loopingBackgroundCall(() => cleanUp(), 60_000, { desc: 'clean_up' });
   * ```
   */
  readonly loopingBackgroundCall: (
    call: () => unknown,
    /** Interval in milliseconds. */
    msec: number,
    options?: { readonly desc?: string; readonly runOnAllInstances?: boolean },
  ) => Promise<void>;

  /**
   * Calls a function once, after so many milliseconds; a throw is logged. Synapse: `delayed_background_call`.
   *
   * @example
   * ```ts
   * const call = await api.delayedBackgroundCall(5_000, () => cleanUp());
   * if (await call.active()) await call.cancel();
   * ```
   */
  readonly delayedBackgroundCall: (
    msec: number,
    call: () => unknown,
    options?: { readonly desc?: string },
  ) => Promise<BackgroundCall>;

  /**
   * Runs work that nothing waits for, at once: its result, or undefined when it throws, which is logged. `desc` labels
   * metrics, so make it a constant text. Synapse: `run_as_background_process`.
   *
   * @example
   * ```ts
   * const done = await api.runAsBackgroundProcess('clean_up', () => cleanUp());
   * ```
   */
  readonly runAsBackgroundProcess: <Result>(
    desc: string,
    work: () => Promise<Result>,
    options?: { readonly bgStartSpan?: boolean },
  ) => Promise<Result | undefined>;

  /**
   * Whether this process runs background tasks: one process of a homeserver does. Synapse: `should_run_background_tasks`.
   *
   * @example
   * ```ts
   * if (await api.shouldRunBackgroundTasks()) await cleanUp();
   * ```
   */
  readonly shouldRunBackgroundTasks: () => Promise<boolean>;

  /**
   * Resolves after so many seconds. Synapse: `sleep`.
   *
   * @example
   * ```ts
   * await api.sleep(0.5);
   * ```
   */
  readonly sleep: (seconds: number) => Promise<void>;

  /**
   * Runs a function in a later turn of the event loop. A JavaScript function cannot move to another thread: start a
   * `Worker` for work that takes long. Synapse: `defer_to_thread`.
   *
   * @example
   * ```ts
   * const sum = await api.deferToThread(() => 1 + 1);
   * ```
   */
  readonly deferToThread: <Result>(work: () => Result | Promise<Result>) => Promise<Result>;

  /**
   * As `deferToThread`; the pool is not used. Synapse: `defer_to_threadpool`.
   *
   * @example
   * ```ts
   * const sum = await api.deferToThreadpool(null, () => 1 + 1);
   * ```
   */
  readonly deferToThreadpool: <Result>(threadpool: unknown, work: () => Result | Promise<Result>) => Promise<Result>;

  /**
   * The homeserver's clock, in milliseconds since 1970. Synapse: `get_current_time_msec`.
   *
   * @example
   * ```ts
   * const now = await api.getCurrentTimeMsec();
   * ```
   */
  readonly getCurrentTimeMsec: () => Promise<number>;
}
