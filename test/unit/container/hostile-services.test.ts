import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Container,
  ContainerModule,
  inject,
  injectable,
  LazyServiceIdentifier,
  postConstruct,
  preDestroy,
  tagged,
} from 'inversify';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { HostContainer } from '../../../src/container/host-container.js';
import { openModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import type { ErrorCode } from '../../../src/errors/codes.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

async function refusal(type: Class): Promise<{ readonly code?: ErrorCode; readonly message: string }> {
  const running = openModules([loaded(type)], new TestModuleHost());
  return running.then(
    () => ({ message: 'it starts' }),
    (error: unknown) => error as { readonly code: ErrorCode; readonly message: string },
  );
}

async function instanceOf<T extends object>(type: Class<T>): Promise<T> {
  await using modules = await openModules([loaded(type)], new TestModuleHost());
  return modules.list[0]?.instance as T;
}

describe('a module that lacks what its decorators promise', () => {
  it('is refused when its instance has no such callback', async () => {
    @Module()
    class Replaced {
      constructor() {
        Object.defineProperty(this, 'mayJoin', { value: undefined });
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { code, message } = await refusal(Replaced);
    assert.equal(code, 'CALLBACK_NOT_A_FUNCTION');
    assert.match(
      message,
      /Replaced\.mayJoin: the callback spam_checker\.user_may_join_room is undefined in its instance/,
    );
  });

  it('registers once, whoever gives out its instance', async () => {
    let asked = 0;
    const itself = new ContainerModule(({ bind }) => {
      bind('itself').toDynamicValue((context) => context.getAsync(Asked));
    });
    @injectable()
    class Watching {
      @inject('itself') readonly module: unknown;

      async intercept(_call: unknown, next: () => Promise<unknown>): Promise<unknown> {
        return next();
      }
    }
    @Module({ services: [itself], interceptors: [Watching] })
    class Asked {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        asked++;
        return NOT_SPAM;
      }
    }
    const host = new TestModuleHost();
    await using _modules = await openModules([loaded(Asked)], host);
    await host.dispatch.ask('spam_checker', 'user_may_join_room', '@a:b' as UserId, '!r:b' as RoomId, false);
    assert.equal(asked, 1);
  });
});

describe('tags', () => {
  const level = Symbol('level');

  it('may be symbols and numbers', async () => {
    @Module({
      services: [
        { provide: 'rule', tags: { [level]: 1 }, useValue: 'by symbol' },
        { provide: 'rule', tags: { 7: true }, useValue: 'by number' },
      ],
    })
    class Tagged {
      constructor(
        @inject('rule') @tagged(level, 1) readonly one: string,
        @inject('rule') @tagged(7, true) readonly two: string,
      ) {}
    }
    const { one, two } = await instanceOf(Tagged);
    assert.deepEqual([one, two], ['by symbol', 'by number']);
  });

  it('keep a service from injections that state none, and are named where nothing fits', async () => {
    @Module({ services: [{ provide: 'rule', tags: { [level]: 1 }, useValue: 1 }] })
    class Untagged {
      constructor(
        @inject('rule') readonly plain: number,
        @inject('rule') @tagged('level', 2) readonly other: number,
      ) {}
    }
    const { message } = await refusal(Untagged);
    assert.match(message, /no provider for "rule" \(parameter 1.*Provided for that key: 1, with other names or tags/);
    assert.match(message, /no provider for "rule" tagged level: 2 \(parameter 2/);
  });
});

describe('the check before the start', () => {
  it('takes an alias that is a class for another key of the same class', async () => {
    class Store {}
    @Module({
      services: [
        { provide: Store, useExisting: 'store' },
        { provide: 'store', useClass: Store },
      ],
    })
    class Root {
      constructor(
        readonly store: Store,
        @inject('store') readonly same: Store,
      ) {}
    }
    const { store, same } = await instanceOf(Root);
    assert.equal(store, same);
  });

  it('tells that several services are for one injection, with the path', async () => {
    @injectable()
    class Service {
      constructor(@inject('rule') readonly rule: unknown) {}
    }
    @Module({
      services: [Service, { provide: 'rule', useValue: 1 }, { provide: 'rule', useValue: 2 }],
    })
    class Root {
      constructor(readonly service: Service) {}
    }
    const { code, message } = await refusal(Root);
    assert.equal(code, 'KERNEL_AMBIGUOUS');
    assert.match(
      message,
      /Service: parameter 1 .* asks for one "rule", which 2 services provide.*Root -> Service -> "rule"/,
    );
  });

  it('names a circle through the module itself', async () => {
    @injectable()
    class Service {
      @inject(new LazyServiceIdentifier(() => Root)) readonly root: unknown;
    }
    @Module({ services: [Service] })
    class Root {
      constructor(readonly service: Service) {}
    }
    const { code, message } = await refusal(Root);
    assert.equal(code, 'KERNEL_CIRCULAR');
    assert.match(message, /Root -> Service -> Root/);
  });

  it('says what reading the metadata threw', async () => {
    @Module()
    class Root {
      @inject(
        new LazyServiceIdentifier<object>(() => {
          throw new ReferenceError('not loaded yet');
        }),
      )
      readonly later: unknown;
    }
    assert.match((await refusal(Root)).message, /^\[KERNEL_UNRESOLVABLE\] Root .*ReferenceError: not loaded yet/);
  });

  it('sees through an alias what a shared service may not ask for', async () => {
    class Own {}
    @injectable()
    class Shared {
      constructor(@inject('alias') readonly own: unknown) {}
    }
    @Module({
      services: [Own, { provide: 'alias', useExisting: Own }, { provide: Shared, useClass: Shared, isShared: true }],
    })
    class Root {
      constructor(
        @inject('alias') readonly own: unknown,
        readonly shared: Shared,
      ) {}
    }
    assert.equal((await refusal(Root)).code, 'KERNEL_SHARED_ASKS');
  });
});

describe('classes of another Inversify', () => {
  it('are refused when a ContainerModule gives them out', async () => {
    class Foreign {}
    Reflect.defineMetadata('what some inversify records', {}, Foreign);
    const module = new ContainerModule(({ bind }) => {
      bind(Foreign).toSelf();
    });
    @Module({ services: [module] })
    class Root {
      constructor(readonly foreign: Foreign) {}
    }
    assert.equal((await refusal(Root)).code, 'INJECT_FOREIGN_INVERSIFY');
  });

  it('are not plain objects', async () => {
    new Container().bind('anything').toConstantValue(1);
    const module = new ContainerModule(({ bind }) => {
      bind('plain').toConstantValue({ value: 5 });
    });
    @Module({ services: [module] })
    class Root {
      constructor(@inject('plain') readonly plain: object) {}
    }
    assert.deepEqual((await instanceOf(Root)).plain, { value: 5 });
  });
});

describe('what a ContainerModule binds', () => {
  it('ends before what it asked for', async () => {
    const story: string[] = [];
    @injectable()
    class Database {
      @preDestroy()
      close(): void {
        story.push('database');
      }
    }
    @injectable()
    class Repository {
      constructor(readonly database: Database) {}

      @preDestroy()
      close(): void {
        story.push('repository');
      }
    }
    const module = new ContainerModule(({ bind }) => {
      bind(Repository).toSelf().inSingletonScope();
    });
    @Module({ services: [Database, module] })
    class Root {
      constructor(readonly repository: Repository) {}
    }
    await instanceOf(Root);
    assert.deepEqual(story, ['repository', 'database']);
  });

  it('stands back for what a test puts in its place', async () => {
    class Store {
      readonly name: string = 'real';
    }
    const module = new ContainerModule(({ bind }) => {
      bind(Store).toSelf();
    });
    @Module({ services: [module] })
    class Root {
      constructor(readonly store: Store) {}
    }
    const services = [{ provide: Store, useValue: { name: 'double' } }];
    await using modules = await openModules([loaded(Root, {}, { services })], new TestModuleHost());
    assert.equal((modules.list[0]?.instance as Root).store.name, 'double');
  });
});

it('a shared service is not shared with a module that was given something else in its place', async () => {
  @injectable()
  class Shared {
    constructor(@inject('key') readonly key: string) {}
  }
  @Module({
    services: [
      { provide: 'key', useValue: 'own' },
      { provide: Shared, useClass: Shared, isShared: true },
    ],
  })
  class Root {
    constructor(readonly shared: Shared) {}
  }
  const host = new TestModuleHost();
  await using container = new HostContainer(host.log);
  const doubled = loaded(Root, {}, { services: [{ provide: 'key', useValue: 'double' }] });
  await using modules = await openModules([doubled, loaded(Root), loaded(Root)], Object.assign(host, { container }));
  const [first, second, third] = modules.list.map(({ instance }) => (instance as Root).shared);
  assert.deepEqual([first?.key, second?.key], ['double', 'own']);
  assert.equal(second, third);
});

it('a life cycle method that was compiled with standard decorators is refused, once', async () => {
  const standard = postConstruct() as (method: unknown, context: unknown) => void;
  standard(() => undefined, { kind: 'method', name: 'open' });
  @Module()
  class Root {}
  assert.match(
    (await refusal(Root)).message,
    /^\[DECORATOR_STANDARD\] @postConstruct or @preDestroy .*experimentalDecorators/,
  );
  assert.ok((await instanceOf(Root)) instanceof Root);
});
