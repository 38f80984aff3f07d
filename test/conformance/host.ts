import type { Json, JsonRecord, PuppetSpec } from './format.js';
import type { Theatre } from './puppets/theatre.js';

/** What a case wants to have started. */
export interface ServerPlan {
  /** The whole configuration as in homeserver.yaml, `modules` included. */
  readonly configuration: JsonRecord;
  /** The puppets by name, which `puppet.NAME` in the configuration means. */
  readonly puppets: ReadonlyMap<string, PuppetSpec>;
  /** Where puppets note what happens to them. */
  readonly theatre: Theatre;
}

/** A homeserver that runs for one case. */
export interface RunningServer {
  readonly baseUrl: string;
  /**
   * Resolves when nothing that the requests so far set off is still running; a host that cannot know that waits until no
   * module was asked anything for so many milliseconds.
   */
  readonly idle: (quietMs: number) => Promise<void>;
  /** An invite signed by `fake.test`, whose key the homeserver then knows. */
  readonly federationInvite: (invite: FederationInvite) => Promise<SignedRequest>;
  readonly close: () => Promise<void>;
}

export interface FederationInvite {
  readonly sender: string;
  readonly target: string;
  readonly room_id: string;
}

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Json;
  readonly authorization: string;
}

/** The homeserver did not start; `output` is what its operator reads. */
export class StartupFailure extends Error {
  constructor(readonly output: string) {
    super(`the server did not start: ${output}`);
  }
}

/** A homeserver implementation that cases run on. */
export interface ConformanceHost {
  readonly name: string;
  /** How many cases may run at once. */
  readonly lanes: number;
  /** Callbacks, `category.name`, that the host calls beside what else it does: when is a matter of how fast modules answer. */
  readonly toldBehind: readonly string[];
  /** Starts a homeserver, or throws {@link StartupFailure}. */
  readonly start: (plan: ServerPlan) => Promise<RunningServer>;
  readonly close: () => Promise<void>;
}
