import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TextLog } from '../../../src/log/text-log.js';
import type { ServerName } from '../../../src/matrix/ids.js';
import { openModuleHost } from '../../../src/synapse/session/module-host.js';
import { type RunningSynapse, SynapseEnded, SynapseForks } from '../../support/synapse-forks.js';
import { logContextFaults } from '../../support/synapse-log-faults.js';
import type { JsonRecord } from '../format.js';
import { type ConformanceHost, type RunningServer, type ServerPlan, StartupFailure } from '../host.js';
import { resolvePuppet } from '../puppets/puppet-class.js';
import type { Theatre } from '../puppets/theatre.js';
import { puppetServer, puppetServerKey, signInvite } from './signed-invite.js';
import { SqliteFile } from '../../support/sqlite-file.js';

/** Log lines of the module host go to standard error when this variable is set. */
const isLoud = process.env['CONFORMANCE_LOG'] !== undefined;

/** A real Synapse for each case; the puppets run in this process, and the bridge inside Synapse connects to it. */
export async function openSynapseHost(): Promise<ConformanceHost> {
  const forks = await SynapseForks.open();
  addPuppetServerKey(forks.database);
  return {
    name: 'synapse',
    // Cases wait as much as they compute.
    lanes: availableParallelism() + 1,
    // `notifier.py: notify_new_room_events` awaits each call in the background, while the request goes on: a Python puppet
    // answers at once, one behind a socket does not.
    toldBehind: ['third_party_rules.on_new_event'],
    start: (plan) => start(plan, forks),
    close: () => forks[Symbol.asyncDispose](),
  };
}

async function start(plan: ServerPlan, forks: SynapseForks): Promise<RunningServer> {
  const folder = await forks.newFolder();
  const path = join(folder, 'host.sock');
  const { host } = await openModuleHost({
    listen: { kind: 'unix', path },
    version: 'conformance',
    resolve: (module) => resolvePuppet(module, plan),
    log: new TextLog({ level: 'debug', write: (line) => isLoud && process.stderr.write(line) }),
  });
  let synapse: RunningSynapse | undefined;
  const close = async (): Promise<void> => {
    await synapse?.kill();
    await host.close();
    const faults = logContextFaults((await synapse?.output()) ?? '');
    await rm(folder, { recursive: true, force: true });
    if (faults.length > 0) throw new Error(`Synapse's log: ${faults.join('\n')}`);
  };
  try {
    synapse = await forks.start(folder, behindBridge(plan.configuration, path));
    return {
      baseUrl: synapse.url,
      idle: (quietMs) => untilQuiet(plan.theatre, quietMs),
      federationInvite: async (invite) => signInvite(invite, plan.configuration['server_name'] as ServerName),
      close,
    };
  } catch (error) {
    await close();
    throw error instanceof SynapseEnded ? new StartupFailure(asWithoutBridge(error.message)) : error;
  }
}

/** The case's configuration with its modules below the one entry of the bridge. */
function behindBridge({ modules, ...configuration }: JsonRecord, socket: string): JsonRecord {
  const config: JsonRecord = { connect: `unix:${socket}`, ...(modules === undefined ? {} : { modules }) };
  return { ...configuration, modules: [{ module: 'vesicle_bridge.VesicleBridge', config }] };
}

/** What Synapse says of a place below the bridge's entry, it says of the same place in `modules` to a Python module. */
function asWithoutBridge(output: string): string {
  return output.replaceAll('modules.<item 0>.config.modules', 'modules');
}

async function untilQuiet(theatre: Theatre, quietMs: number): Promise<void> {
  // Work that a request started may have yet to ask its first module.
  const from = performance.now();
  for (;;) {
    const left = Math.max(theatre.askedAt, from) + quietMs - performance.now();
    if (left <= 0) return;
    await delay(left);
    await theatre.settled();
  }
}

function addPuppetServerKey(file: string): void {
  using database = new SqliteFile(file);
  const { keyId, publicKey } = puppetServerKey;
  const now = Date.now();
  const validUntil = now + 1_000_000_000;
  const json = { server_name: puppetServer, valid_until_ts: validUntil, verify_keys: { [keyId]: { key: publicKey } } };
  database
    .prepare('INSERT INTO server_signature_keys VALUES (?, ?, ?, ?, ?, ?)')
    .run(puppetServer, keyId, puppetServer, now, Buffer.from(publicKey, 'base64'), validUntil);
  database
    .prepare('INSERT INTO server_keys_json VALUES (?, ?, ?, ?, ?, ?)')
    .run(puppetServer, keyId, puppetServer, now, validUntil, Buffer.from(JSON.stringify(json)));
}
