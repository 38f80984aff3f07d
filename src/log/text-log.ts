import { LeveledLog } from './leveled-log.js';
import { levels } from './levels.js';
import type { Logger, LogFields, LogLevel } from './logger.js';

/** Where lines go, each with its line break. */
type WriteLine = (line: string) => void;

/** What a text log is made with. */
export interface TextLogOptions {
  readonly write: WriteLine;
  /** Lines below this level are left out. */
  readonly level: LogLevel;
  /** Colours for a terminal. */
  readonly hasColour?: boolean;
  readonly now?: () => Date;
}

const colours: Readonly<Record<LogLevel, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

/** Writes one line a message for people: time, level, module, message, other fields; the stack of an error below. */
export class TextLog extends LeveledLog {
  constructor(
    private readonly options: TextLogOptions,
    private readonly fields: LogFields = {},
  ) {
    super();
  }

  readonly child = (fields: LogFields): Logger => new TextLog(this.options, { ...this.fields, ...fields });

  protected write(level: LogLevel, message: string, fields: LogFields = {}): void {
    const { options } = this;
    if (levels.indexOf(level) < levels.indexOf(options.level)) return;
    const { module, err, ...others } = { ...this.fields, ...fields };
    const time = (options.now?.() ?? new Date()).toTimeString().slice(0, 8);
    const name = level.toUpperCase().padEnd(5);
    const coloured = options.hasColour === true ? `\u001B[${colours[level]}m${name}\u001B[39m` : name;
    const about = typeof module === 'string' && !message.startsWith(module) ? `${module}: ` : '';
    options.write(`${time} ${coloured} ${about}${oneLine(message)}${listed(others)}${stackOf(err)}\n`);
  }
}

/** Text from elsewhere must not forge further lines, nor steer the terminal. */
function oneLine(text: string): string {
  return text.replaceAll('\n', '\n    ').replace(/(?!\n)\p{Cc}/gu, ' ');
}

function listed(fields: LogFields): string {
  const parts = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
  return parts.join('');
}

function shown(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

function stackOf(error: unknown): string {
  if (error === undefined) return '';
  const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
  return `\n    ${text.replaceAll('\n', '\n    ')}`;
}
