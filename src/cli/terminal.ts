/** Where a command writes, and what signals tell it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** Whether people read the output, in colours. */
  readonly isInteractive: boolean;
  /** Calls `stop` at each signal that asks the process to end, until the returned function is called. */
  readonly onStop: (stop: () => void) => () => void;
}

/** The terminal that the process was started from. */
export function processTerminal(): Terminal {
  return {
    out: (text) => {
      process.stdout.write(text);
    },
    error: (text) => {
      process.stderr.write(text);
    },
    isInteractive: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    onStop: (stop) => {
      process.on('SIGINT', stop).on('SIGTERM', stop);
      return () => {
        process.off('SIGINT', stop).off('SIGTERM', stop);
      };
    },
  };
}
