import type { Logger } from '../log/logger.js';
import type { DevServer } from './dev-server.js';
import { openFile } from './open-file.js';
import { logRefusals } from './refusal-log.js';

/** The embedded homeserver on a file. */
export async function openEmbeddedDevServer(file: string, log: Logger): Promise<DevServer> {
  const { homeserver, modules, readAt, settings } = await openFile(file, log);
  try {
    const [listener] = await homeserver.listen();
    logRefusals(homeserver.dispatch, log);
    return {
      name: 'Vesicle',
      serverName: homeserver.context.serverName,
      url: listener?.url ?? '',
      file,
      readAt,
      settings,
      loaded: modules,
      parts: homeserver,
      send: (request) => homeserver.fetch(request),
      ended: new Promise(() => {}),
      close: () => homeserver.close(),
    };
  } catch (error) {
    await homeserver.close();
    throw error;
  }
}
