import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerModule, inject, injectable, multiInject, named, tagged } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import type { InterceptedCall, Interceptor } from '../../../src/callbacks/interceptor.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { Question } from '../../../src/dispatch/question.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { deferred } from '../../support/deferred.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

/** What happened, in order; emptied by each start. */
let story: string[] = [];
/** How many of what is counted were made; reset by each start. */
let count = 0;

const alice = '@alice:here' as UserId;
const room = '!r:here' as RoomId;

async function start(...types: Class[]): Promise<{ host: TestModuleHost; modules: RunningModules }> {
  story = [];
  count = 0;
  const host = new TestModuleHost();
  return {
    host,
    modules: await openModules(
      types.map((type) => loaded(type)),
      host,
    ),
  };
}

const join = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_join_room', alice, room, false);
const invite = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_invite', alice, alice, room);

/** Counts its instances. */
@injectable()
class Visit {
  readonly number = ++count;
  notes: string[] = [];

  note(text: string): void {
    this.notes.push(text);
  }
}

const perQuestion = (type: Class): ModuleService => ({ provide: type, useClass: type, scope: 'call' });

/** A module with these services whose one gate does this with what it is given for a key. */
function asking<T>(
  services: readonly ModuleService[],
  key: (new () => T) | string,
  mayJoin: (given: T) => Promise<unknown> | SpamVerdict,
): Class {
  @Module({ services })
  class Guard {
    constructor(@inject(key) readonly given: T) {}

    @Callback('spam_checker', 'user_may_join_room')
    async mayJoin(): Promise<SpamVerdict> {
      return (await mayJoin(this.given)) as SpamVerdict;
    }
  }
  return Guard;
}

