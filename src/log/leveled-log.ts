import { type LogFields, Logger, type LogLevel } from './logger.js';

/** A log that writes lines of all levels in one way. */
export abstract class LeveledLog extends Logger {
  readonly debug = (message: string, fields?: LogFields): void => {
    this.write('debug', message, fields);
  };

  readonly info = (message: string, fields?: LogFields): void => {
    this.write('info', message, fields);
  };

  readonly warn = (message: string, fields?: LogFields): void => {
    this.write('warn', message, fields);
  };

  readonly error = (message: string, fields?: LogFields): void => {
    this.write('error', message, fields);
  };

  protected abstract write(level: LogLevel, message: string, fields?: LogFields): void;
}
