import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type ServerProcess, startServerProcess } from './server-process.js';

/** The file that `vesicle` is. */
export const vesicleCommand = fileURLToPath(new URL('../../../bin/vesicle.js', import.meta.url));

/** Runs `vesicle dev` with these settings, a port of its own, and a SQLite file. */
export async function startVesicle(settings: Readonly<Record<string, unknown>> = {}): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-dev-'));
  const port = await freePort();
  const file = join(folder, 'vesicle.yaml');
  const database = { name: 'sqlite3', args: { database: join(folder, 'homeserver.db') } };
  await writeFile(file, JSON.stringify({ server_name: 'localhost', listeners: [{ port }], database, ...settings }));
  return await startServerProcess({
    command: process.execPath,
    args: [vesicleCommand, 'dev', file],
    cwd: folder,
    port,
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  });
}
