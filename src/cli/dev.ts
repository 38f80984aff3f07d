import type { Logger } from '../log/logger.js';
import type { CommandCall } from './command.js';
import { openLogOf } from './command-log.js';
import { makeCurlLine } from './curl-line.js';
import type { DevServer } from './dev-server.js';
import { openEmbeddedDevServer } from './embedded-dev-server.js';
import { exitCodes } from './exit-codes.js';
import { ModuleReloader } from './module-reloader.js';
import { registeredByModule } from './registered.js';
import { registeredTable } from './registered-table.js';
import { watchStandstill } from './standstill.js';
import { StopSignal } from './stop-signal.js';
import { surviveModules } from './survive-modules.js';

/** `vesicle dev`: runs a homeserver until the process is asked to stop. */
export async function dev(call: CommandCall): Promise<number> {
  const { terminal, values } = call;
  const host = values.get('host') ?? 'embedded';
  if (host !== 'embedded' && host !== 'synapse') {
    terminal.error('--host is embedded or synapse.\n');
    return exitCodes.usage.code;
  }
  const log = await openLogOf(call, terminal.out);
  if (log === undefined) return exitCodes.usage.code;
  // What nobody reads is not developed with: `vesicle dev | head` ends like any program there.
  using stop = new StopSignal(terminal, { endsWithOutput: true });
  using _survivor = surviveModules(log);
  using _watch = watchStandstill(log);
  const server = await Promise.race([open(call, host, log), stop.requested]);
  if (server === undefined) return exitCodes.done.code;
  try {
    using _reloader = ModuleReloader.watch(server, log);
    terminal.out(await greeting(server, values.get('try')));
    const end = await Promise.race([stop.requested, server.ended]);
    if (end !== undefined) log.error(`${server.name} ended by itself: ${end}.`);
    else log.info('Stopping: calls in flight are finished. Press Ctrl-C again to stop at once.');
    await closeUnlessKilled(server, stop, log);
    if (stop.isRepeated) return exitCodes.killed.code;
    return end === undefined ? exitCodes.done.code : exitCodes.failed.code;
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function open(call: CommandCall, host: 'embedded' | 'synapse', log: Logger): Promise<DevServer> {
  const { file, terminal, values } = call;
  if (host === 'embedded') return await openEmbeddedDevServer(file, log);
  const { openSynapseDevServer } = await import('./synapse-dev-server.js');
  return await openSynapseDevServer(file, { log, isDebug: values.get('log-level') === 'debug', say: terminal.out });
}

async function greeting(server: DevServer, text: string | undefined): Promise<string> {
  const paragraphs = [
    `${server.name} runs ${server.serverName} at ${server.url}`,
    registeredTable(registeredByModule(server.parts)),
    ...(text === undefined ? [] : [`Try it:\n${await makeCurlLine(server, text)}`]),
  ];
  return `\n${paragraphs.join('\n\n')}\n\n`;
}

async function closeUnlessKilled(server: DevServer, stop: StopSignal, log: Logger): Promise<void> {
  await Promise.race([server.close(), stop.repeated]);
  log.info(stop.isRepeated ? 'Stopped at once.' : 'Stopped.');
}
