import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { RunningModules } from '../container/running-modules.js';
import type { SourcedModule } from '../loader/module-source.js';
import type { WebResources } from '../web/web-resources.js';

/** The modules of a homeserver process, and what they registered. */
export interface ModuleParts {
  readonly modules: Pick<RunningModules, 'list' | 'replace'>;
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
}

/** A homeserver that `vesicle dev` runs. */
export interface DevServer {
  /** What runs: `Vesicle`, `Synapse 1.163.2`. */
  readonly name: string;
  readonly serverName: string;
  /** Where it answers. */
  readonly url: string;
  readonly file: string;
  /** When reading the file began, in milliseconds since 1970: what changed since may not be what runs. */
  readonly readAt: number;
  /** Everything in the file but the modules. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The modules as they were loaded. */
  readonly loaded: readonly SourcedModule[];
  readonly parts: ModuleParts;
  /** Answers a request; its URL starts with any host. */
  readonly send: (request: Request) => Promise<Response>;
  /** Resolves when it ends by itself, with how. */
  readonly ended: Promise<string>;
  readonly close: () => Promise<void>;
}
