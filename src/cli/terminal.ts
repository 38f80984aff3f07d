/** Where a command writes, and what signals tell it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** Whether people read the output, in colours. */
  readonly isInteractive: boolean;
  /** Calls `stop` at each signal that asks the process to end, until the returned function is called. */
  readonly onStop: (stop: () => void) => () => void;
  /** Calls `gone` once nobody reads the output any more, as in `vesicle dev | head`. That is noticed when something is written. */
  readonly onOutputGone: (gone: () => void) => void;
}

/** The terminal that the process was started from. It survives a reader that goes away, whoever writes: modules do, too. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const gone = { stdout: false, stderr: false };
  stdout.on('error', () => {
    gone.stdout = true;
  });
  stderr.on('error', () => {
    gone.stderr = true;
  });
  const error = (text: string): void => {
    if (!gone.stderr) stderr.write(text);
  };
  return {
    out: (text) => {
      if (gone.stdout) error(text);
      else process.stdout.write(text);
    },
    error,
    isInteractive: stdout.isTTY && process.env['NO_COLOR'] === undefined,
    onStop: (stop) => {
      process.on('SIGINT', stop).on('SIGTERM', stop);
      return () => {
        process.off('SIGINT', stop).off('SIGTERM', stop);
      };
    },
    onOutputGone: (tell) => {
      stdout.once('error', tell);
    },
  };
}
