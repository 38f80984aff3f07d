import type { Timers } from './timers.js';

/** Result of {@link withTimeout} when the work did not settle in time. */
export const TIMED_OUT: unique symbol = Symbol('timed out');

/** Options of {@link withTimeout}. */
export interface TimeoutOptions {
  /** The limit counts from the moment this is aborted; without it, from now. */
  readonly signal?: AbortSignal;
  /** @defaultValue The machine's own timers, which keep the process alive. */
  readonly timers?: Pick<Timers, 'after'>;
}

/**
 * Waits for work, at most so many milliseconds (`Infinity`: without end). Returns its result, or {@link TIMED_OUT}; rejects as the
 * work does. The work is never aborted: a late result is discarded. A function is called once its time is counted.
 */
export function withTimeout<Result>(
  work: Promise<Result> | (() => Promise<Result>),
  limitMs: number,
  { signal, timers = livingTimers }: TimeoutOptions = {},
): Promise<Result | typeof TIMED_OUT> {
  return new Promise((resolve, reject) => {
    let timer: { readonly cancel: () => void } | undefined;
    const begin = (): void => {
      if (limitMs === Infinity) return;
      timer = timers.after(limitMs, () => {
        resolve(TIMED_OUT);
      });
    };
    if (signal === undefined || signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
    const settle = async (): Promise<Result> => {
      try {
        return await (typeof work === 'function' ? work() : work);
      } finally {
        timer?.cancel();
        signal?.removeEventListener('abort', begin);
      }
    };
    settle().then(resolve, reject);
  });
}

const livingTimers: Pick<Timers, 'after'> = {
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};
