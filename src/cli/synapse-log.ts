import type { Logger, LogLevel } from '../log/logger.js';

/** A line of Synapse's log as `synapseLogging` has it written: level, logger and message, apart by tabs. */
const lineStart = /^(DEBUG|INFO|WARNING|ERROR|CRITICAL)\t([^\t]*)\t(.*)$/;

const levelNames: Readonly<Record<string, LogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'error',
};

/** A message is complete when the next one begins, or after so many milliseconds. */
const lastLineMs = 50;

interface Message {
  readonly level: LogLevel;
  readonly lines: string[];
  /** It is in our log already. */
  readonly isKnown?: boolean;
}

/** Passes the output of Synapse on to our log, marked as Synapse's; a stack stays with its message. */
export class SynapseLogReader {
  private readonly log: Logger;
  private rest = '';
  private message: Message | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly recent: string[] = [];

  /** Messages of loggers that `isOwn` knows were written by us in the first place. */
  constructor(
    log: Logger,
    private readonly isOwn: (logger: string) => boolean = () => false,
  ) {
    this.log = log.child({ module: 'synapse' });
  }

  /** The last lines that Synapse wrote, for whoever has to say why it ended. */
  get tail(): string {
    return this.recent.join('\n');
  }

  /** Takes a piece of output. */
  take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.takeLine(line);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.flush();
    }, lastLineMs);
  }

  /** Writes what is left. */
  end(): void {
    clearTimeout(this.timer);
    if (this.rest !== '') this.takeLine(this.rest);
    this.rest = '';
    this.flush();
  }

  private takeLine(line: string): void {
    this.recent.push(line);
    if (this.recent.length > 40) this.recent.shift();
    const found = lineStart.exec(line);
    if (found === null) {
      (this.message ??= { level: 'info', lines: [] }).lines.push(line);
      return;
    }
    this.flush();
    const [, level = '', logger = '', text = ''] = found;
    const lines = [`${logger}: ${text}`];
    this.message = { level: levelNames[level] ?? 'info', lines, isKnown: this.isOwn(logger) };
  }

  private flush(): void {
    const { message } = this;
    this.message = undefined;
    const text = message?.lines.join('\n').trim() ?? '';
    if (message !== undefined && text !== '' && message.isKnown !== true) this.log[message.level](text);
  }
}
