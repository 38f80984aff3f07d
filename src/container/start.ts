import { TIMED_OUT, withTimeout } from '../dispatch/with-timeout.js';
import { closeLimitMs } from './ending.js';

/** Milliseconds after which the log says what is waited for. */
export const slowStartMs = 5_000;

/** How long a module may take to start. */
export interface StartLimits {
  /** Milliseconds after which the log says that it takes long. @defaultValue {@link slowStartMs} */
  readonly slowStartMs?: number;
  /** Milliseconds that it has to end, `@preDestroy` included. @defaultValue {@link closeLimitMs} */
  readonly closeLimitMs?: number;
  /** Aborted when nobody wants the modules any more: one that goes on starting is given up then. */
  readonly unwanted?: AbortSignal;
}

/** Says of what is starting that it takes long: one timer for all that start one after the other. */
export class SlowStartNotice implements Disposable {
  private timer: NodeJS.Timeout | undefined;
  private say: ((elapsedMs: number) => void) | undefined;
  private times = 0;

  constructor(private readonly limitMs = slowStartMs) {}

  /** Something starts; `say` is called when it takes long, and as long as it does. */
  begin(say: (elapsedMs: number) => void): void {
    this.say = say;
    this.times = 0;
    // Again and again: what never ends would leave the process nothing to wait for.
    this.timer ??= setInterval(() => this.say?.(++this.times * this.limitMs), this.limitMs);
    this.timer.refresh();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
    this.say = undefined;
  }
}

/** Waits for a module to start; returns false when it was given up, because nobody wants it any more and it went on too long. */
export async function awaitStart(
  start: Promise<void>,
  { unwanted, closeLimitMs: limitMs = closeLimitMs }: StartLimits,
): Promise<boolean> {
  if (unwanted === undefined) await start;
  else if ((await withTimeout(start, limitMs, { signal: unwanted })) === TIMED_OUT) return false;
  return true;
}
