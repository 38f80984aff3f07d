import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { synapsePython } from '../../src/cli/synapse-environment.js';
import { liftedRateLimits } from '../../src/cli/synapse-settings.js';
import { freePort, type ServerProcess, startServerProcess } from './server-process.js';

const run = promisify(execFile);

/**
 * What tests need besides Synapse, in the words of pip by the name that Python imports: PostgreSQL, Redis, and the module that the
 * bridge is compared with.
 */
const packages = {
  psycopg2: 'psycopg2-binary',
  txredisapi: 'txredisapi>=1.4.12,<1.6',
  hiredis: 'hiredis',
  synapse_http_antispam: 'synapse-http-antispam==0.5.1',
} as const;

/** A Python with Synapse and what tests need besides: the one that VESICLE_SYNAPSE_PYTHON names, or one that is made once. */
export async function testSynapsePython(): Promise<string> {
  return await synapsePython({ packages: Object.values(packages), say: (text) => process.stderr.write(text) });
}

/** Throws one sentence unless the Python of the tests has these: the one that VESICLE_SYNAPSE_PYTHON names may have Synapse alone. */
export async function requirePackages(names: readonly (keyof typeof packages)[]): Promise<void> {
  const python = await testSynapsePython();
  const script = 'import importlib.util, sys; print(*(n for n in sys.argv[1:] if importlib.util.find_spec(n) is None))';
  const { stdout } = await run(python, ['-c', script, ...names]);
  const missing = names.filter((name) => stdout.trim().split(' ').includes(name));
  if (missing.length === 0) return;
  const wanted = missing.map((name) => `'${packages[name]}'`).join(' ');
  throw new Error(
    `This needs ${missing.join(' and ')}, which ${python} cannot import: install what is missing with ` +
      `"${python} -m pip install ${wanted}", or unset VESICLE_SYNAPSE_PYTHON.`,
  );
}

/** What a Synapse has that is not the same for all. */
export interface SynapseSettings {
  /** `modules:` of its configuration. */
  readonly modules?: readonly { readonly module: string; readonly config: object }[];
  /** Folders with Python modules. */
  readonly pythonPath?: readonly string[];
}

/** A folder with the configuration and database of a Synapse on SQLite, rate limits out of reach. */
export class SynapseFolder implements AsyncDisposable {
  private constructor(
    private readonly python: string,
    private readonly folder: string,
    private readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async make(settings: SynapseSettings = {}): Promise<SynapseFolder> {
    const python = await testSynapsePython();
    const folder = await mkdtemp(join(tmpdir(), 'vesicle-synapse-'));
    const port = await freePort();
    const env = {
      ...process.env,
      PYTHONPATH: (settings.pythonPath ?? []).join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const made = new SynapseFolder(python, folder, port, env);
    const { modules = [] } = settings;
    await writeFile(made.configFile, JSON.stringify({ ...configuration(folder, port), modules }));
    await writeFile(join(folder, 'log.yaml'), JSON.stringify(logging(folder)));
    await run(python, ['-m', 'synapse.app.homeserver', '-c', made.configFile, '--generate-keys'], { cwd: folder, env });
    return made;
  }

  /** Starts Synapse on this folder. */
  async start(): Promise<ServerProcess> {
    const { python, folder, port, env } = this;
    const args = ['-m', 'synapse.app.homeserver', '-c', this.configFile];
    return await startServerProcess({ command: python, args, cwd: folder, port, env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private get configFile(): string {
    return join(this.folder, 'homeserver.yaml');
  }
}

function configuration(folder: string, port: number): object {
  return {
    server_name: 'localhost',
    pid_file: join(folder, 'homeserver.pid'),
    listeners: [
      {
        port,
        type: 'http',
        tls: false,
        bind_addresses: ['127.0.0.1'],
        resources: [{ names: ['client'], compress: false }],
      },
    ],
    database: { name: 'sqlite3', args: { database: join(folder, 'homeserver.db') } },
    log_config: join(folder, 'log.yaml'),
    media_store_path: join(folder, 'media'),
    signing_key_path: join(folder, 'signing.key'),
    trusted_key_servers: [],
    report_stats: false,
    enable_registration: true,
    enable_registration_without_verification: true,
    macaroon_secret_key: 'macaroon',
    form_secret: 'form',
    bcrypt_rounds: 4,
    ...liftedRateLimits,
  };
}

function logging(folder: string): object {
  return {
    version: 1,
    handlers: { file: { class: 'logging.FileHandler', filename: join(folder, 'log.txt') } },
    root: { level: 'WARNING', handlers: ['file'] },
    disable_existing_loggers: false,
  };
}
