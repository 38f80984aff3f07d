// Opens a homeserver on a file whose background updates a module paces: so many iterations pass, then one waits for ever.
//   node updating-homeserver.js FILE BATCH_SIZE ITERATIONS
import { ModuleApi } from '../../src/module-api/module-api.js';
import { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { Module } from '../../src/decorators/module.js';
import { openHomeserver } from '../../src/homeserver/homeserver.js';
import { loaded } from './module-host.js';
import { RecordingLog } from './recording-log.js';

const [file = '', batchSize = '1', passing = '0'] = process.argv.slice(2);
let iterations = 0;

@Module()
class Controller {
  constructor(api: ModuleApi) {
    api.registerBackgroundUpdateControllerCallbacks({
      on_update: async () => ({
        enter: async () => {
          if (++iterations > Number(passing)) {
            process.stdout.write(`iteration ${iterations}\n`);
            await new Promise(() => undefined);
          }
          return 0;
        },
        exit: async () => undefined,
      }),
      default_batch_size: async () => Number(batchSize),
      min_batch_size: async () => Number(batchSize),
    });
  }
}

const config = new HomeserverConfig({ serverName: 'hs.test', listeners: [], databasePath: file });
await openHomeserver({ config, modules: [loaded(Controller)], log: new RecordingLog() });
setInterval(() => undefined, 60_000);
