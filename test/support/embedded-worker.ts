// Opens an embedded homeserver with the module of `hostile-puppet.ts` and tells its port: a thread of its own, because the
// homeserver replaces the global classes of Fetch, and a module host beside it must not have them.
import { parentPort } from 'node:worker_threads';
import { Configuration } from '../../src/config/configuration.js';
import { openHomeserver } from '../../src/homeserver/homeserver.js';
import { loadModules } from '../../src/loader/module-source.js';
import { silentLog } from '../../src/log/silent-log.js';
import { HostilePuppet } from './hostile-puppet.js';

const configuration = Configuration.of({
  server_name: 'hs.test',
  listeners: [{ port: 0 }],
  modules: [{ module: 'HostilePuppet' }],
});
const modules = await loadModules(configuration, { resolve: () => HostilePuppet });
const homeserver = await openHomeserver({ config: configuration.homeserver, modules, log: silentLog });
const [listener] = await homeserver.listen();
parentPort?.postMessage(listener?.port);
