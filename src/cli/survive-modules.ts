import type { Logger } from '../log/logger.js';

/** What a module lets slip outside of any call does not end its host, as it does not end Synapse. */
export function surviveModules(log: Logger): Disposable {
  const report = (err: unknown): void => {
    log.error('An error that nobody handled. Await every promise, and catch what a timer may throw.', { err });
  };
  process.on('unhandledRejection', report).on('uncaughtException', report);
  return {
    [Symbol.dispose]: () => {
      process.off('unhandledRejection', report).off('uncaughtException', report);
    },
  };
}
