import { Configuration } from '../config/configuration.js';
import { type Homeserver, openHomeserver } from '../homeserver/homeserver.js';
import { loadModules } from '../kernel/module-source.js';
import type { Logger } from '../log/logger.js';
import { silentLog } from '../log/silent-log.js';
import type { UserId } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';
import type { Class } from '../metadata/metadata-store.js';
import { Actor } from './actor.js';
import { readAnswer, type TestAnswer } from './answer.js';
import { RemoteServer } from './remote-server.js';

/**
 * A module under test: its class, or its class with the configuration as it would stand in YAML.
 *
 * @example
 * ```ts
 * import { Module } from 'vesicle';
 * import { type TestModule } from 'vesicle/testing';
 * \@Module()
 * class Quiet {}
 * const modules: TestModule[] = [[Quiet, { level: 3 }]];
 * ```
 */
export type TestModule = Class | readonly [type: Class, config: unknown];

/**
 * What {@link startHomeserver} is given.
 *
 * @example
 * ```ts
 * import { type TestOptions } from 'vesicle/testing';
 * const options: TestOptions = { modules: [], config: { allow_guest_access: true } };
 * ```
 */
export interface TestOptions {
  /** In configuration order. */
  readonly modules: readonly TestModule[];
  /** Further configuration, with the keys of `homeserver.yaml`. */
  readonly config?: JsonObject;
  /** Gets the log lines; nobody when absent. */
  readonly log?: Logger;
}

/**
 * A real embedded homeserver in this process, without a socket. `await using` closes it.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const answer = await hs.request('GET', '/_matrix/client/versions');
 * ```
 */
export class TestHomeserver implements AsyncDisposable {
  private readonly remotes = new Map<string, Promise<RemoteServer>>();

  constructor(private readonly homeserver: Homeserver) {}

  get serverName(): string {
    return this.homeserver.context.serverName;
  }

  /** Registers a user and logs them in. */
  async user(localpart: string): Promise<Actor> {
    const answer = await this.request('POST', '/_matrix/client/v3/register', {
      username: localpart,
      password: `password of ${localpart}`,
      auth: { type: 'm.login.dummy' },
    });
    return this.actorOf(answer);
  }

  /** Registers a server admin and logs them in. */
  async admin(localpart: string): Promise<Actor> {
    const actor = await this.user(localpart);
    this.homeserver.services.userStore.setFlag(actor.userId, 'admin', true);
    return actor;
  }

  /** Another homeserver within reach of this one, in the same process; the same one for the same name. */
  async remote(serverName: string): Promise<RemoteServer> {
    let remote = this.remotes.get(serverName);
    if (remote === undefined) this.remotes.set(serverName, (remote = RemoteServer.start(serverName, this.homeserver)));
    return remote;
  }

  /** Sends a request, without an access token unless one is given. */
  request = async (method: string, path: string, body?: JsonObject, token?: string): Promise<TestAnswer> => {
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return readAnswer(await this.homeserver.fetch(new Request(`http://${this.serverName}${path}`, init)));
  };

  /** Resolves when nothing that requests set off is still running. */
  async idle(): Promise<void> {
    await this.homeserver.idle();
  }

  /** Stops the modules and closes the homeserver. */
  async close(): Promise<void> {
    await Promise.all([...this.remotes.values()].map(async (remote) => (await remote).close()));
    await this.homeserver.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private actorOf({ status, body }: TestAnswer): Actor {
    if (status !== 200) throw new Error(`register: ${String(status)} ${JSON.stringify(body)}`);
    return new Actor(
      this.request,
      body['user_id'] as UserId,
      body['access_token'] as string,
      body['device_id'] as string,
    );
  }
}

/**
 * Starts an embedded homeserver with modules under test.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * ```
 */
export async function startHomeserver(options: TestOptions): Promise<TestHomeserver> {
  const entries = options.modules.map((item, index) => {
    const [type, config] = Array.isArray(item) ? (item as readonly [Class, unknown]) : [item as Class, undefined];
    return { name: `${String(index)}:${type.name}`, type, config };
  });
  const configuration = Configuration.of({
    server_name: 'localhost',
    ...options.config,
    modules: entries.map(({ name, config }) => ({ module: name, ...(config !== undefined && { config }) })),
  });
  const modules = await loadModules(configuration, {
    resolve: (name) => entries.find((entry) => entry.name === name)?.type,
  });
  const log = options.log ?? silentLog;
  return new TestHomeserver(await openHomeserver({ config: configuration.homeserver, modules, log }));
}
