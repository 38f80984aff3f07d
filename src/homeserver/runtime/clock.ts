import { setTimeout as sleep } from 'node:timers/promises';

/** A pending call; `cancel` keeps it from running. */
export interface Timer {
  readonly cancel: () => void;
}

/** The time of a homeserver: the real one, or one that tests move. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls once after so many milliseconds. */
  readonly after: (ms: number, call: () => void) => Timer;
  /** Holds an answer back, as Synapse does with refusals; nothing is to happen meanwhile, so tests need not wait. */
  readonly pause: (ms: number) => Promise<void>;
}

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    timer.unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
  pause: (ms) => sleep(ms, undefined, { ref: false }),
};
