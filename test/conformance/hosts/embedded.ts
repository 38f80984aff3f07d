import { describeError } from '../../../src/cli/report-error.js';
import { Configuration } from '../../../src/config/configuration.js';
import { type Homeserver, openHomeserver } from '../../../src/homeserver/homeserver.js';
import { loadModules } from '../../../src/loader/module-source.js';
import { TextLog } from '../../../src/log/text-log.js';
import { type ConformanceHost, type RunningServer, type ServerPlan, StartupFailure } from '../host.js';
import { resolvePuppet } from '../puppets/puppet-class.js';
import { puppetServer, puppetServerKey, signInvite } from './signed-invite.js';

/** Log lines go to standard error when this variable is set. */
const isLoud = process.env['CONFORMANCE_LOG'] !== undefined;

/** The embedded homeserver, in this process, on a real loopback port. */
export async function openEmbeddedHost(): Promise<ConformanceHost> {
  return { name: 'embedded', lanes: 1, toldBehind: [], start, close: () => Promise.resolve() };
}

async function start(plan: ServerPlan): Promise<RunningServer> {
  const homeserver = await open(plan).catch((error: unknown) => {
    throw new StartupFailure(describeError(error).text);
  });
  return {
    baseUrl: homeserver.url,
    idle: () => homeserver.idle(),
    federationInvite: async (invite) => {
      const { services, context } = homeserver;
      const { keyId, publicKey } = puppetServerKey;
      const now = context.clock.now();
      services.federation.keys.add(puppetServer, { keyId, publicKey, validUntil: now + 1_000_000_000 });
      return signInvite(invite, context.serverName, now);
    },
    // A callback that never returns is not waited for.
    close: () => homeserver.close(plan.theatre.stuck > 0 ? 0 : undefined),
  };
}

/** What `vesicle dev` does with a file. */
async function open(plan: ServerPlan): Promise<Homeserver & { readonly url: string }> {
  const log = new TextLog({ level: 'debug', write: (line) => isLoud && process.stderr.write(line) });
  const configuration = Configuration.of(plan.configuration);
  const modules = await loadModules(configuration, { resolve: (name) => resolvePuppet(name, plan) });
  const homeserver = await openHomeserver({ config: configuration.homeserver, modules, log });
  try {
    const [listener] = await homeserver.listen();
    return Object.assign(homeserver, { url: listener?.url ?? '' });
  } catch (error) {
    await homeserver.close();
    throw error;
  }
}
