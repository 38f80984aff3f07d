import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { SigningKey } from '../homeserver/rooms/model/signing-key.js';
import { loadModules, type SourcedModule } from '../loader/module-source.js';
import type { Logger } from '../log/logger.js';
import { bridgeFolder } from './bridge-folder.js';
import { freePort } from '../synapse/transport/free-port.js';
import { openModuleHost } from '../synapse/session/module-host.js';
import { packageVersion } from './package-version.js';
import type { DevServer, ModuleParts } from './dev-server.js';
import { readConfiguration } from './open-file.js';
import { logRefusals } from './refusal-log.js';
import { synapsePython, synapseVersionOf } from './synapse-environment.js';
import { SynapseLogReader } from './synapse-log.js';
import { SynapseProcess } from './synapse-process.js';
import { synapseLogging, synapseSettings } from './synapse-settings.js';

/** What a development server on Synapse is opened with. */
export interface SynapseDevServerOptions {
  readonly log: Logger;
  readonly isDebug: boolean;
  /** Tells the user of work that takes long. */
  readonly say: (text: string) => void;
}

/** A real Synapse on a file: its modules run in this process, behind the bridge. */
export async function openSynapseDevServer(file: string, options: SynapseDevServerOptions): Promise<DevServer> {
  const readAt = Date.now();
  const configuration = readConfiguration(file);
  // Mistakes are told here, with their lines; Synapse is not even started.
  const loaded = await loadModules(configuration);
  const python = await synapsePython(options);
  const version = await synapseVersionOf(options);
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const server = await startOn({ configuration, loaded, python, version, ...options }, closers);
    const { settings } = configuration;
    return { ...server, file, readAt, settings, loaded, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Closer = () => Promise<void>;

interface Start extends SynapseDevServerOptions {
  readonly configuration: Configuration;
  readonly loaded: readonly SourcedModule[];
  readonly python: string;
  /** Of Synapse. */
  readonly version: string;
}

type Started = Omit<DevServer, 'file' | 'readAt' | 'settings' | 'loaded' | 'close'>;

async function startOn(start: Start, closers: Closer[]): Promise<Started> {
  const { configuration, loaded, log } = start;
  const socketFolder = await mkdtemp(join(tmpdir(), 'vesicle-'));
  closers.push(() => rm(socketFolder, { recursive: true, force: true }));
  const socket = join(socketFolder, 'host.sock');
  let parts: ModuleParts | undefined;
  const { host } = await openModuleHost({
    listen: { kind: 'unix', path: socket },
    log,
    version: packageVersion(),
    load: () => loaded,
    onOpen: (opened) => {
      parts = opened;
      logRefusals(opened.dispatch, log);
    },
  });
  closers.push(() => host.close());
  const ports = await freePorts(configuration);
  const files = await writeFiles(start, ports, socket);
  const url = urlOf(configuration, ports);
  const synapse = await SynapseProcess.start({
    python: start.python,
    configFile: files.configFile,
    cwd: configuration.directory,
    env: { ...process.env, PYTHONPATH: [bridgeFolder(), process.env['PYTHONPATH'] ?? ''].join(delimiter) },
    url,
    output: new SynapseLogReader(log, (logger) => logger.startsWith(ownLoggers)),
  });
  closers.push(() => synapse.stop());
  if (parts === undefined)
    throw new VesicleError('CLI_SYNAPSE_ENDED', { how: 'no connection to the modules', output: '' });
  return {
    name: `Synapse ${start.version}`,
    serverName: configuration.homeserver.serverName,
    url: url ?? '',
    parts,
    send: async (request) => {
      const { method, headers } = request;
      return await fetch(new URL(new URL(request.url).pathname, url), { method, headers, body: await request.text() });
    },
    ended: synapse.ended,
  };
}

/** The bridge repeats log lines of modules there, which are in our log already. */
const ownLoggers = 'vesicle.';

/** The ports of the listeners; those that may be any are chosen, the others must be free. */
async function freePorts({ homeserver }: Configuration): Promise<readonly number[]> {
  const ports: number[] = [];
  for (const { port, path, bindAddresses } of homeserver.listeners) {
    if (path !== undefined) ports.push(0);
    else ports.push(await freePort(port, bindAddresses[0] ?? '127.0.0.1'));
  }
  return ports;
}

function urlOf({ homeserver }: Configuration, ports: readonly number[]): string | undefined {
  const index = homeserver.listeners.findIndex(({ type, path }) => type === 'http' && path === undefined);
  const address = homeserver.listeners[index]?.bindAddresses[0] ?? '127.0.0.1';
  if (index < 0) return undefined;
  const host = ['::', '0.0.0.0'].includes(address) ? 'localhost' : address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(ports[index])}`;
}

async function writeFiles(
  { configuration, isDebug }: Start,
  ports: readonly number[],
  socket: string,
): Promise<{ readonly configFile: string }> {
  const folder = resolve(configuration.directory, '.vesicle', 'synapse');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const signingKey = await readSigningKey(join(folder, 'signing.key'));
  const config = { connect: `unix:${socket}`, modules: configuration.moduleEntries };
  const modules = [{ module: 'vesicle_bridge.VesicleBridge', config }];
  const settings = synapseSettings(configuration, { folder, modules, ports, signingKey });
  const logging = synapseLogging(isDebug ? 'INFO' : 'WARNING');
  const configFile = join(folder, 'homeserver.yaml');
  // Secrets of the environment are in it.
  await writeFile(configFile, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'log.yaml'), `${JSON.stringify(logging, null, 2)}\n`);
  return { configFile };
}

/** The same key at each start, or clients would not trust what they have stored. */
async function readSigningKey(file: string): Promise<string> {
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined) return found;
  const { keyId, seed } = SigningKey.generate();
  const text = `${keyId.replace(':', ' ')} ${seed}\n`;
  await writeFile(file, text, { mode: 0o600 });
  return text;
}
