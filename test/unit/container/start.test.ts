import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerModule, inject, injectable, postConstruct, preDestroy } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { deferred } from '../../support/deferred.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

/** What happened, in order; emptied by each start. */
let story: string[] = [];

const alice = '@alice:here' as UserId;
const room = '!r:here' as RoomId;

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

async function failureOf(...types: Class[]): Promise<VesicleError> {
  const error: unknown = await start(...types).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof VesicleError, String(error));
  return error;
}

const join = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_join_room', alice, room, false);

const telling = (text: string) => async (): Promise<typeof NOT_SPAM> => {
  story.push(text);
  return NOT_SPAM;
};

/** A module that asks for one service. */
function needing(services: readonly ModuleService[], key: Class | string): Class {
  @Module({ services })
  class Guard {
    constructor(@inject(key) readonly given: unknown) {
      story.push('made Guard');
    }
  }
  return Guard;
}

describe('a module that is starting', () => {
  it('is asked nothing, and then in the order in which it registered', async () => {
    const reached = deferred();
    const opening = deferred();
    @Module()
    class Guard {
      constructor(private readonly api: ModuleApi) {
        api.registerSpamCheckerCallbacks({ user_may_join_room: telling('constructor') });
      }

      @postConstruct()
      async open(): Promise<void> {
        this.api.registerSpamCheckerCallbacks({ user_may_join_room: telling('before') });
        reached.resolve(undefined);
        await opening.promise;
        this.api.registerSpamCheckerCallbacks({ user_may_join_room: telling('after') });
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return telling('decorator')();
      }
    }
    story = [];
    const host = new TestModuleHost();
    const heard: string[] = [];
    host.dispatch.observe(({ module }) => heard.push(module));
    const starting = openModules([loaded(Guard)], host);
    await reached.promise;
    assert.equal(await join(host), NOT_SPAM);
    assert.equal(host.dispatch.isAsked('spam_checker', 'user_may_join_room'), false);
    assert.deepEqual([story, heard], [[], []]);
    opening.resolve(undefined);
    await using _modules = await starting;
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(story, ['constructor', 'before', 'after', 'decorator']);
    assert.deepEqual(
      heard,
      Array.from(story, () => 'Guard'),
    );
  });

  it('does not keep those that have started from being asked', async () => {
    const reached = deferred();
    const opening = deferred();
    @Module()
    class First {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return telling('first')();
      }
    }
    @Module()
    class Second {
      @postConstruct()
      async open(): Promise<void> {
        reached.resolve(undefined);
        await opening.promise;
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return telling('second')();
      }
    }
    story = [];
    const host = new TestModuleHost();
    const starting = openModules([loaded(First), loaded(Second)], host);
    await reached.promise;
    await join(host);
    assert.deepEqual(story, ['first']);
    opening.resolve(undefined);
    await using _modules = await starting;
    await join(host);
    assert.deepEqual(story, ['first', 'first', 'second']);
  });

  it('leaves nothing registered when it fails', async () => {
    @Module()
    class Failing {
      constructor(api: ModuleApi) {
        api.registerSpamCheckerCallbacks({ user_may_join_room: telling('constructor') });
      }

      @postConstruct()
      open(): void {
        throw new RangeError('no');
      }
    }
    const host = new TestModuleHost();
    await assert.rejects(openModules([loaded(Failing)], host), { code: 'KERNEL_START_FAILED' });
    assert.deepEqual(host.dispatch.registered(), []);
  });

  it('is checked with all others before the first of them is made', async () => {
    class Unknown {}
    class Plain {}
    @Module()
    class Right {
      constructor() {
        story.push('made Right');
      }
    }
    @Module()
    class Asking {
      constructor(readonly unknown: Unknown) {
        story.push('made Asking');
      }
    }
    const badOption = { tmeout: 5 } as object;
    @Module(badOption)
    class Misspelt {}
    const error = await failureOf(Right, Plain, Asking, Misspelt);
    assert.equal(error.code, 'MODULE_INVALID');
    assert.match(error.message, /The list of modules has 3 mistakes:/);
    assert.ok(error.cause instanceof AggregateError);
    assert.deepEqual(
      error.cause.errors.map((one: VesicleError) => one.code),
      ['KERNEL_NOT_A_MODULE', 'MODULE_OPTION_INVALID', 'KERNEL_UNRESOLVED'],
    );
    assert.deepEqual(story, []);
  });
});