describe('a service that lives for one question', () => {
  it('is one instance for all that answer it, and another for the next one', async () => {
    class Journal {
      @inject(Visit) readonly visit!: Visit;
    }
    @injectable()
    class Noting implements Interceptor {
      constructor(readonly visit: Visit) {}

      async intercept(_call: InterceptedCall, next: () => Promise<unknown>): Promise<unknown> {
        this.visit.note(`interceptor ${this.visit.number}`);
        return next();
      }
    }
    @Module({ services: [perQuestion(Visit), Journal], interceptors: [Noting] })
    class Guard {
      constructor(
        readonly visit: Visit,
        readonly journal: Journal,
        api: ModuleApi,
      ) {
        api.registerSpamCheckerCallbacks({
          user_may_join_room: async () => {
            visit.note(`api ${visit.number}`);
            return NOT_SPAM;
          },
        });
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        await delay(1);
        this.journal.visit.note(`method ${this.journal.visit.number}`);
        await new Promise(setImmediate);
        story.push(this.visit.notes.join());
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, [
      'interceptor 1,api 1,interceptor 1,method 1',
      'interceptor 2,api 2,interceptor 2,method 2',
    ]);
  });

  it('has an instance for each of two questions at the same time', async () => {
    const both = deferred();
    const type = asking<Visit>([perQuestion(Visit)], Visit, async (visit) => {
      const { number } = visit;
      if (number === 2) both.resolve(undefined);
      await both.promise;
      story.push(`${number} is ${visit.number}`);
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await Promise.all([join(host), join(host)]);
    assert.deepEqual(story.sort(), ['1 is 1', '2 is 2']);
  });

  it('has an instance of its own for a question asked from inside another', async () => {
    @Module({ services: [perQuestion(Visit)] })
    class Guard {
      constructor(readonly visit: Visit) {}

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        story.push(`join ${this.visit.number}`);
        await invite(host);
        story.push(`join ${this.visit.number}`);
        return NOT_SPAM;
      }

      @Callback('spam_checker', 'user_may_invite')
      async mayInvite(): Promise<SpamVerdict> {
        story.push(`invite ${this.visit.number}`);
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['join 1', 'invite 2', 'join 1']);
  });

  it('is apart from that of another module that answers the same question', async () => {
    const type = (name: string): Class => {
      const Guard = asking<Visit>([perQuestion(Visit)], Visit, (visit) => {
        story.push(`${name} ${visit.number}`);
        return NOT_SPAM;
      });
      return Guard;
    };
    const { host, modules } = await start(type('first'), type('second'));
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['first 1', 'second 2']);
  });

  it('behaves as the instance does where it is injected', async () => {
    class Basket {
      #count = 0;
      fruit?: string = 'apple';

      get size(): number {
        return this.#count;
      }

      add(): this {
        this.#count++;
        return this;
      }
    }
    const type = asking<Basket & { extra?: number }>([perQuestion(Basket)], Basket, async (basket) => {
      assert.ok(basket instanceof Basket);
      assert.equal((await Promise.resolve(basket)).add().add().size, 2);
      // eslint-disable-next-line @typescript-eslint/unbound-method -- it keeps its instance
      const { add } = basket;
      assert.equal(add().size, 3);
      basket.extra = 5;
      assert.deepEqual(
        [Object.keys(basket), 'extra' in basket, Object.entries(basket)],
        [
          ['fruit', 'extra'],
          true,
          [
            ['fruit', 'apple'],
            ['extra', 5],
          ],
        ],
      );
      delete basket.fruit;
      assert.equal(JSON.stringify(basket), '{"extra":5}');
      return Codes.FORBIDDEN;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    assert.deepEqual(await join(host), { errcode: 'M_FORBIDDEN', fields: {} });
  });

  it('may be made by a factory, which may ask for others of the question', async () => {
    const services: readonly ModuleService[] = [
      perQuestion(Visit),
      {
        provide: 'journal',
        useFactory: async (context) => ({ number: ++count, visit: await context.getAsync(Visit) }),
        scope: 'call',
      },
    ];
    const type = asking<{ number: number; visit: Visit }>(services, 'journal', (journal) => {
      story.push(`${journal.number} with ${journal.visit.number}`);
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, ['2 with 1', '4 with 3']);
  });

  it('may be one of several that a name or tags tell apart', async () => {
    const visitOf = (name: string): Class => {
      @injectable()
      class NamedVisit {
        readonly name = name;
        readonly number = ++count;
      }
      return NamedVisit;
    };
    @Module({
      services: [
        { provide: 'visit', name: 'a', useClass: visitOf('a'), scope: 'call' },
        { provide: 'visit', name: 'b', useClass: visitOf('b'), scope: 'call' },
        { provide: 'visit', tags: { kind: 'c', size: 1 }, useClass: visitOf('c'), scope: 'call' },
        { provide: 'visit', tags: { kind: 'c', size: 2 }, useClass: visitOf('d'), scope: 'call' },
      ],
    })
    class Guard {
      constructor(
        @inject('visit') @named('a') readonly a: { name: string; number: number },
        @inject('visit') @named('b') readonly b: { name: string; number: number },
        @inject('visit') @tagged('kind', 'c') @tagged('size', 2) readonly d: { name: string; number: number },
      ) {}

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        for (const { name, number } of [this.a, this.b, this.d]) story.push(`${name} ${number}`);
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['a 1', 'b 2', 'd 4']);
  });

  it('may be one of several that are asked for together', async () => {
    const step = (name: string): ModuleService => ({
      provide: 'step',
      useFactory: () => ({ name, number: ++count }),
      scope: 'call',
    });
    @Module({ services: [step('one'), step('two')] })
    class Guard {
      constructor(@multiInject('step') readonly steps: readonly { name: string; number: number }[]) {}

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        for (const { name, number } of this.steps) story.push(`${name} ${number}`);
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['one 1', 'two 2']);
  });

  it('has a stand-in of a test in its place', async () => {
    const type = asking<{ number: number }>([perQuestion(Visit)], Visit, ({ number }) => {
      story.push(`${number} ${Question.current() === undefined}`);
      return NOT_SPAM;
    });
    story = [];
    const host = new TestModuleHost();
    const services = [{ provide: Visit, useValue: { number: 7 } }];
    await using _modules = await openModules([loaded(type, {}, { services })], host);
    await join(host);
    assert.deepEqual(story, ['7 true']);
  });
});

describe('singletons among services of a question', () => {
  /** Asks for a singleton that asks for the visit of the question in turn. */
  function diary(singleton: Class<{ readonly visit: Visit }>, services: readonly ModuleService[]): Class {
    class Page {
      @inject(singleton) readonly shelf!: { readonly visit: Visit };
    }
    return asking<Page>([perQuestion(Visit), ...services, perQuestion(Page)], Page, ({ shelf }) => {
      story.push(String(shelf.visit.number));
      return NOT_SPAM;
    });
  }
  function shelf(): Class<{ readonly visit: Visit }> {
    @injectable()
    class Shelf {
      constructor(readonly visit: Visit) {
        story.push('shelf');
      }
    }
    return Shelf;
  }

  it("are the module's, and keep the instance of no question", async () => {
    const Shelf = shelf();
    const { host, modules } = await start(diary(Shelf, [Shelf]));
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, ['shelf', '1', '2']);
  });

  it('may be made by a factory', async () => {
    const Shelf = shelf();
    const useFactory: Extract<ModuleService, { useFactory: unknown }>['useFactory'] = (context) =>
      new Shelf(context.get(Visit));
    const { host, modules } = await start(diary(Shelf, [{ provide: Shelf, useFactory }]));
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, ['shelf', '1', '2']);
  });

  it('may be told apart by several tags', async () => {
    const Shelf = shelf();
    class Page {
      @inject('shelf') @tagged('a', 1) @tagged('b', 2) readonly shelf!: { readonly visit: Visit };
    }
    const services: readonly ModuleService[] = [
      perQuestion(Visit),
      perQuestion(Page),
      { provide: 'shelf', useClass: Shelf, tags: { a: 1, b: 2 } },
    ];
    const type = asking<Page>(services, Page, (page) => {
      story.push(String(page.shelf.visit.number));
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, ['shelf', '1', '2']);
  });

  it('may be bound by a ContainerModule', async () => {
    const Shelf = shelf();
    const bound = new ContainerModule(({ bind }) => {
      bind(Shelf).toSelf().inSingletonScope();
    });
    const { host, modules } = await start(diary(Shelf, [bound]));
    await using _modules = modules;
    await join(host);
    await join(host);
    assert.deepEqual(story, ['shelf', '1', '2']);
  });

  it('are made before the first question although nothing else asks for them', async () => {
    const Shelf = shelf();
    const { modules } = await start(diary(Shelf, [Shelf]));
    await using _modules = modules;
    assert.deepEqual(story, ['shelf']);
  });
});
