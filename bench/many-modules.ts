import { ModuleApi } from '../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../src/container/running-modules.js';
import { Callback } from '../src/decorators/callback.js';
import { Module } from '../src/decorators/module.js';
import { Dispatcher } from '../src/dispatch/dispatcher.js';
import { silentLog } from '../src/log/silent-log.js';
import type { MatrixEvent } from '../src/matrix/event.js';
import type { Class } from '../src/metadata/metadata-store.js';
import { WebResources } from '../src/web/web-resources.js';
import { bareModuleApi } from '../test/support/bare-module-api.js';

/** Prepares so many modules of one callback each, of new classes, without a homeserver; the function that is returned starts them. */
export function manyModules(count: number): () => Promise<RunningModules> {
  const log = silentLog;
  const loaded = Array.from({ length: count }, (_, index) => ({
    name: `./module-${index}.ts`,
    type: moduleClass(),
    config: {},
    at: 'vesicle.yaml:1:1',
  }));
  const host = {
    log,
    dispatch: new Dispatcher({ log }),
    webResources: new WebResources(log),
    createModuleApi: bareModuleApi,
  };
  return () => openModules(loaded, host);
}

function moduleClass(): Class {
  @Module()
  class Guard {
    constructor(readonly api: ModuleApi) {}

    @Callback('spam_checker', 'check_event_for_spam')
    async check(_event: MatrixEvent): Promise<SpamVerdict> {
      return NOT_SPAM;
    }
  }
  return Guard;
}
