import { inspect } from 'node:util';
import { LeveledLog } from '../../log/leveled-log.js';
import { levels } from '../../log/levels.js';
import type { LogFields, Logger, LogLevel } from '../../log/logger.js';
import type { Connection } from '../transport/connection.js';

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
    const stack = stackOf(err);
    this.connection.notify('log', {
      level,
      ...(typeof module === 'string' && { module }),
      message: `${typeof (message as unknown) === 'string' ? message : inspect(message)}${listed(others)}`,
      ...(stack !== undefined && { stack }),
    });
  }
}

/** Of an error that a module made, which may be anything. */
function stackOf(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error)) return undefined;
    const stack: unknown = error.stack ?? error.message;
    return typeof stack === 'string' ? stack : inspect(stack);
  } catch {
    return 'an error whose stack cannot be read';
  }
}

function listed(fields: LogFields): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : textOf(value)}`)
    .join('');
}

function textOf(value: unknown): string {
  try {
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : inspect(value);
  } catch {
    return inspect(value, { depth: 1, customInspect: false });
  }
}
