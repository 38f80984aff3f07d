import type { Homeserver } from '../homeserver/homeserver.js';
import type { Logger } from '../log/logger.js';
import type { CommandCall } from './command.js';
import { openLogOf } from './command-log.js';
import { makeCurlLine } from './curl-line.js';
import { exitCodes } from './exit-codes.js';
import { openFile, type OpenedFile } from './open-file.js';
import { logRefusals } from './refusal-log.js';
import { registeredByModule } from './registered.js';
import { registeredTable } from './registered-table.js';
import { ModuleReloader } from './module-reloader.js';
import { StopSignal } from './stop-signal.js';
import { surviveModules } from './survive-modules.js';

/** `vesicle dev`: runs the embedded homeserver until the process is asked to stop. */
export async function dev(call: CommandCall): Promise<number> {
  const { terminal, values } = call;
  const log = await openLogOf(call, terminal.out);
  if (log === undefined) return exitCodes.usage.code;
  using stop = new StopSignal(terminal);
  using _survivor = surviveModules(log);
  const opened = await openFile(call.file, log);
  const { homeserver } = opened;
  try {
    const [listener] = await homeserver.listen();
    logRefusals(homeserver.dispatch, log);
    using _reloader = ModuleReloader.watch(opened, log);
    terminal.out(await greeting(opened, listener?.url ?? '', values.get('try')));
    await stop.requested;
    log.info('Stopping: calls in flight are finished. Press Ctrl-C again to stop at once.');
    await closeUnlessKilled(homeserver, stop, log);
    return stop.isRepeated ? exitCodes.killed.code : exitCodes.done.code;
  } catch (error) {
    await homeserver.close();
    throw error;
  }
}

async function greeting(opened: OpenedFile, url: string, text: string | undefined): Promise<string> {
  const { homeserver } = opened;
  const paragraphs = [
    `Vesicle runs ${homeserver.context.serverName} at ${url}`,
    registeredTable(registeredByModule(homeserver)),
    ...(text === undefined ? [] : [`Try it:\n${await makeCurlLine(homeserver, url, text)}`]),
  ];
  return `\n${paragraphs.join('\n\n')}\n\n`;
}

async function closeUnlessKilled(homeserver: Homeserver, stop: StopSignal, log: Logger): Promise<void> {
  await Promise.race([homeserver.close(), stop.repeated]);
  log.info(stop.isRepeated ? 'Stopped at once.' : 'Stopped.');
}
