import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder, synapseVersion } from '../../src/cli/synapse-environment.js';
import type { SynapseZygote } from './synapse-zygote.js';
import { SqliteFile } from './sqlite-file.js';

/** A new SQLite database of Synapse takes seconds to make: it is made once, and its background updates are done. */
export async function synapseTemplate(zygote: SynapseZygote): Promise<string> {
  const file = join(cacheFolder(), `synapse-${synapseVersion}.db`);
  if (existsSync(file)) return file;
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-template-'));
  try {
    await writeFile(join(folder, 'homeserver.yaml'), JSON.stringify(configuration(folder)));
    await writeFile(join(folder, 'log.yaml'), JSON.stringify({ version: 1, root: { level: 'WARNING' } }));
    await writeFile(join(folder, 'signing.key'), `ed25519 a_test ${'A'.repeat(43)}\n`);
    const { pid, ended } = await zygote.fork({ folder });
    await updatesDone(join(folder, 'hs.db'));
    process.kill(pid, 'SIGTERM');
    await ended;
    mergeLog(join(folder, 'hs.db'));
    const unfinished = `${file}.${process.pid}`;
    await copyFile(join(folder, 'hs.db'), unfinished);
    await rename(unfinished, file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Brings everything into one file, without a log beside it. */
function mergeLog(file: string): void {
  using database = new SqliteFile(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
}

function configuration(folder: string): object {
  return {
    server_name: 'hs.test',
    listeners: [],
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

async function updatesDone(file: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    await delay(100);
    if (existsSync(file) && countUpdates(file) === 0) return;
  }
  throw new Error('the background updates of a new database do not end');
}

function countUpdates(file: string): number {
  try {
    using database = new SqliteFile(file, { readOnly: true });
    const schema = database.prepare('SELECT count(*) AS count FROM schema_compat_version').get();
    const updates = database.prepare('SELECT count(*) AS count FROM background_updates').get();
    return Number(schema?.['count']) === 0 ? 1 : Number(updates?.['count']);
  } catch {
    // Not there yet, or locked.
    return 1;
  }
}
