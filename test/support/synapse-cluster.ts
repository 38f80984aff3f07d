import type { BridgedPlace } from './bridged-synapse.js';
import type { DatabaseServers } from './database-servers.js';
import { freePort } from './server-process.js';
import type { RunningSynapse, SynapseForks } from './synapse-forks.js';

/** What a cluster is started with. */
export interface ClusterOptions {
  readonly forks: SynapseForks;
  readonly servers: DatabaseServers;
  readonly place: BridgedPlace;
  readonly modules: readonly object[];
}

/** A worker of the homeserver. */
export type WorkerName = 'reader' | 'persister';

/** One homeserver as three processes: the main one, a client reader, which does background work, and an event persister. */
export class SynapseCluster implements AsyncDisposable {
  private constructor(
    readonly main: RunningSynapse,
    private readonly workers: Map<WorkerName, RunningSynapse>,
    private readonly startWorker: (name: WorkerName) => Promise<RunningSynapse>,
  ) {}

  static async start({ forks, servers, place, modules }: ClusterOptions): Promise<SynapseCluster> {
    const { folder } = place;
    const ports = { main: await freePort(), reader: await freePort(), persister: await freePort() };
    const at = (port: number): object => ({ host: '127.0.0.1', port });
    const listener = (port: number, ...names: readonly string[]): object => {
      return { port, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names }] };
    };
    const main = await forks.start(folder, {
      database: servers.database,
      redis: { enabled: true, path: servers.redisPath },
      worker_replication_secret: 'replication',
      instance_map: { main: at(ports.main), persister: at(ports.persister) },
      stream_writers: { events: ['persister'] },
      run_background_tasks_on: 'reader',
      modules: [{ module: 'vesicle_bridge.VesicleBridge', config: { connect: place.listen, modules } }],
      listeners: [listener(0, 'client', 'federation'), listener(ports.main, 'replication')],
    });
    const startWorker = async (name: WorkerName): Promise<RunningSynapse> => {
      const listeners = [listener(ports[name], 'client', 'replication')];
      return await forks.startWorker(folder, name, { worker_listeners: listeners }, ports[name]);
    };
    const cluster = new SynapseCluster(main, new Map(), startWorker);
    try {
      for (const name of ['persister', 'reader'] as const) await cluster.restart(name);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get reader(): RunningSynapse {
    return this.worker('reader');
  }

  get persister(): RunningSynapse {
    return this.worker('persister');
  }

  /** All processes that run. */
  get processes(): readonly RunningSynapse[] {
    return [...this.workers.values(), this.main];
  }

  /** Starts a worker, in place of one that has ended. */
  async restart(name: WorkerName): Promise<void> {
    this.workers.set(name, await this.startWorker(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const synapse of this.processes) await synapse.kill();
  }

  private worker(name: WorkerName): RunningSynapse {
    const found = this.workers.get(name);
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  }
}
