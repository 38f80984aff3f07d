import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inject, injectable, optional, postConstruct, preDestroy } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { ConfigError } from '../../../src/errors/config-error.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { HostContainer } from '../../../src/container/host-container.js';
import { Logger } from '../../../src/log/logger.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

/** What happened, in order; emptied by each test. */
let story: string[] = [];

const alice = '@alice:here' as UserId;

async function start(...types: Class[]): Promise<{ host: TestModuleHost; modules: RunningModules }> {
  story = [];
  const host = new TestModuleHost();
  return {
    host,
    modules: await openModules(
      types.map((type) => loaded(type)),
      host,
    ),
  };
}

async function join(host: TestModuleHost): Promise<unknown> {
  return host.dispatch.ask('spam_checker', 'user_may_join_room', alice, '!r:here' as RoomId, false);
}

class Words {
  banned = ['casino'];
}

@Module({ config: Words })
class WordFilter {
  constructor(
    readonly config: Words,
    readonly api: ModuleApi,
    log: Logger,
  ) {
    log.info(`constructed with ${config.banned.join()}`);
  }

  @Callback('spam_checker', 'user_may_join_room')
  async mayJoin(userId: UserId): Promise<SpamVerdict> {
    return this.config.banned.some((word) => userId.includes(word)) ? Codes.FORBIDDEN : NOT_SPAM;
  }

  @WebResource('/_synapse/client/words', { method: 'GET' })
  async words(): Promise<Response> {
    return Response.json(this.config.banned);
  }

  @WebResource('/_synapse/client/words', { method: 'POST' })
  async add(request: Request): Promise<Response> {
    this.config.banned.push(await request.text());
    return new Response(null, { status: 204 });
  }
}

function telling(name: string): Class {
  class Telling {
    constructor(api: ModuleApi) {
      story.push(`construct ${name}`);
      api.registerSpamCheckerCallbacks({ user_may_join_room: async () => this.tell(`api ${name}`) });
    }

    @Callback('spam_checker', 'user_may_join_room')
    async mayJoin(): Promise<SpamVerdict> {
      return this.tell(`method ${name}`);
    }

    @postConstruct()
    async open(): Promise<void> {
      await new Promise(setImmediate);
      story.push(`open ${name}`);
    }

    @preDestroy()
    async shut(): Promise<void> {
      await new Promise(setImmediate);
      story.push(`close ${name}`);
    }

    private tell(text: string): typeof NOT_SPAM {
      story.push(text);
      return NOT_SPAM;
    }
  }
  Object.defineProperty(Telling, 'name', { value: name });
  inject(ModuleApi)(Telling, undefined, 0);
  Module()(Telling);
  return Telling;
}

