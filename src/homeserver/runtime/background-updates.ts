import type { BackgroundUpdateSlot } from '../../callbacks/background-update-controller.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from './context.js';
import type { BackgroundUpdateStore } from '../store/background-update-store.js';
import type { Database, Schema } from '../store/database/database.js';
import type { UpdateBatch } from '../store/database/store-update.js';

/** The name of the homeserver's only database, as Synapse calls the one that is not split. */
export const databaseName = 'master';

/** An update of the database that runs beside requests, in batches. */
export interface BackgroundUpdate {
  /** It is done in one go, whatever time it takes: the making of an index, for one. */
  readonly isOneShot?: boolean;
  readonly run: (progress: JsonObject, batchSize: number) => UpdateBatch;
}

/** The updates that the schema brings. */
export function schemaUpdates(database: Database, schemas: readonly Schema[]): [string, BackgroundUpdate][] {
  return schemas
    .flatMap(({ updates = [] }) => updates)
    .map(({ name, isOneShot, run }) => [
      name,
      { isOneShot, run: (progress, batchSize) => run(database, progress, batchSize) },
    ]);
}

/** How fast an update goes; the averages forget what is long past. */
interface Pace {
  items: number;
  durationMs: number;
  averageItems: number;
  averageMs: number;
}

/** What administrators are told of the update that is being worked on. */
export interface CurrentUpdate {
  readonly name: string;
  readonly total_item_count: number;
  readonly total_duration_ms: number;
  readonly average_items_per_ms: number | null;
}

const maxFailures = 5;

/** Works on background updates, as fast as a module or the configuration lets it (`storage/background_updates.py`). */
export class BackgroundUpdates {
  private readonly paces = new Map<string, Pace>();
  private isEnabledNow = true;
  private isRunning = false;
  private isStopped = false;
  private current: string | undefined;
  private wakeSleeper: (() => void) | undefined;

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: BackgroundUpdateStore,
    private readonly updates: ReadonlyMap<string, BackgroundUpdate>,
  ) {}

  get isEnabled(): boolean {
    return this.isEnabledNow;
  }

  set isEnabled(value: boolean) {
    this.isEnabledNow = value;
    if (value) this.start();
  }

  /** The update being worked on, if any. */
  get currentUpdate(): CurrentUpdate | undefined {
    if (this.current === undefined) return undefined;
    const pace = this.paces.get(this.current);
    return {
      name: this.current,
      total_item_count: pace?.items ?? 0,
      total_duration_ms: pace?.durationMs ?? 0,
      average_items_per_ms: pace === undefined ? null : itemsPerMs(pace),
    };
  }

  /** Goes on with what is to be done, in the background. */
  start(): void {
    if (this.isRunning || !this.isEnabledNow || this.isStopped || this.store.next() === undefined) return;
    this.isRunning = true;
    this.context.inBackground('background_updates', () => this.work());
  }

  /** Ends after the iteration that is running; the next start of the homeserver goes on. */
  stop(): void {
    this.isStopped = true;
    this.wakeSleeper?.();
  }

  private async work(): Promise<void> {
    let failures = 0;
    try {
      while (this.isEnabledNow && !this.isStopped) {
        try {
          if (!(await this.iterate())) return;
          failures = 0;
        } catch (error) {
          this.context.log.error('Error doing update', { err: error });
          if (++failures >= maxFailures) throw new Error('5 back-to-back background update failures; aborting.');
        }
      }
    } finally {
      this.isRunning = false;
    }
  }

  /** One iteration of one update; false when nothing is left. */
  private async iterate(): Promise<boolean> {
    const name = (this.current ??= this.store.next());
    if (name === undefined) return false;
    const update = this.updates.get(name);
    if (update === undefined) throw new Error(`There is no background update '${name}'`);
    const slot = await this.slotFor(name, update.isOneShot === true);
    const durationMs = await slot.enter();
    let failure: unknown;
    try {
      if (!this.isStopped) await this.runBatch(name, update, durationMs);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await slot.exit(failure);
    }
    return true;
  }

  private async runBatch(name: string, update: BackgroundUpdate, durationMs: number): Promise<void> {
    const batchSize = await this.batchSize(name, durationMs);
    const startedAt = performance.now();
    const { items, progress } = this.context.database.transaction(() => {
      const batch = update.run(this.store.progressOf(name) ?? {}, batchSize);
      if (batch.progress === null) this.store.finish(name);
      else this.store.setProgress(name, batch.progress);
      return batch;
    });
    this.measure(name, items, performance.now() - startedAt);
    if (progress === null) this.current = undefined;
  }

  private async batchSize(name: string, durationMs: number): Promise<number> {
    const { dispatch, config } = this.context;
    const { defaultBatchSize, minBatchSize } = config.backgroundUpdates;
    const pace = this.paces.get(name);
    const rate = pace === undefined ? null : itemsPerMs(pace);
    const category = 'background_update_controller';
    if (rate === null) {
      return (await dispatch.ask(category, 'default_batch_size', name, databaseName)) ?? defaultBatchSize;
    }
    const least = (await dispatch.ask(category, 'min_batch_size', name, databaseName)) ?? minBatchSize;
    return Math.max(Math.floor(durationMs * rate), least);
  }

  private async slotFor(name: string, isOneShot: boolean): Promise<BackgroundUpdateSlot> {
    const { dispatch, config } = this.context;
    const slot = await dispatch.ask('background_update_controller', 'on_update', name, databaseName, isOneShot);
    if (slot !== undefined) return slot;
    const { sleepEnabled, sleepDurationMs, backgroundUpdateDurationMs } = config.backgroundUpdates;
    return {
      enter: async () => {
        if (sleepEnabled) await this.sleep(sleepDurationMs);
        return backgroundUpdateDurationMs;
      },
      exit: () => Promise.resolve(),
    };
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.context.clock.after(ms, resolve);
      this.wakeSleeper = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private measure(name: string, items: number, durationMs: number): void {
    const pace = this.paces.get(name) ?? { items: 0, durationMs: 0, averageItems: 0, averageMs: 0 };
    pace.items += items;
    pace.durationMs += durationMs;
    pace.averageItems += 0.1 * (items - pace.averageItems);
    pace.averageMs += 0.1 * (durationMs - pace.averageMs);
    this.paces.set(name, pace);
  }
}

function itemsPerMs({ items, averageItems, averageMs }: Pace): number | null {
  if (items === 0) return null;
  return averageMs === 0 ? 0 : averageItems / averageMs;
}
