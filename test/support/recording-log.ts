import { type LogFields, Logger, type LogLevel } from '../../src/log/logger.js';

/** One line that was logged. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines. */
export class RecordingLog extends Logger {
  readonly lines: LogLine[];
  readonly debug = this.write('debug');
  readonly info = this.write('info');
  readonly warn = this.write('warn');
  readonly error = this.write('error');

  constructor(
    private readonly own: LogFields = {},
    lines: LogLine[] = [],
  ) {
    super();
    this.lines = lines;
  }

  readonly child = (fields: LogFields): Logger => new RecordingLog({ ...this.own, ...fields }, this.lines);

  /** `warn Module: text` for each line. */
  get texts(): readonly string[] {
    return this.lines.map((line) => `${line.level} ${line.message}`);
  }

  private write(level: LogLevel) {
    return (message: string, fields: LogFields = {}): void => {
      this.lines.push({ level, message, fields: { ...this.own, ...fields } });
    };
  }
}
