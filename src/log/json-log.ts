import { pino, type Logger as Pino } from 'pino';
import { LeveledLog } from './leveled-log.js';
import type { Logger, LogFields, LogLevel } from './logger.js';

/** A log of JSON lines, for machines. */
export function openJsonLog(level: LogLevel, write: (line: string) => void): Logger {
  return new JsonLog(pino({ level }, { write }));
}

class JsonLog extends LeveledLog {
  constructor(private readonly pino: Pino) {
    super();
  }

  readonly child = (fields: LogFields): Logger => new JsonLog(this.pino.child(fields));

  protected write(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.pino[level](fields, message);
  }
}
