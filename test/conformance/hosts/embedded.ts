import { Configuration } from '../../../src/config/configuration.js';
import { openHomeserver } from '../../../src/homeserver/homeserver.js';
import { TextLog } from '../../../src/log/text-log.js';
import { type ConformanceHost, type RunningServer, type ServerPlan } from '../host.js';

/** The embedded homeserver, in this process, on a real loopback port. */
export async function openEmbeddedHost(): Promise<ConformanceHost> {
  return { name: 'embedded', start, close: () => Promise.resolve() };
}

async function start(plan: ServerPlan): Promise<RunningServer> {
  const level = process.env['CONFORMANCE_LOG'] === undefined ? 'silent' : 'debug';
  const log = new TextLog({ level: 'debug', write: (line) => level === 'debug' && process.stderr.write(line) });
  const configuration = Configuration.of(plan.configuration);
  configuration.throwProblems();
  const homeserver = await openHomeserver({ config: configuration.homeserver, log });
  try {
    const [listener] = await homeserver.listen();
    return {
      baseUrl: listener?.url ?? '',
      idle: () => homeserver.idle(),
      federationInvite: () => Promise.reject(new Error('federation is not simulated')),
      close: () => homeserver.close(),
    };
  } catch (error) {
    await homeserver.close();
    throw error;
  }
}
