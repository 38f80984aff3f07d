import { pino, type Logger as Pino } from 'pino';
import { Logger, type LogFields, type LogLevel } from './logger.js';

/** A log of JSON lines, for machines. */
export function openJsonLog(level: LogLevel, write: (line: string) => void): Logger {
  return new JsonLog(pino({ level }, { write }));
}

class JsonLog extends Logger {
  constructor(private readonly pino: Pino) {
    super();
  }

  readonly debug = (message: string, fields: LogFields = {}): void => {
    this.pino.debug(fields, message);
  };

  readonly info = (message: string, fields: LogFields = {}): void => {
    this.pino.info(fields, message);
  };

  readonly warn = (message: string, fields: LogFields = {}): void => {
    this.pino.warn(fields, message);
  };

  readonly error = (message: string, fields: LogFields = {}): void => {
    this.pino.error(fields, message);
  };

  readonly child = (fields: LogFields): Logger => new JsonLog(this.pino.child(fields));
}
