import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { liftedRateLimits } from '../../src/cli/synapse-settings.js';
import { Keeper } from './keeper.js';
import { inProject } from './project.js';
import { answersAt, freePort } from './server-process.js';
import { testSynapsePython } from './synapse.js';
import { synapseTemplate } from './synapse-template.js';
import { type ForkedSynapse, type ForkOrder, SynapseZygote } from './synapse-zygote.js';

/** Where the package `vesicle_bridge` is. */
export const bridgeFolder = inProject('src/synapse/python');

/** No start takes longer than this. */
const startLimitMs = 120_000;

/** The homeserver did not start; the message is all that it said. */
export class SynapseEnded extends Error {
  constructor(
    readonly code: number,
    output: string,
  ) {
    super(output);
  }
}

/** A real Synapse that was forked, on a database and a port of its own. */
export class RunningSynapse implements AsyncDisposable {
  constructor(
    readonly url: string,
    readonly folder: string,
    private readonly fork: ForkedSynapse,
    private readonly files: readonly string[],
  ) {}

  get pid(): number {
    return this.fork.pid;
  }

  /** Resolves with its exit code, negative for a signal. */
  get ended(): Promise<number> {
    return this.fork.ended;
  }

  /** Its output and its log. */
  async output(): Promise<string> {
    const texts = this.files.map((name) => readFile(join(this.folder, name), 'utf8').catch(() => ''));
    return (await Promise.all(texts)).join('');
  }

  /** Ends it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has ended.
    }
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Starts real Synapses, each in less than half a second. */
export class SynapseForks implements AsyncDisposable {
  private starts = 0;

  private constructor(
    private readonly zygote: SynapseZygote,
    /** Sockets, databases and logs are below it. */
    readonly folder: string,
    /** What each start gets a copy of. */
    readonly database: string,
    private readonly keeper: Keeper,
  ) {}

  /** Imports Synapse. Call it in tests that are allowed to take seconds. */
  static async open(): Promise<SynapseForks> {
    const zygote = await SynapseZygote.open(await testSynapsePython());
    const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vesicle-'));
    // The zygote ends when nobody gives it orders any more, and its forks with it.
    const keeper = new Keeper({ pids: [zygote.pid], signal: '0', folder });
    const database = join(folder, 'template.db');
    await copyFile(await synapseTemplate(zygote), database);
    return new SynapseForks(zygote, folder, database, keeper);
  }

  /** A new folder for one start. */
  async newFolder(): Promise<string> {
    const folder = join(this.folder, String(++this.starts));
    await mkdir(folder);
    return folder;
  }

  /** Starts Synapse with these settings in a folder; throws {@link SynapseEnded} when it does not come up. */
  async start(
    folder: string,
    settings: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningSynapse> {
    const database = join(folder, 'hs.db');
    if (!existsSync(database)) await copyFile(this.database, database);
    const port = await freePort();
    await writeFiles(folder, { ...needed(folder), ...settings, listeners: listenersOf(settings, port) });
    return await this.fork({ folder, env: { PYTHONPATH: bridgeFolder, ...env } }, port, 'log.txt');
  }

  /** Starts a worker of the homeserver of a folder, which answers on a port. */
  async startWorker(folder: string, name: string, settings: object, port: number): Promise<RunningSynapse> {
    const [file, log] = [`${name}.yaml`, `${name}.log.txt`];
    await writeFile(join(folder, `${name}.log.yaml`), JSON.stringify(logging(join(folder, log))));
    const worker = { worker_app: 'synapse.app.generic_worker', worker_name: name, ...settings };
    const logConfig = { worker_log_config: join(folder, `${name}.log.yaml`) };
    await writeFile(join(folder, file), JSON.stringify({ ...worker, ...logConfig }));
    const args = ['-c', join(folder, file)];
    const output = `${name}.output.txt`;
    const env = { PYTHONPATH: bridgeFolder };
    return await this.fork({ folder, output, app: 'generic_worker', args, env }, port, log);
  }

  private async fork(order: ForkOrder, port: number, log: string): Promise<RunningSynapse> {
    const fork = await this.zygote.fork(order);
    const files = [order.output ?? 'output.txt', log];
    const synapse = new RunningSynapse(`http://127.0.0.1:${port}`, order.folder, fork, files);
    try {
      await started(synapse);
      return synapse;
    } catch (error) {
      await synapse.kill();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.zygote[Symbol.asyncDispose]();
    await this.keeper[Symbol.asyncDispose]();
  }
}

/** What Synapse wants to know in any case. */
function needed(folder: string): object {
  return {
    server_name: 'hs.test',
    pid_file: join(folder, 'hs.pid'),
    database: { name: 'sqlite3', args: { database: join(folder, 'hs.db') } },
    log_config: join(folder, 'log.yaml'),
    media_store_path: join(folder, 'media'),
    signing_key_path: join(folder, 'signing.key'),
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    report_stats: false,
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: 'shared',
    macaroon_secret_key: 'macaroon',
    form_secret: 'form',
    bcrypt_rounds: 4,
    ...liftedRateLimits,
  };
}

/** Listeners that leave the port open get the one that is free. */
function listenersOf(settings: Readonly<Record<string, unknown>>, port: number): unknown {
  const given = settings['listeners'] as readonly { readonly port: number }[] | undefined;
  const usual = { type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['client', 'federation'] }] };
  return (given ?? [{ port: 0, ...usual }]).map((one) => (one.port === 0 ? { ...one, port } : one));
}

function logging(filename: string): object {
  return {
    version: 1,
    formatters: { line: { format: '%(levelname)s %(name)s: %(message)s' } },
    handlers: { file: { class: 'logging.FileHandler', formatter: 'line', filename } },
    root: { level: 'WARNING', handlers: ['file'] },
    disable_existing_loggers: false,
  };
}

async function writeFiles(folder: string, settings: object): Promise<void> {
  await writeFile(join(folder, 'homeserver.yaml'), JSON.stringify(settings));
  await writeFile(join(folder, 'log.yaml'), JSON.stringify(logging(join(folder, 'log.txt'))));
  await writeFile(join(folder, 'signing.key'), `ed25519 a_test ${'A'.repeat(43)}\n`);
}

/** Waits until Synapse answers; throws all that it said when it ends instead. */
async function started(synapse: RunningSynapse): Promise<void> {
  let code: number | undefined;
  void synapse.ended.then((ended) => (code = ended));
  const end = performance.now() + startLimitMs;
  while (!(await answersAt(`${synapse.url}/health`))) {
    if (code !== undefined) throw new SynapseEnded(code, await synapse.output());
    if (performance.now() > end) throw new Error(`Synapse does not start: ${await synapse.output()}`);
    await delay(5);
  }
}
