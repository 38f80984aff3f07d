import { TextLog } from '../log/text-log.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';
import { openFile } from './open-file.js';
import { registeredByModule } from './registered.js';
import { registeredTable } from './registered-table.js';
import { describeError } from './report-error.js';

/** Milliseconds that all modules together may take to start: a check that never ends says nothing. */
const startLimitMs = 60_000;

/** `vesicle check`: the way of `vesicle dev` up to the point where it would listen. */
export async function check(call: CommandCall): Promise<number> {
  const { file, terminal, switches } = call;
  const isJson = switches.has('json');
  const log = new TextLog({ level: 'warn', write: terminal.error, hasColour: terminal.isInteractive });
  try {
    const { homeserver } = await openFile(file, log, {
      isInMemory: true,
      unwanted: AbortSignal.timeout(startLimitMs),
    });
    await using _closed = homeserver;
    const modules = registeredByModule(homeserver);
    terminal.out(isJson ? json({ ok: true, file, modules }) : `${file} is right.\n\n${registeredTable(modules)}\n`);
    return exitCodes.done.code;
  } catch (error) {
    if (!isJson) throw error;
    const { text, exitCode } = describeError(error);
    terminal.out(json({ ok: false, file, error: text.trimEnd() }));
    return exitCode;
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
