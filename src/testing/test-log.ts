import { LeveledLog } from '../log/leveled-log.js';
import type { LogFields, Logger, LogLevel } from '../log/logger.js';

/**
 * One line of the log of a homeserver under test.
 *
 * @example
 * ```ts
 * import { type LogLine } from 'vesicle/testing';
 * const isWarning = (line: LogLine) => line.level === 'warn' && line.module === 'WordFilter';
 * ```
 */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  /** The module that the line is of or about. */
  readonly module?: string;
  /** What else was said: `err`, `callback`, `user`, fields of the module's own. */
  readonly fields: LogFields;
}

/**
 * The log of a homeserver under test: keeps every line, and passes it on.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const warnings = hs.log.lines.filter(({ level }) => level === 'warn');
 * ```
 */
export class TestLog extends LeveledLog {
  constructor(
    private readonly next: Logger,
    private readonly kept: LogLine[] = [],
    private readonly fields: LogFields = {},
  ) {
    super();
  }

  /** Every line so far, oldest first. */
  get lines(): readonly LogLine[] {
    return this.kept;
  }

  readonly child = (fields: LogFields): Logger => new TestLog(this.next, this.kept, { ...this.fields, ...fields });

  protected write(level: LogLevel, message: string, fields: LogFields = {}): void {
    const all = { ...this.fields, ...fields };
    const { module, ...others } = all;
    this.kept.push({ level, message, fields: others, ...(typeof module === 'string' && { module }) });
    this.next[level](message, all);
  }
}