describe('a module', () => {
  it('gets its configuration, its ModuleApi and a log with its name', async () => {
    const host = new TestModuleHost();
    const config = Object.assign(new Words(), { banned: ['lottery'] });
    await using modules = await openModules([loaded(WordFilter, config)], host);
    assert.deepEqual(host.log.lines, [
      { level: 'info', message: 'constructed with lottery', fields: { module: 'WordFilter' } },
    ]);
    assert.deepEqual(
      modules.list.map(({ name }) => name),
      ['WordFilter'],
    );
    assert.equal(await join(host), NOT_SPAM);
  });

  it('serves several methods of one path as one resource', async () => {
    const host = new TestModuleHost();
    await using _modules = await openModules([loaded(WordFilter, new Words())], host);
    const call = async (method: string): Promise<Response | undefined> =>
      host.webResources.handle(
        new Request('http://here/_synapse/client/words', { method, ...(method === 'POST' && { body: 'x' }) }),
        '/_synapse/client/words',
      );
    assert.equal((await call('POST'))?.status, 204);
    assert.deepEqual(await (await call('GET'))?.json(), ['casino', 'x']);
    assert.equal((await call('DELETE'))?.status, 405);
  });

  it('that stands twice in the file is two instances with names of their own', async () => {
    const { host, modules } = await start(telling('Twin'), telling('Twin'));
    assert.deepEqual(
      modules.list.map(({ name }) => name),
      ['Twin', 'Twin (2)'],
    );
    await join(host);
    await modules.close();
    assert.equal(story.filter((line) => line === 'close Twin').length, 2);
  });

  it('is asked what its constructor registered, then what its decorators did', async () => {
    const { host, modules } = await start(telling('A'), telling('B'));
    await join(host);
    await modules.close();
    assert.deepEqual(story, [
      'construct A',
      'open A',
      'construct B',
      'open B',
      'api A',
      'method A',
      'api B',
      'method B',
      'close B',
      'close A',
    ]);
  });

  it('that is closed is asked no more and can register no more', async () => {
    let api: ModuleApi | undefined;
    @Module()
    class Late {
      constructor(own: ModuleApi) {
        api = own;
      }
    }
    const { host, modules } = await start(telling('A'), Late);
    await modules.close();
    assert.deepEqual(host.dispatch.registered(), []);
    assert.throws(() => api?.registerSpamCheckerCallbacks({}), { code: 'KERNEL_MODULE_CLOSED' });
    assert.throws(() => api?.registerWebResource('/x', async () => new Response()), { code: 'KERNEL_MODULE_CLOSED' });
    await modules.close();
  });

  it('may register callbacks later', async () => {
    let api: ModuleApi | undefined;
    @Module()
    class Late {
      constructor(own: ModuleApi) {
        api = own;
      }
    }
    const { host, modules } = await start(Late);
    api?.registerSpamCheckerCallbacks({ user_may_join_room: async () => Codes.FORBIDDEN });
    assert.deepEqual(await join(host), { errcode: 'M_FORBIDDEN', fields: {} });
    await modules.close();
  });

  it('gets the configuration as it stands in the file when it has no class for it', async () => {
    const got: unknown[] = [];
    @Module()
    class Raw {
      constructor(@inject('config') config: unknown) {
        got.push(config);
      }
    }
    const raw = { a: 1 };
    await using _modules = await openModules([loaded(Raw, raw)], new TestModuleHost());
    assert.deepEqual(got, [raw]);
  });

  it('inherits callbacks and life cycle, each once', async () => {
    class Base {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        story.push('base');
        return NOT_SPAM;
      }

      @postConstruct()
      open(): void {
        story.push('open');
      }
    }
    @Module()
    class Derived extends Base {
      @Callback('spam_checker', 'user_may_join_room')
      override async mayJoin(): Promise<SpamVerdict> {
        story.push('derived');
        return super.mayJoin();
      }

      @postConstruct()
      override open(): void {
        story.push('open derived');
      }
    }
    const { host, modules } = await start(Derived);
    await join(host);
    await modules.close();
    assert.deepEqual(story, ['open derived', 'derived', 'base']);
  });

  it('serves a property that holds anything with fetch, and everything below it', async () => {
    @Module()
    class Site {
      @WebResource('/_synapse/client/site')
      readonly app = { fetch: async (request: Request) => new Response(new URL(request.url).pathname) };
    }
    const { host, modules } = await start(Site);
    const request = new Request('http://here/_synapse/client/site/below');
    const answer = await host.webResources.handle(request, '/_synapse/client/site/below');
    assert.equal(await answer?.text(), '/_synapse/client/site/below');
    await modules.close();
    assert.equal(host.webResources.handle(request, '/_synapse/client/site/below') instanceof Response, true);
    assert.deepEqual(host.webResources.list, []);
  });

  it("has its author's policy, and its operator's before that", async () => {
    @Module({ timeout: 500, onFailure: 'deny' })
    class Guard {
      @Callback('spam_checker', 'user_may_invite', { timeout: 100 })
      async mayInvite(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }

      @Callback('third_party_rules', 'on_new_event')
      async onEvent(): Promise<void> {}
    }
    const host = new TestModuleHost();
    const policy = { mode: 'audit', callbacks: { user_may_join_room: { mode: 'off' } } } as const;
    await using _modules = await openModules([loaded(Guard, {}, { policy })], host);
    assert.deepEqual(
      host.dispatch.registered().map(({ name, mode, timeout }) => [name, mode, timeout]),
      [
        ['user_may_join_room', 'off', 500],
        ['user_may_invite', 'audit', 100],
        ['on_new_event', 'audit', 500],
      ],
    );
  });
});

