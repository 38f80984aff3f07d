/** The time that timeouts and measurements use. */
export interface Timers {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls once after so many milliseconds. */
  readonly after: (ms: number, call: () => void) => { readonly cancel: () => void };
}

/** The machine's own; its timers do not keep the process alive. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms).unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};
