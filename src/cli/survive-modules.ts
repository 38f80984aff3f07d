import type { Logger } from '../log/logger.js';

/**
 * What a module lets slip outside of any call does not end its host, as it does not end Synapse. A module that ends the
 * process by `process.exit()` does, as in Python: the log says that it did, and where.
 */
export function surviveModules(log: Logger): Disposable {
  const report = (err: unknown): void => {
    log.error('An error that nobody handled. Await every promise, and catch what a timer may throw.', { err });
  };
  const exit = process.exit.bind(process);
  process.exit = (code?: number | string | null): never => {
    const err = new Error('process.exit() was called here');
    log.error(
      `The process ends, with all modules, because a module or a package that it uses called process.exit(${String(code ?? '')}). ` +
        'Throw an error instead.',
      { err },
    );
    return exit(code);
  };
  process.on('unhandledRejection', report).on('uncaughtException', report);
  return {
    [Symbol.dispose]: () => {
      process.exit = exit;
      process.off('unhandledRejection', report).off('uncaughtException', report);
    },
  };
}
