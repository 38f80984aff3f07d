import { LeveledLog } from '../log/leveled-log.js';
import { levels } from '../log/levels.js';
import type { LogFields, Logger, LogLevel } from '../log/logger.js';
import type { Connection } from './connection.js';

/** Lines below this level stay in the host's own log. */
const leastLevel = levels.indexOf('info');

/** A log whose lines appear in Synapse's log, too, as long as it is connected. */
export class SynapseLog extends LeveledLog {
  constructor(
    private readonly own: Logger,
    private readonly connection: Connection,
    private readonly fields: LogFields = {},
  ) {
    super();
  }

  readonly child = (fields: LogFields): Logger =>
    new SynapseLog(this.own.child(fields), this.connection, { ...this.fields, ...fields });

  protected write(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.own[level](message, fields);
    if (levels.indexOf(level) < leastLevel || this.connection.isClogged) return;
    const { module, err, ...others } = { ...this.fields, ...fields };
    const stack = err instanceof Error ? (err.stack ?? err.message) : undefined;
    this.connection.notify('log', {
      level,
      ...(typeof module === 'string' && { module }),
      message: `${message}${listed(others)}`,
      ...(stack !== undefined && { stack }),
    });
  }
}

function listed(fields: LogFields): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : textOf(value)}`)
    .join('');
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
