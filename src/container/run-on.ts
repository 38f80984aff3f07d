import type { Class } from '../metadata/metadata-store.js';
import { readModuleOptions } from '../metadata/module-options.js';

/** What a process of a homeserver is, for `runOn`. */
export interface HomeserverProcess {
  /** Null for the main process. */
  readonly workerName: string | null;
  readonly runsBackgroundTasks: boolean;
}

/** Whether a module is to run in a process, as `runOn` of its `@Module` says. */
export function runsOn(type: Class, { workerName, runsBackgroundTasks }: HomeserverProcess): boolean {
  const { runOn = 'all' } = readModuleOptions(type) ?? {};
  switch (runOn) {
    case 'all':
      return true;
    case 'background':
      return runsBackgroundTasks;
    case 'main':
      return workerName === null;
    default:
      return workerName === runOn;
  }
}
