import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder, synapseVersion } from '../../src/cli/synapse-environment.js';
import { answersAt, freePort } from './server-process.js';
import { SqliteFile } from './sqlite-file.js';
import type { SynapseZygote } from './synapse-zygote.js';

/** No database takes longer to make than this. */
const limitMs = 120_000;

/**
 * A new SQLite database of Synapse takes seconds to make: it is made once, and its background updates are done. One that is
 * in the cache is checked each time, and made again when it is not complete.
 */
export async function synapseTemplate(zygote: SynapseZygote): Promise<string> {
  const file = join(cacheFolder(), `synapse-${synapseVersion}.db`);
  if (existsSync(file)) {
    const problem = templateProblem(file, zygote.schemaVersion);
    if (problem === undefined) return file;
    process.stderr.write(`${file} is made again: ${problem}\n`);
  }
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-template-'));
  try {
    await makeDatabase(zygote, folder);
    const unfinished = `${file}.${process.pid}`;
    await copyFile(join(folder, 'hs.db'), unfinished);
    await rename(unfinished, file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What keeps a file from being a complete database of Synapse, if anything does. */
export function templateProblem(file: string, schemaVersion: number): string | undefined {
  try {
    using database = new SqliteFile(file, { readOnly: true });
    const version = database.prepare('SELECT version FROM schema_version').get()?.['version'];
    if (version !== schemaVersion) return `its schema is at version ${String(version)}, not ${schemaVersion}`;
    const { count } = database.prepare('SELECT count(*) AS count FROM background_updates').get() ?? {};
    return count === 0 ? undefined : `${String(count)} background updates are not done`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function makeDatabase(zygote: SynapseZygote, folder: string): Promise<void> {
  const port = await freePort();
  await writeFile(join(folder, 'homeserver.yaml'), JSON.stringify(configuration(folder, port)));
  await writeFile(join(folder, 'log.yaml'), JSON.stringify({ version: 1, root: { level: 'WARNING' } }));
  await writeFile(join(folder, 'signing.key'), `ed25519 a_test ${'A'.repeat(43)}\n`);
  const { pid, ended } = await zygote.fork({ folder });
  try {
    await completed(join(folder, 'hs.db'), `http://127.0.0.1:${port}/health`, zygote.schemaVersion);
  } finally {
    process.kill(pid, 'SIGTERM');
    await ended;
  }
  mergeLog(join(folder, 'hs.db'));
}

/** Brings everything into one file, without a log beside it. */
function mergeLog(file: string): void {
  using database = new SqliteFile(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
}

function configuration(folder: string, port: number): object {
  return {
    server_name: 'hs.test',
    listeners: [{ port, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['health'] }] }],
    database: { name: 'sqlite3', args: { database: join(folder, 'hs.db') } },
    log_config: join(folder, 'log.yaml'),
    pid_file: join(folder, 'homeserver.pid'),
    media_store_path: join(folder, 'media'),
    signing_key_path: join(folder, 'signing.key'),
    trusted_key_servers: [],
    report_stats: false,
    macaroon_secret_key: 'macaroon',
    form_secret: 'form',
    stats: { enabled: false },
    background_updates: { sleep_enabled: false },
  };
}

/** Waits until Synapse serves, which it does on a complete schema, and has then done all background updates. */
async function completed(file: string, health: string, schemaVersion: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await answersAt(health)) || templateProblem(file, schemaVersion) !== undefined) {
    if (performance.now() > end) {
      throw new Error(
        `A new database of Synapse is not complete: ${templateProblem(file, schemaVersion) ?? 'no answer'}`,
      );
    }
    await delay(100);
  }
}
