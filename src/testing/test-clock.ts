import { parseDuration } from '../config/values/parse-unit.js';
import type { Clock, Timer } from '../homeserver/runtime/clock.js';
import type { WorkWatch } from './work-watch.js';

interface PlannedCall extends Timer {
  readonly at: number;
  readonly call: () => void;
}

/**
 * The time of a homeserver under test: it stands still until the test moves it. Rate limits, expiring tokens and sessions,
 * background calls, presence, typing, long polls, `getCurrentTimeMsec` and the timestamps of events all follow it.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [], now: '2026-01-31T12:00:00Z' });
 * await hs.clock.advance('5m');
 * const now = new Date(hs.clock.now());
 * ```
 */
export class TestClock implements Clock {
  private time: number;
  private readonly planned = new Set<PlannedCall>();
  private moving: Promise<void> = Promise.resolve();

  /** @internal Made by `startHomeserver`. */
  constructor(
    start: number,
    private readonly watch: WorkWatch,
  ) {
    this.time = start;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => this.time;

  /** Calls once when so many milliseconds have passed. */
  readonly after = (ms: number, call: () => void): { readonly cancel: () => void } => {
    const release = this.watch.timerSet();
    const cancel = (): void => {
      if (this.planned.delete(planned)) release();
    };
    const planned = { at: this.time + Math.max(ms, 0), call, cancel };
    this.planned.add(planned);
    return planned;
  };

  /** What Synapse holds back for a while, as refusals for too many requests, comes at once. */
  readonly pause = (): Promise<void> => Promise.resolve();

  /**
   * Lets time pass: milliseconds, or a text such as `'90s'`, `'5m'` or `'2d'`. What becomes due meanwhile is called in order,
   * each at its time, and the work that it sets off is waited for.
   */
  async advance(duration: number | string): Promise<void> {
    const ms = parseDuration(duration);
    if (ms < 0) throw new RangeError(`The clock cannot go back (by ${String(duration)}).`);
    const move = (): Promise<void> => this.moveTo(this.time + ms);
    await (this.moving = this.moving.then(move, move));
  }

  private async moveTo(end: number): Promise<void> {
    await this.watch.settle();
    for (let next = this.nextUntil(end); next !== undefined; next = this.nextUntil(end)) {
      this.time = Math.max(this.time, next.at);
      next.cancel();
      next.call();
      await this.watch.settle();
    }
    this.time = end;
  }

  private nextUntil(end: number): PlannedCall | undefined {
    let next: PlannedCall | undefined;
    for (const planned of this.planned) {
      if (planned.at <= end && (next === undefined || planned.at < next.at)) next = planned;
    }
    return next;
  }
}
