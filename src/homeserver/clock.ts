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
};
