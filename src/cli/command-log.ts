import { levels } from '../log/levels.js';
import type { Logger, LogLevel } from '../log/logger.js';
import { openLog } from '../log/open-log.js';
import type { CommandCall } from './command.js';

/** The log that `--log-level` and `--log-format` ask for; undefined when they are wrong, which is said. */
export async function openLogOf(
  { terminal, values }: CommandCall,
  write: (line: string) => void,
): Promise<Logger | undefined> {
  const level = values.get('log-level') ?? 'info';
  const format = values.get('log-format') ?? 'text';
  if (!isLevel(level) || (format !== 'text' && format !== 'json')) {
    terminal.error(`--log-level is one of ${levels.join(', ')}; --log-format is text or json.\n`);
    return undefined;
  }
  return await openLog({ format, level, write, hasColour: terminal.isInteractive });
}

function isLevel(text: string): text is LogLevel {
  return levels.some((level) => level === text);
}
