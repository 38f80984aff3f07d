import { VesicleError } from '../errors/vesicle-error.js';
import type { Homeserver } from '../homeserver/homeserver.js';
import type { BackgroundFailure } from '../module-api/shared/background-work.js';
import type { RunningModule } from '../container/running-modules.js';
import type { ServerName } from '../matrix/ids.js';
import type { JsonObject } from '../matrix/json.js';
import type { AbstractClass, Class } from '../metadata/metadata-store.js';
import { Actor, parseCredentials } from './actor.js';
import { granted, readAnswer, type TestAnswer } from './answer.js';
import type { Outbox } from './outbox.js';
import { RecordedCalls } from './recorded-calls.js';
import { RemoteServer } from './remote-server.js';
import type { TestLog } from './test-log.js';
import type { TestClock } from './test-clock.js';
import { loadTestModules, type ModuleUnderTest } from './test-module.js';
import { type RequestBody, type RequestOptions, requestOf, requestTo, type TestClient } from './test-request.js';
import type { WorkWatch } from './work-watch.js';

/** How long closing waits for requests that nobody waited for, in milliseconds. */
const graceMs = 100;

/** What a homeserver under test is made of. */
export interface TestParts {
  readonly homeserver: Homeserver;
  readonly clock: TestClock;
  readonly outbox: Outbox;
  readonly log: TestLog;
  /** What failed in the background and is not to. */
  readonly failures: readonly BackgroundFailure[];
  readonly watch: WorkWatch;
  readonly config: JsonObject;
  readonly modules: readonly ModuleUnderTest[];
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
  /** The time of the homeserver, which stands still until the test moves it. */
  readonly clock: TestClock;
  /** Mails and pushes that were sent. */
  readonly outbox: Outbox;
  /** What was logged, by the modules and about them. */
  readonly log: TestLog;
  /** What the modules were asked and answered. */
  readonly calls: RecordedCalls;
  private readonly homeserver: Homeserver;
  private readonly users = new Map<string, Promise<Actor>>();
  private readonly remotes = new Map<string, Promise<RemoteServer>>();
  private modules: readonly ModuleUnderTest[];
  private readonly reported = new Set<BackgroundFailure>();

  /** @internal Made by {@link startHomeserver}. */
  constructor(private readonly parts: TestParts) {
    this.homeserver = parts.homeserver;
    this.clock = parts.clock;
    this.outbox = parts.outbox;
    this.log = parts.log;
    this.modules = parts.modules;
    this.calls = new RecordedCalls((type) => this.runningOf(type).map(({ name }) => name));
    this.homeserver.dispatch.observe(this.calls.record);
  }

  private readonly client: TestClient = {
    send: (method, path, body, options = {}) =>
      this.homeserver.fetch(
        requestTo(this.serverName, method, path, body, options),
        options.ip === undefined ? {} : { ip: options.ip },
      ),
    fetch: (input, init) => this.homeserver.fetch(requestOf(this.serverName, input, init)),
  };

  get serverName(): ServerName {
    return this.homeserver.context.serverName;
  }

  // users

  /** A user, registered and logged in when first asked for. */
  user(localpart: string): Promise<Actor> {
    const known = this.users.get(localpart);
    if (known !== undefined) return known;
    const user = this.register(localpart);
    this.users.set(localpart, user);
    user.catch(() => this.users.delete(localpart));
    return user;
  }

  /** A user who is a server admin. */
  async admin(localpart: string): Promise<Actor> {
    const actor = await this.user(localpart);
    this.homeserver.services.userStore.setFlag(actor.userId, 'admin', true);
    return actor;
  }

  /** Registers an account; fields in `body` go before the usual ones. */
  async register(localpart: string, body: JsonObject = {}): Promise<Actor> {
    const answer = await this.request('POST', '/_matrix/client/v3/register', {
      username: localpart,
      password: passwordOf(localpart),
      auth: { type: 'm.login.dummy' },
      ...body,
    });
    return this.actorOf('register', answer);
  }

