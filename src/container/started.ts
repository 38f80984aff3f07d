import { closeLimitMs, isDoneWithin } from '../kernel/done-within.js';

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
  private say: (() => void) | undefined;

  constructor(private readonly limitMs = slowStartMs) {}

  /** Something starts; `say` is called when it takes long. */
  begin(say: () => void): void {
    this.say = say;
    this.timer ??= setTimeout(() => this.say?.(), this.limitMs);
    this.timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.timer);
    this.say = undefined;
  }
}

/** Waits for a module to start; returns false when it was given up. */
export async function isStarted(work: Promise<void>, limits: StartLimits): Promise<boolean> {
  const { unwanted, closeLimitMs: limit = closeLimitMs } = limits;
  if (unwanted === undefined) {
    await work;
    return true;
  }
  const over = new AbortController();
  const givenUp = new Promise<void>((resolve) => {
    if (unwanted.aborted) resolve();
    const giveUp = (): void => {
      resolve();
    };
    unwanted.addEventListener('abort', giveUp, { signal: over.signal });
  }).then(() => isDoneWithin(work, limit));
  try {
    return await Promise.race([work.then(() => true), givenUp]);
  } finally {
    over.abort();
  }
}
