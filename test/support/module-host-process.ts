import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Class } from '../../src/metadata/metadata-store.js';
import type { ListenAddress } from '../../src/synapse/transport/listen-address.js';
import { ModuleHost } from '../../src/synapse/session/module-host.js';
import { RecordingLog } from './recording-log.js';

/** A module host at a socket in a directory of its own, whose modules are these classes by name. */
export async function openTestHost(
  t: TestContext,
  classes: Readonly<Record<string, Class>> = {},
  options: { readonly token?: string; readonly address?: ListenAddress } = {},
): Promise<{ readonly host: ModuleHost; readonly address: ListenAddress; readonly log: RecordingLog }> {
  const directory = mkdtempSync(join(tmpdir(), 'vesicle-host-'));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const log = new RecordingLog();
  const host = new ModuleHost({
    log,
    directory,
    version: '0.1.0',
    resolve: (name) => (Object.hasOwn(classes, name) ? classes[name] : undefined),
    ...(options.token !== undefined && { token: options.token }),
  });
  t.after(() => host.close());
  const address = await host.listen(options.address ?? { kind: 'unix', path: join(directory, 'modules.sock') });
  return { host, address, log };
}
