import { resolve } from 'node:path';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Logger } from '../log/logger.js';
import { TextLog } from '../log/text-log.js';
import { registeredByBridges } from './check-bridges.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';
import { openFile, readBytes } from './open-file.js';
import { registeredByModule } from './registered.js';
import { type RegisteredByModule, registeredTable } from './registered-table.js';
import { describeError } from './report-error.js';

/** Milliseconds that all modules together may take to start: a check that never ends says nothing. */
const startLimitMs = 60_000;

/**
 * `vesicle check`: the way of `vesicle dev` up to the point where it would listen. Of a homeserver.yaml that names the bridge,
 * its entry and its modules are checked.
 */
export async function check(call: CommandCall): Promise<number> {
  const { file, terminal, switches } = call;
  const isJson = switches.has('json');
  const log = new TextLog({ level: 'warn', write: terminal.error, hasColour: terminal.isInteractive });
  try {
    const { what, modules } = await registeredIn(file, call.values.get('directory'), log);
    terminal.out(isJson ? json({ ok: true, file, modules }) : `${what} is right.\n\n${registeredTable(modules)}\n`);
    return exitCodes.done.code;
  } catch (error) {
    if (!isJson) throw error;
    const { text, exitCode } = describeError(error);
    terminal.out(json({ ok: false, file, error: text.trimEnd() }));
    return exitCode;
  }
}

/** What was checked, in words, and what the modules of it register. */
interface Checked {
  readonly what: string;
  readonly modules: readonly RegisteredByModule[];
}

async function registeredIn(file: string, directory: string | undefined, log: Logger): Promise<Checked> {
  const unwanted = AbortSignal.timeout(startLimitMs);
  const sources = { file, directory: resolve(directory ?? '.'), log, unwanted };
  const bridged = await registeredByBridges(readBytes(file), sources);
  if (bridged !== undefined) return { what: `The bridge in ${file}`, modules: bridged };
  if (directory !== undefined) throw new VesicleError('CLI_DIRECTORY_UNUSED', { file });
  const { homeserver } = await openFile(file, log, { isInMemory: true, unwanted });
  await using _closed = homeserver;
  return { what: file, modules: registeredByModule(homeserver) };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
