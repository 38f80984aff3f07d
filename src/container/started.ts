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

/** Waits for a module to start; returns false when it was given up. */
export async function isStarted(work: Promise<void>, limits: StartLimits, saySlow: () => void): Promise<boolean> {
  const { unwanted, slowStartMs: slow = slowStartMs, closeLimitMs: limit = closeLimitMs } = limits;
  const notice = setTimeout(saySlow, slow);
  try {
    if (unwanted === undefined) {
      await work;
      return true;
    }
    return await isStartedUnless(unwanted, work, limit);
  } finally {
    clearTimeout(notice);
  }
}

async function isStartedUnless(unwanted: AbortSignal, work: Promise<void>, limitMs: number): Promise<boolean> {
  const over = new AbortController();
  const givenUp = new Promise<void>((resolve) => {
    if (unwanted.aborted) resolve();
    const giveUp = (): void => {
      resolve();
    };
    unwanted.addEventListener('abort', giveUp, { signal: over.signal });
  }).then(() => isDoneWithin(work, limitMs));
  try {
    return await Promise.race([work.then(() => true), givenUp]);
  } finally {
    over.abort();
  }
}
