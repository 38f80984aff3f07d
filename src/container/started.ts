import { closeLimitMs, isDoneWithin } from '../dispatch/done-within.js';

/** Milliseconds after which the log says what is waited for. */
export const slowStartMs = 5_000;

/** How long a module may take to start. */
export interface StartLimits {
  /** Milliseconds after which the log says that it takes long; {@link slowStartMs} when absent. */
  readonly slowStartMs?: number;
  /** Milliseconds that it has to end, `@preDestroy` included; {@link closeLimitMs} when absent. */
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

/** Gives up what is starting once nobody wants it any more: one listener for all that start one after the other. */
export class UnwantedStart implements Disposable {
  private giveUp: (() => void) | undefined;
  private readonly heard = (): void => {
    this.giveUp?.();
  };

  constructor(
    private readonly unwanted: AbortSignal | undefined,
    private readonly limitMs: number = closeLimitMs,
  ) {
    unwanted?.addEventListener('abort', this.heard);
  }

  /** Waits for a module to start; returns false when it was given up. */
  async isStarted(work: Promise<void>): Promise<boolean> {
    if (this.unwanted === undefined) {
      await work;
      return true;
    }
    if (this.unwanted.aborted) return isDoneWithin(work, this.limitMs);
    try {
      return await new Promise((resolve, reject) => {
        this.giveUp = () => {
          isDoneWithin(work, this.limitMs).then(resolve, reject);
        };
        work.then(() => {
          resolve(true);
        }, reject);
      });
    } finally {
      this.giveUp = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.unwanted?.removeEventListener('abort', this.heard);
  }
}
