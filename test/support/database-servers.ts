import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Keeper } from './keeper.js';

const run = promisify(execFile);

/** Programs of the Debian packages `postgresql` and `redis-server`. */
interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  readonly redis: string;
}

/** The programs, installed when the machine lets us; or why they are not there. */
export async function databasePrograms(): Promise<Programs | string> {
  const found = findPrograms();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0) return 'PostgreSQL and Redis are not installed, and installing them needs root';
  try {
    await installPackages();
  } catch (error) {
    return `PostgreSQL and Redis cannot be installed: ${(error as Error).message}`;
  }
  return findPrograms() ?? 'PostgreSQL and Redis were installed and are not found';
}

/** Installs them one process at a time: whoever comes second waits for the first, and then has nothing to do. */
async function installPackages(): Promise<void> {
  // Nothing of it is to be started as a service of the machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  // Other programs of the machine install packages, too.
  const patient = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  const lock = [join(tmpdir(), 'vesicle-packages.lock'), 'apt-get', ...patient];
  await run('flock', [...lock, 'update'], { env });
  await run('flock', [...lock, 'install', '-y', '--no-install-recommends', 'postgresql', 'redis-server'], { env });
}

function findPrograms(): Programs | undefined {
  const [initdb, postgres, redis] = [find('initdb'), find('postgres'), find('redis-server')];
  return initdb && postgres && redis ? { initdb, postgres, redis } : undefined;
}

function find(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  return [...(process.env['PATH'] ?? '').split(delimiter), ...versions, '/usr/sbin']
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** A PostgreSQL and a Redis of our own on Unix sockets in a folder that goes with them. */
export class DatabaseServers implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    private readonly keeper: Keeper,
  ) {}

  static async start({ initdb, postgres, redis }: Programs): Promise<DatabaseServers> {
    const folder = await mkdtemp(join(tmpdir(), 'vesicle-db-'));
    const data = join(folder, 'data');
    // PostgreSQL refuses to run as root.
    const user = process.getuid?.() === 0 ? await userOf('postgres') : {};
    if (user.uid !== undefined) await chown(folder, user.uid, user.gid ?? user.uid);
    await chmod(folder, 0o755);
    const options = ['--username=synapse', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await run(initdb, [`--pgdata=${data}`, ...options], { ...user, cwd: folder });
    const unlogged = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
    const settings = [...unlogged, 'listen_addresses=', `unix_socket_directories=${folder}`, 'max_connections=100'];
    const children = [
      spawn(postgres, ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
        ...user,
        cwd: folder,
        stdio: 'ignore',
      }),
      spawn(redis, ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--save', '', '--appendonly', 'no'], {
        cwd: folder,
        stdio: 'ignore',
      }),
    ];
    // PostgreSQL ends its connections and itself at once.
    const keeper = new Keeper({ pids: children.map(({ pid }) => pid), signal: 'INT', folder });
    const servers = new DatabaseServers(folder, keeper);
    try {
      await listening(join(folder, '.s.PGSQL.5432'));
      await listening(servers.redisPath);
      return servers;
    } catch (error) {
      await servers[Symbol.asyncDispose]();
      throw error;
    }
  }

  get redisPath(): string {
    return join(this.folder, 'redis.sock');
  }

  /** Synapse's `database`. */
  get database(): object {
    const args = { user: 'synapse', dbname: 'postgres', host: this.folder, cp_min: 2, cp_max: 5 };
    return { name: 'psycopg2', args };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keeper[Symbol.asyncDispose]();
  }
}

async function userOf(name: string): Promise<{ readonly uid?: number; readonly gid?: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
  );
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

async function listening(path: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await answers(path)) return;
    await delay(50);
  }
  throw new Error(`nobody listens at ${path}`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