describe('services', () => {
  @injectable()
  class Database {
    @postConstruct()
    async open(): Promise<void> {
      story.push('database open');
    }

    @preDestroy()
    async shut(): Promise<void> {
      story.push('database close');
    }
  }

  @injectable()
  class Repository {
    @inject(Words) readonly words: Words | undefined;

    constructor(
      readonly database: Database,
      @inject('greeting') readonly greeting: string,
    ) {}

    @preDestroy()
    shut(): void {
      story.push('repository close');
    }
  }

  abstract class Port {
    abstract readonly number: number;
  }
  class FixedPort extends Port {
    readonly number = 80;
  }

  @Module({
    config: Words,
    services: [
      Database,
      Repository,
      { provide: 'greeting', useValue: 'hello' },
      { provide: Port, useClass: FixedPort },
    ],
  })
  class Served {
    @inject(Port) readonly port!: Port;

    constructor(
      readonly repository: Repository,
      readonly database: Database,
      @optional() @inject('nothing') readonly nothing: unknown,
    ) {
      made.push(this);
      story.push('constructed');
    }

    @preDestroy()
    shut(): void {
      story.push('module close');
    }
  }
  const made: Served[] = [];
  const newest = (): Served | undefined => made.at(-1);

  it('are made once for a module, and closed after it', async () => {
    story = [];
    const modules = await openModules([loaded(Served, new Words())], new TestModuleHost());
    assert.equal(newest()?.repository.database, newest()?.database);
    assert.equal(newest()?.repository.greeting, 'hello');
    assert.deepEqual(newest()?.repository.words?.banned, ['casino']);
    assert.equal(newest()?.port.number, 80);
    assert.equal(newest()?.nothing, undefined);
    await modules.close();
    assert.deepEqual(story.slice(0, 3), ['database open', 'constructed', 'module close']);
    assert.deepEqual(story.slice(3).sort(), ['database close', 'repository close']);
  });

  it('of two modules are apart', async () => {
    await using _modules = await openModules([loaded(Served, new Words())], new TestModuleHost());
    const first = newest()?.database;
    await using _others = await openModules([loaded(Served, new Words())], new TestModuleHost());
    assert.notEqual(newest()?.database, first);
  });

  it("of a test stand in the place of a module's own", async () => {
    const services = [{ provide: 'greeting', useValue: 'good evening' }];
    await using _modules = await openModules([loaded(Served, new Words(), { services })], new TestModuleHost());
    assert.equal(newest()?.repository.greeting, 'good evening');
  });
});

