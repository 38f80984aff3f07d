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

/** One homeserver as three processes: the main one, a client reader and an event persister. */
export class SynapseCluster implements AsyncDisposable {
  private constructor(
    readonly main: RunningSynapse,
    readonly persister: RunningSynapse,
    private currentReader: RunningSynapse,
    private readonly startReader: () => Promise<RunningSynapse>,
  ) {}

  static async start({ forks, servers, place, modules }: ClusterOptions): Promise<SynapseCluster> {
    const { folder } = place;
    const [mainPort, persisterPort] = [await freePort(), await freePort()];
    const at = (port: number): object => ({ host: '127.0.0.1', port });
    const listener = (port: number, ...names: readonly string[]): object => {
      return { port, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names }] };
    };
    const main = await forks.start(folder, {
      database: servers.database,
      redis: { enabled: true, path: servers.redisPath },
      worker_replication_secret: 'replication',
      instance_map: { main: at(mainPort), persister: at(persisterPort) },
      stream_writers: { events: ['persister'] },
      modules: [{ module: 'vesicle_bridge.VesicleBridge', config: { connect: place.listen, modules } }],
      listeners: [listener(0, 'client', 'federation'), listener(mainPort, 'replication')],
    });
    const worker = async (name: string, port: number, resource: string): Promise<RunningSynapse> =>
      await forks.startWorker(folder, name, { worker_listeners: [listener(port, resource)] }, port);
    const startReader = async (): Promise<RunningSynapse> => await worker('reader', await freePort(), 'client');
    const persister = await worker('persister', persisterPort, 'replication');
    return new SynapseCluster(main, persister, await startReader(), startReader);
  }

  get reader(): RunningSynapse {
    return this.currentReader;
  }

  /** All processes that run. */
  get processes(): readonly RunningSynapse[] {
    return [this.reader, this.persister, this.main];
  }

  /** Starts another client reader in place of one that has ended. */
  async restartReader(): Promise<void> {
    this.currentReader = await this.startReader();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const synapse of this.processes) await synapse.kill();
  }
}