describe('a service that fails to be made', () => {
  const cause = new RangeError('no');
  class FailingConstructor {
    constructor() {
      throw cause;
    }
  }
  class FailingOpen {
    @postConstruct()
    open(): void {
      throw cause;
    }
  }
  class FailingLater {
    @postConstruct()
    async open(): Promise<void> {
      await new Promise(setImmediate);
      throw cause;
    }
  }
  const fail = (): never => {
    throw cause;
  };
  const table: Readonly<Record<string, readonly [type: Class, what: string]>> = {
    'in its constructor': [
      needing([FailingConstructor], FailingConstructor),
      'the service FailingConstructor could not be made, because its constructor',
    ],
    'in @postConstruct': [
      needing([FailingOpen], FailingOpen),
      'the service FailingOpen could not be made, because @postConstruct',
    ],
    'in an async @postConstruct': [
      needing([FailingLater], FailingLater),
      'the service FailingLater could not be made, because @postConstruct',
    ],
    'in its factory': [
      needing([{ provide: 'store', useFactory: fail }], 'store'),
      'the service "store" could not be made, because its factory',
    ],
    'in an async factory': [
      needing([{ provide: 'store', useFactory: async () => fail() }], 'store'),
      'the service "store" could not be made, because its factory',
    ],
    'in its class behind a key': [
      needing([{ provide: 'store', useClass: FailingLater, scope: 'transient' }], 'store'),
      'the service FailingLater could not be made, because @postConstruct',
    ],
    'as a shared one in @postConstruct': [
      needing([{ provide: 'store', useClass: FailingLater, isShared: true }], 'store'),
      'the service FailingLater could not be made, because @postConstruct',
    ],
    'in the load function of a ContainerModule': [
      needing([new ContainerModule(fail), { provide: 'store', useValue: 1 }], 'store'),
      'a ContainerModule could not be made, because its load function',
    ],
    'in the async load function of a ContainerModule': [
      needing([new ContainerModule(async () => fail()), { provide: 'store', useValue: 1 }], 'store'),
      'a ContainerModule could not be made, because its load function',
    ],
  };
  for (const [title, [type, what]] of Object.entries(table)) {
    it(`${title} is named, with the cause`, async () => {
      const error = await failureOf(type);
      assert.equal(error.code, 'KERNEL_SERVICE_FAILED');
      assert.ok(error.message.includes(`Guard (./Guard.ts, vesicle.yaml:3:5): ${what} failed: `));
      assert.match(error.message, /failed: RangeError: no$/);
      assert.equal(error.cause, cause);
      assert.deepEqual(story, []);
    });
  }

  it('is named although a factory that asks for it is in between', async () => {
    const services: readonly ModuleService[] = [
      FailingLater,
      { provide: 'store', useFactory: (context) => context.getAsync(FailingLater) },
    ];
    const error = await failureOf(needing(services, 'store'));
    assert.equal(error.code, 'KERNEL_SERVICE_FAILED');
    assert.match(error.message, /because @postConstruct failed: RangeError: no$/);
    assert.equal(error.cause, cause);
  });
});

describe('the end of services', () => {
  const service = (name: string, needs: readonly Class[], end: () => unknown): Class => {
    class Service {
      constructor(...needed: readonly unknown[]) {
        story.push(`made ${name} with ${needed.length}`);
      }

      @preDestroy()
      shut(): unknown {
        story.push(`shut ${name}`);
        return end();
      }
    }
    Object.defineProperty(Service, 'name', { value: name });
    Object.defineProperty(Service, 'length', { value: needs.length });
    needs.forEach((key, index) => {
      inject(key)(Service, undefined, index);
    });
    injectable()(Service);
    return Service;
  };

  it('is in reverse order of making, each failure logged with its name', async () => {
    const Database = service('Database', [], () => undefined);
    const Store = service('Store', [Database], async () => Promise.reject(new RangeError('no')));
    const Words = service('Words', [Store], () => {
      throw new RangeError('no');
    });
    @Module({ services: [Words, Store, Database] })
    class Guard {
      constructor(@inject(Words) readonly words: unknown) {}

      @preDestroy()
      async shut(): Promise<void> {
        story.push('shut Guard');
      }
    }
    const { host, modules } = await start(Guard);
    await modules.close();
    assert.deepEqual(story, [
      'made Database with 0',
      'made Store with 1',
      'made Words with 1',
      'shut Guard',
      'shut Words',
      'shut Store',
      'shut Database',
    ]);
    assert.deepEqual(host.log.texts, [
      'error Guard: @preDestroy of the service Words failed',
      'error Guard: @preDestroy of the service Store failed',
    ]);
  });

  it('comes when another one fails at the start, too', async () => {
    const Database = service('Database', [], () => undefined);
    const Failing = service('Failing', [Database], () => undefined);
    @Module({ services: [Database, Failing] })
    class Guard {
      constructor(@inject(Failing) readonly failing: unknown) {
        throw new RangeError('no');
      }
    }
    assert.equal((await failureOf(Guard)).code, 'KERNEL_CONSTRUCTOR_FAILED');
    assert.deepEqual(story.slice(2), ['shut Failing', 'shut Database']);
  });
});
