import type { TestContext } from 'node:test';
import { Configuration } from '../../src/config/configuration.js';
import { openHomeserver } from '../../src/homeserver/homeserver.js';
import { loadModules } from '../../src/loader/module-source.js';
import { silentLog } from '../../src/log/silent-log.js';
import type { Class } from '../../src/metadata/metadata-store.js';

/** A module class with the mapping that the configuration file would hold for it. */
export type ConfiguredModule = readonly [type: Class, config?: Readonly<Record<string, unknown>>];

/** Opens an embedded homeserver for `localhost` on a real port, closed at the end of the test; its address. */
export async function listen(
  t: TestContext,
  modules: readonly ConfiguredModule[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const configuration = Configuration.of({
    server_name: 'localhost',
    listeners: [{ port: 0 }],
    room_list_publication_rules: [{ action: 'allow' }],
    ...settings,
    modules: modules.map(([type, config = {}]) => ({ module: type.name, config })),
  });
  const loaded = await loadModules(configuration, {
    resolve: (name) => modules.find(([type]) => type.name === name)?.[0],
  });
  const homeserver = await openHomeserver({ config: configuration.homeserver, modules: loaded, log: silentLog });
  t.after(() => homeserver.close(0));
  const [listener] = await homeserver.listen();
  return listener?.url ?? '';
}