  /** Logs in: with the password that {@link user} gave to the user of this name, or with a login of any type. */
  async login(login: string | JsonObject): Promise<Actor> {
    const byPassword = (user: string): JsonObject => ({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password: passwordOf(user),
    });
    const body = typeof login === 'string' ? byPassword(login) : login;
    return this.actorOf('login', await this.request('POST', '/_matrix/client/v3/login', body));
  }

  // requests

  /** Sends a request, without an access token unless one is given. */
  async request(method: string, path: string, body?: RequestBody, options: RequestOptions = {}): Promise<TestAnswer> {
    return readAnswer(await this.client.send(method, path, body, options));
  }

  /** The global `fetch`, asked of this homeserver: `hs.fetch('/_synapse/client/page', { method: 'POST', body })`. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return this.client.fetch(input, init);
  }

  // other servers

  /** Another homeserver in this process, started when first asked for; its users reach this one, and are reached. */
  remote(serverName: string): Promise<RemoteServer> {
    let remote = this.remotes.get(serverName);
    if (remote === undefined) {
      this.remotes.set(serverName, (remote = RemoteServer.start(serverName, this.homeserver, this.parts)));
    }
    return remote;
  }

  // modules

  /** The running instance of a module, by its class. */
  module<T extends object>(type: Class<T>): T {
    return this.theModule(type).instance as T;
  }

  /**
   * Loads a module again, as `vesicle dev` does when its file changes: the new instance is started first, then takes the place
   * of the old one, which ends. What is not among the changes stays: `reload(WordFilter, { config: {...} })`. When the new
   * one cannot start, the old one goes on and the error is thrown.
   */
  async reload(module: AbstractClass | string, changes: Partial<ModuleUnderTest> = {}): Promise<void> {
    const old = this.theModule(module);
    const index = this.homeserver.modules.list.indexOf(old);
    const items = this.modules.map((item, at) => (at === index ? { ...item, ...changes } : item));
    const loaded = (await loadTestModules(items, this.parts.config)).modules[index];
    if (loaded === undefined) return;
    await this.homeserver.modules.replace(old.name, loaded);
    this.modules = items;
  }

  // what goes on

  /** Resolves when nothing that requests set off is still running, but what waits for the clock. */
  async idle(): Promise<void> {
    await this.parts.watch.settle();
  }

  /**
   * Stops the modules and closes the homeserver.
   *
   * @throws `VesicleError` `TESTING_BACKGROUND_FAILED` when something that nobody waited for has failed, unless
   * `allowBackgroundFailures` was given.
   */
  async close(): Promise<void> {
    await this.idle();
    await Promise.all([...this.remotes.values()].map(async (remote) => (await remote).close()));
    await this.homeserver.close(graceMs);
    const failures = this.parts.failures.filter((failure) => !this.reported.has(failure));
    for (const failure of failures) this.reported.add(failure);
    const [first] = failures;
    if (first === undefined) return;
    const texts = failures.map(
      ({ module, name, error }) => `${module ?? 'The homeserver'}: '${name}': ${String(error)}`,
    );
    throw new VesicleError('TESTING_BACKGROUND_FAILED', { failures: texts.join('\n') }, { cause: first.error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private actorOf(request: string, answer: TestAnswer): Actor {
    return new Actor(this.client, parseCredentials(granted(request, answer).body));
  }

  private theModule(module: AbstractClass | string): RunningModule {
    const found = typeof module === 'string' ? this.runningNamed(module) : this.runningOf(module);
    const [first, ...more] = found;
    const name = typeof module === 'string' ? module : module.name;
    if (first === undefined) throw new VesicleError('KERNEL_MODULE_UNKNOWN', { module: name, hint: '' });
    if (more.length > 0) {
      const names = found.map((each) => `"${each.name}"`).join(', ');
      throw new RangeError(`Several modules are of the class ${name}: name one of ${names}.`);
    }
    return first;
  }

  private runningOf(type: AbstractClass): readonly RunningModule[] {
    return this.homeserver.modules.list.filter(({ loaded }) => loaded.type === type);
  }

  private runningNamed(name: string): readonly RunningModule[] {
    return this.homeserver.modules.list.filter((module) => module.name === name || module.loaded.name === name);
  }
}

function passwordOf(localpart: string): string {
  return `password of ${localpart}`;
}