describe('a module that fails', () => {
  const failing = (where: 'constructor' | 'start', error: unknown): Class => {
    @Module()
    class Failing {
      constructor() {
        story.push('construct Failing');
        if (where === 'constructor') throw error;
      }

      @postConstruct()
      async open(): Promise<void> {
        if (where === 'start') throw error;
      }

      @preDestroy()
      shut(): void {
        story.push('close Failing');
      }
    }
    return Failing;
  };
  const open = (...types: Class[]): Promise<unknown> => {
    story = [];
    return openModules(
      types.map((type) => loaded(type)),
      new TestModuleHost(),
    );
  };

  it('in its constructor stops the start, is named, and leaves nothing open', async () => {
    const cause = new RangeError('too much');
    await assert.rejects(open(telling('A'), failing('constructor', cause), telling('B')), {
      code: 'KERNEL_CONSTRUCTOR_FAILED',
      message:
        '[KERNEL_CONSTRUCTOR_FAILED] Failing (./Failing.ts, vesicle.yaml:3:5): its constructor threw: RangeError: too much',
      cause,
    });
    assert.deepEqual(story, ['construct A', 'open A', 'construct Failing', 'close A']);
  });

  it('in @postConstruct stops the start, and is closed as well', async () => {
    await assert.rejects(open(telling('A'), failing('start', new ConfigError('no'))), {
      message:
        '[KERNEL_START_FAILED] Failing (./Failing.ts, vesicle.yaml:3:5): a method with @postConstruct failed: ConfigError: no',
    });
    assert.deepEqual(story, ['construct A', 'open A', 'construct Failing', 'close Failing', 'close A']);
  });

  it('may throw what is no error', async () => {
    await assert.rejects(open(failing('constructor', 'text')), {
      message: /its constructor threw: text$/,
      cause: 'text',
    });
  });

  it("keeps Synapse's errors of registration", async () => {
    @Module()
    class Renewing {
      constructor(api: ModuleApi) {
        api.registerAccountValidityCallbacks({ on_legacy_send_mail: async () => undefined });
      }
    }
    await assert.rejects(open(Renewing, Renewing), {
      message:
        /^\[KERNEL_CONSTRUCTOR_FAILED\] Renewing \(2\) \(.*\): its constructor threw: RuntimeError: Tried to register on_legacy_send_mail twice$/,
    });
  });

  it('at its end does not keep the others from closing', async () => {
    @Module()
    class Sticky {
      @preDestroy()
      shut(): void {
        throw new Error('stuck');
      }
    }
    const { host, modules } = await start(telling('A'), Sticky);
    await modules.close();
    assert.deepEqual(story.at(-1), 'close A');
    assert.deepEqual(host.log.texts, ['error Sticky: @preDestroy failed']);
  });

  it('that is slow to start is named', async () => {
    @Module()
    class Slow {
      @postConstruct()
      async open(): Promise<void> {
        while (host.log.texts.length === 0) await new Promise(setImmediate);
      }
    }
    const host = Object.assign(new TestModuleHost(), { slowStartMs: 5 });
    await using _modules = await openModules([loaded(Slow)], host);
    assert.deepEqual(host.log.texts, [
      'warn Slow: still starting after 0.005 s (@postConstruct of Slow); its callbacks are not active yet',
    ]);
  });

  it('that hangs at its start is given up when nobody wants it any more', async () => {
    @Module()
    class Hanging {
      @postConstruct()
      async open(): Promise<void> {
        story.push('open');
        await new Promise(() => undefined);
      }

      @preDestroy()
      shut(): void {
        story.push('shut');
      }
    }
    story = [];
    const unwanted = new AbortController();
    const host = Object.assign(new TestModuleHost(), { closeLimitMs: 5, unwanted: unwanted.signal });
    const opening = openModules([loaded(Hanging)], host);
    unwanted.abort();
    await assert.rejects(
      opening,
      /KERNEL_START_FAILED.*Hanging \(.*\): .*start timed out \(@postConstruct of Hanging\)/,
    );
    assert.deepEqual(story, ['open', 'shut']);
  });

  it('that hangs at its end is waited for no longer than the limit', async () => {
    class Service {
      @preDestroy()
      async shut(): Promise<void> {
        await new Promise(() => undefined);
      }
    }
    @Module({ services: [Service] })
    class Hanging {
      constructor(readonly service: Service) {}

      @preDestroy()
      async shut(): Promise<void> {
        await new Promise(() => undefined);
      }
    }
    const host = Object.assign(new TestModuleHost(), { closeLimitMs: 5 });
    const modules = await openModules([loaded(Hanging)], host);
    await modules.close();
    assert.deepEqual(host.log.texts, [
      'error Hanging: @preDestroy took longer than 5 ms and is not waited for',
      'error Hanging: @preDestroy of the service Service took longer than 5 ms and is not waited for',
    ]);
  });

  it('whose shared service hangs at its end is waited for no longer than the limit', async () => {
    const { log } = new TestModuleHost();
    const container = new HostContainer(log, 5);
    class Strikes {
      @preDestroy()
      async shut(): Promise<void> {
        await new Promise(() => undefined);
      }
    }
    @Module({ services: [{ provide: Strikes, useClass: Strikes, isShared: true }] })
    class Striking {
      constructor(readonly strikes: Strikes) {}
    }
    const modules = await openModules([loaded(Striking)], Object.assign(new TestModuleHost(), { container }));
    await modules.close();
    assert.deepEqual(log.texts, []);
    await container.close();
    const hung = '@preDestroy of the service Strikes took longer than 5 ms and is not waited for';
    assert.deepEqual(log.texts, [`error Striking: ${hung}`]);
  });

  it('to hold something with fetch is named', async () => {
    @Module()
    class Empty {
      @WebResource('/_synapse/client/empty') readonly app: { fetch: () => Response } | undefined;
    }
    await assert.rejects(open(Empty), {
      code: 'WEB_RESOURCE_INVALID',
      message:
        /Empty\.app: this web resource cannot be served: it holds nothing, where something with fetch\(request\) is needed/,
    });
  });

  it('is found before the first constructor runs when its decorators are wrong', async () => {
    class Plain {}
    await assert.rejects(open(telling('A'), Plain), { code: 'KERNEL_NOT_A_MODULE' });
    assert.deepEqual(story, []);
  });
});

