import type { Logger, LogLevel } from './logger.js';
import { TextLog } from './text-log.js';

/** Who reads the log: people, or machines. */
type LogFormat = 'text' | 'json';

/** What a log is opened with. */
export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  /** Colours for a terminal. */
  readonly hasColour?: boolean;
}

/** Opens a log. The writer of JSON lines is loaded only when asked for. */
export async function openLog({ format, level, write, hasColour = false }: LogOptions): Promise<Logger> {
  if (format === 'text') return new TextLog({ level, write, hasColour });
  const { openJsonLog } = await import('./json-log.js');
  return openJsonLog(level, write);
}
