import { chmodSync, existsSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { VesicleError } from '../../errors/vesicle-error.js';
import { HostContainer } from '../../container/host-container.js';
import type { Logger } from '../../log/logger.js';
import { ComplaintLog } from './complaint-log.js';
import { formatListenAddress, type ListenAddress } from '../transport/listen-address.js';
import type { ModuleSources } from './module-loading.js';
import { ModuleSession, type SessionOptions } from './module-session.js';

/** What a module host is opened with. */
export interface ModuleHostOptions extends Pick<ModuleSources, 'resolve' | 'load'>, Pick<SessionOptions, 'onOpen'> {
  readonly log: Logger;
  /** Where relative paths of modules start; the working directory when absent. */
  readonly directory?: string;
  /** What a bridge must know; needed for TCP. */
  readonly token?: string;
  /** The version of this package, told to bridges. */
  readonly version: string;
  /** Who may connect to a Unix socket: its permissions. */
  readonly socketMode?: number;
}

const usualSocketMode = 0o660;

/** Runs modules for the Synapse processes that connect to it. */
export class ModuleHost implements AsyncDisposable {
  private readonly sessions = new Set<ModuleSession>();
  private readonly servers = new Set<Server>();
  private readonly sessionOptions: SessionOptions;
  /** By the name of the homeserver: what one has its modules remember is nothing to another. */
  private readonly containers = new Map<string, HostContainer>();

  constructor(private readonly options: ModuleHostOptions) {
    const containerOf = (serverName: string): HostContainer => this.containerOf(serverName);
    const complaints = new ComplaintLog(options.log);
    this.sessionOptions = { ...options, containerOf, complaints, directory: options.directory ?? process.cwd() };
  }

  /** How many Synapse processes are connected. */
  get connections(): number {
    return this.sessions.size;
  }

  /** Takes connections at an address; answers with it, the port filled in. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    if (address.kind === 'tcp' && (this.options.token ?? '') === '') {
      throw new VesicleError('SYNAPSE_TOKEN_MISSING', { address: formatListenAddress(address) });
    }
    if (address.kind === 'unix') await removeStale(address.path);
    const server = createServer({ noDelay: true }, (socket) => {
      void this.accept(socket, socket, peerOf(socket));
    });
    await listening(server, address);
    this.servers.add(server);
    if (address.kind === 'unix') {
      chmodSync(address.path, this.options.socketMode ?? usualSocketMode);
      return address;
    }
    const bound = server.address();
    return { ...address, port: typeof bound === 'object' && bound !== null ? bound.port : address.port };
  }

  /** Serves one bridge over streams that are there already; resolves when it has gone. */
  accept(input: Readable, output: Writable, peer: string): Promise<void> {
    const session = new ModuleSession(input, output, peer, this.sessionOptions);
    this.sessions.add(session);
    return session.ended.finally(() => {
      this.sessions.delete(session);
    });
  }

  /** Takes no more connections, lets calls in flight end, and ends all modules. */
  async close(): Promise<void> {
    const closed = [...this.servers].map((server) => new Promise((resolve) => server.close(resolve)));
    this.servers.clear();
    await Promise.all([...this.sessions].map((session) => session.close('the module host stops')));
    await Promise.all(closed);
    await Promise.all([...this.containers.values()].map((container) => container.close()));
  }

  private containerOf(serverName: string): HostContainer {
    const known = this.containers.get(serverName);
    if (known !== undefined) return known;
    const made = new HostContainer(this.options.log);
    this.containers.set(serverName, made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Opens a module host that listens at these addresses. */
export async function openModuleHost(
  options: ModuleHostOptions & { readonly listen?: ListenAddress },
): Promise<{ readonly host: ModuleHost; readonly address: ListenAddress | undefined }> {
  const host = new ModuleHost(options);
  const { listen } = options;
  return { host, address: listen === undefined ? undefined : await host.listen(listen) };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'local' : `${remoteAddress}:${remotePort ?? 0}`;
}

function listening(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = formatListenAddress(address);
      reject(
        error.code === 'EADDRINUSE'
          ? new VesicleError('SYNAPSE_ADDRESS_IN_USE', { address: place }, { cause: error })
          : new VesicleError(
              'SYNAPSE_CANNOT_LISTEN',
              { address: place, problem: reasonOf(error, address) },
              { cause: error },
            ),
      );
    });
    server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }, () => {
      resolve();
    });
  });
}

/** What is wrong with an address; for a path, the system says no more than that it may not or cannot be. */
function reasonOf(error: NodeJS.ErrnoException, address: ListenAddress): string {
  if (address.kind === 'tcp') return error.message;
  const folder = dirname(address.path);
  if (!existsSync(folder)) return `there is no directory ${folder}`;
  return error.code === 'EINVAL' ? 'the path is longer than the system allows (about 100 bytes)' : error.message;
}

/** A socket file that nobody listens at is left from a host that was killed. Any other file is somebody's. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new VesicleError('SYNAPSE_CANNOT_LISTEN', { address: `unix:${path}`, problem: 'another file is there' });
  if (await isStale(path)) await rm(path, { force: true });
}

function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED');
    });
  });
}