describe('injection', () => {
  class Unknown {}
  const rejected = async (type: Class): Promise<VesicleError> => {
    const error: unknown = await openModules([loaded(type)], new TestModuleHost()).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof VesicleError, String(error));
    return error;
  };

  it('of a type that is no class says so, with the remedy', async () => {
    @Module()
    class Erased {
      constructor(readonly api: object) {}
    }
    assert.equal(
      (await rejected(Erased)).message,
      '[INJECT_KEY_ERASED] Erased: parameter 1 of its constructor has no class at run time, so nothing can be injected. Import its class as a value (not with "import type"), or name it with @inject(TheClass). The configuration as it stands in the file is @inject(\'config\'). Path: Erased.',
    );
  });

  it('without emitted types names the tools that drop them', async () => {
    class Untyped {
      constructor(readonly api: ModuleApi) {}
    }
    Module()(Untyped);
    assert.match(
      (await rejected(Untyped)).message,
      /parameter 1 .*emitDecoratorMetadata; where a tool cannot \(esbuild, tsx\)/,
    );
  });

  it('of what is not there names class, parameter and path', async () => {
    @injectable()
    class Repository {
      constructor(readonly unknown: Unknown) {}
    }
    @injectable()
    class Service {
      constructor(readonly repository: Repository) {}
    }
    @Module({ services: [Service, Repository] })
    class Served {
      constructor(readonly service: Service) {}
    }
    assert.equal(
      (await rejected(Served)).message,
      '[KERNEL_UNRESOLVED] Repository: no provider for Unknown (parameter 1 of its constructor). Add it to the services of @Module, or ask for ModuleApi, Logger or the class of the configuration. Path: Served -> Service -> Repository -> Unknown.',
    );
  });

  it('reports every parameter at once', async () => {
    @Module()
    class Served {
      constructor(
        readonly unknown: Unknown,
        readonly text: string,
      ) {}
    }
    const error = await rejected(Served);
    assert.equal(error.code, 'MODULE_INVALID');
    assert.match(
      error.message,
      /The list of modules has 2 mistakes:\n {2}\[INJECT_KEY_ERASED\] Served: parameter 2 .*\n {2}\[KERNEL_UNRESOLVED\] Served: no provider for Unknown/,
    );
  });

  it('in a circle is named', async () => {
    @injectable()
    class One {
      @inject('two') readonly two: unknown;
    }
    @injectable()
    class Two {
      constructor(readonly one: One) {}
    }
    @Module({ services: [One, { provide: 'two', useExisting: Two }, Two] })
    class Served {
      constructor(readonly one: One) {}
    }
    assert.match(
      (await rejected(Served)).message,
      /KERNEL_CIRCULAR.*circular dependency: Served -> One -> "two" -> Two -> One/,
    );
  });

  it('of a class of another copy of the package says how to mend it', async () => {
    const foreign = { ModuleApi: class ModuleApi {} };
    @Module()
    class Served {
      constructor(@inject(foreign.ModuleApi) readonly api: unknown) {}
    }
    assert.match((await rejected(Served)).message, /Two copies of vesicle are installed/);
  });
});

describe('loading a module again', () => {
  it('lets the new instance take the place of the old one, which is closed then', async () => {
    const { host, modules } = await start(telling('A'), telling('B'), telling('C'));
    story = [];
    await modules.replace('B', loaded(telling('New B')));
    assert.deepEqual(story, ['construct New B', 'open New B', 'close B']);
    story = [];
    await join(host);
    assert.deepEqual(
      story.filter((line) => line.startsWith('method')),
      ['method A', 'method New B', 'method C'],
    );
    await modules.close();
    assert.deepEqual(story.slice(-3), ['close C', 'close New B', 'close A']);
  });

  it('keeps the old instance when the new one fails', async () => {
    const { host, modules } = await start(telling('A'));
    @Module()
    class Failing {
      @postConstruct()
      open(): void {
        throw new Error('no');
      }
    }
    await assert.rejects(modules.replace('A', loaded(Failing)), { code: 'KERNEL_START_FAILED' });
    story = [];
    await join(host);
    assert.deepEqual(story, ['api A', 'method A']);
    await modules.close();
  });

  it('replaces web resources, although the server listens already', async () => {
    const site = (path: string): Class => {
      @Module()
      class Site {
        constructor(api: ModuleApi) {
          api.registerWebResource(path, async () => new Response());
        }
      }
      return Site;
    };
    const { host, modules } = await start(site('/_synapse/client/old'));
    host.webResources.seal();
    await modules.replace('Site', loaded(site('/_synapse/client/new')));
    const paths = (): readonly string[] => host.webResources.list.map(({ path }) => path);
    assert.deepEqual(paths(), ['/_synapse/client/new']);
    await assert.rejects(modules.replace('Site', loaded(site('/_matrix/client/x'))), { code: 'WEB_PATH_RESERVED' });
    assert.deepEqual(paths(), ['/_synapse/client/new']);
    await modules.close();
  });

  it('of an unknown name is refused', async () => {
    const { modules } = await start(telling('Alpha'));
    await assert.rejects(modules.replace('Alhpa', loaded(telling('A'))), {
      message: '[KERNEL_MODULE_UNKNOWN] There is no running module "Alhpa". Did you mean "Alpha"?',
    });
    await modules.close();
  });
});
