/** What the exit codes of `vesicle` mean. */
export const exitCodes = {
  done: { code: 0, meaning: 'done, or stopped by Ctrl-C or SIGTERM' },
  failed: { code: 1, meaning: 'a mistake in the configuration or in a module, or the server could not start' },
  usage: { code: 2, meaning: 'wrong command line' },
  bug: { code: 70, meaning: 'a bug in Vesicle' },
  killed: { code: 130, meaning: 'stopped by a second Ctrl-C or SIGTERM: calls in flight were cut off' },
} as const;
