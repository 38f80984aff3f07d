import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inject, injectable, preDestroy } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import type { InterceptedCall, Interceptor } from '../../../src/callbacks/interceptor.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { ModuleCalls } from '../../../src/container/module-calls.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { Logger } from '../../../src/log/logger.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

type Next = () => Promise<unknown>;

/** What happened, in order; emptied by each start. */
let story: string[] = [];
/** What interceptors saw; emptied by each start. */
let seen: InterceptedCall[] = [];

const alice = '@alice:here' as UserId;
const room = '!r:here' as RoomId;

async function start(type: Class): Promise<{ host: TestModuleHost; modules: RunningModules }> {
  story = [];
  seen = [];
  const host = new TestModuleHost();
  return { host, modules: await openModules([loaded(type)], host) };
}

const join = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_join_room', alice, room, true);

/** An interceptor that tells when it runs. */
function telling(name: string): Class<Interceptor> {
  return class implements Interceptor {
    readonly intercept = async (call: InterceptedCall, next: Next): Promise<unknown> => {
      seen.push(call);
      story.push(`${name} in`);
      const answer = await next();
      story.push(`${name} out`);
      return answer;
    };
  };
}

/** An interceptor that does just this. */
function doing(intercept: Interceptor['intercept']): Class<Interceptor> {
  return class implements Interceptor {
    readonly intercept = intercept;
  };
}

/** A module with one gate, and an interceptor around it. */
function guarded(intercept: Interceptor['intercept'], answer: SpamVerdict = NOT_SPAM): Class {
  @Module({ interceptors: [doing(intercept)] })
  class Guard {
    @Callback('spam_checker', 'user_may_join_room')
    async mayJoin(): Promise<SpamVerdict> {
      story.push('asked');
      return answer;
    }
  }
  return Guard;
}

describe('interceptors of a callback', () => {
  it('run as they are written, those of the module around those of the method', async () => {
    @Module({ interceptors: [telling('one'), telling('two')] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room', { interceptors: [telling('three'), telling('four')] })
      async mayJoin(): Promise<SpamVerdict> {
        story.push('asked');
        return NOT_SPAM;
      }

      @Callback('spam_checker', 'user_may_invite')
      async mayInvite(): Promise<SpamVerdict> {
        story.push('asked');
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    assert.equal(await join(host), NOT_SPAM);
    const inside = ['three in', 'four in', 'asked', 'four out', 'three out'];
    assert.deepEqual(story, ['one in', 'two in', ...inside, 'two out', 'one out']);
    story = [];
    await host.dispatch.ask('spam_checker', 'user_may_invite', alice, alice, room);
    assert.deepEqual(story, ['one in', 'two in', 'asked', 'two out', 'one out']);
  });

  it('see category, name, arguments and module', async () => {
    @Module({ name: 'guard', interceptors: [telling('outer')] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room', { interceptors: [telling('inner')] })
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    const call = { module: 'guard', category: 'spam_checker', name: 'user_may_join_room', args: [alice, room, true] };
    assert.deepEqual(seen, [call, call]);
  });

  it('may answer themselves', async () => {
    const { host, modules } = await start(guarded(async () => Codes.LIMIT_EXCEEDED));
    await using _modules = modules;
    assert.deepEqual(await join(host), { errcode: 'M_LIMIT_EXCEEDED', fields: {} });
    assert.deepEqual(story, []);
  });

  it('may change the answer', async () => {
    const forgiving = async (_call: InterceptedCall, next: Next): Promise<unknown> =>
      (await next()) === Codes.FORBIDDEN ? NOT_SPAM : Codes.FORBIDDEN;
    const { host, modules } = await start(guarded(forgiving, Codes.FORBIDDEN));
    await using _modules = modules;
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(story, ['asked']);
  });

  it('may ask twice', async () => {
    const twice = async (_call: InterceptedCall, next: Next): Promise<unknown> => {
      await next();
      return next();
    };
    const { host, modules } = await start(guarded(twice));
    await using _modules = modules;
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(story, ['asked', 'asked']);
  });

  it('hear of a throw of the callback, and may answer in its place', async () => {
    @Module({
      interceptors: [
        doing(async (_call, next) =>
          next().catch((error: unknown) => {
            story.push(String(error));
            return NOT_SPAM;
          }),
        ),
      ],
    })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      mayJoin(): Promise<SpamVerdict> {
        throw new RangeError('not even a promise');
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(story, ['RangeError: not even a promise']);
    assert.deepEqual(host.log.texts, []);
  });

  it('that throw count as a throw of the callback', async () => {
    const failure = new RangeError('no');
    const { host, modules } = await start(
      guarded(() => {
        throw failure;
      }),
    );
    await using _modules = modules;
    await assert.rejects(join(host), failure);
    assert.deepEqual(host.log.texts, ['error Guard: spam_checker.user_may_join_room threw']);
  });

  it('answer a client with a SynapseError as the callback does', async () => {
    const failure = new SynapseError(429, 'Slow down', Codes.LIMIT_EXCEEDED);
    const { host, modules } = await start(guarded(async () => Promise.reject(failure)));
    await using _modules = modules;
    await assert.rejects(join(host), failure);
    assert.deepEqual(host.log.texts, []);
  });

  it('are heard by an observer as the callback is', async () => {
    const { host, modules } = await start(guarded(async () => Codes.FORBIDDEN));
    await using _modules = modules;
    const answers: unknown[] = [];
    host.dispatch.observe(({ answer }) => answers.push(answer));
    await join(host);
    assert.deepEqual(answers, [Codes.FORBIDDEN]);
  });

  it('run around what the constructor registers, those of the module alone', async () => {
    @Module({ interceptors: [telling('outer')] })
    class Guard {
      constructor(api: ModuleApi) {
        api.registerSpamCheckerCallbacks({
          user_may_join_room: async () => {
            story.push('asked');
            return NOT_SPAM;
          },
        });
      }

      @Callback('spam_checker', 'user_may_invite', { interceptors: [telling('inner')] })
      async mayInvite(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['outer in', 'asked', 'outer out']);
    assert.deepEqual(
      seen.map(({ name }) => name),
      ['user_may_join_room'],
    );
  });
});

describe('the class of an interceptor', () => {
  it('is given services, the log and the configuration, and is made once and ended', async () => {
    class Limits {
      most = 1;
    }
    class Counter {
      count = 0;
    }
    @injectable()
    class Counting implements Interceptor {
      @inject('word') readonly word!: string;

      constructor(
        readonly counter: Counter,
        readonly log: Logger,
        readonly limits: Limits,
      ) {
        story.push('made');
      }

      async intercept({ name }: InterceptedCall, next: Next): Promise<unknown> {
        this.counter.count++;
        this.log.info(`${this.word} ${name}`);
        return this.counter.count > this.limits.most ? Codes.LIMIT_EXCEEDED : next();
      }

      @preDestroy()
      end(): void {
        story.push('ended');
      }
    }
    @Module({
      config: Limits,
      services: [Counter, { provide: 'word', useValue: 'hello' }],
      interceptors: [Counting],
    })
    class Guard {
      constructor(readonly counter: Counter) {}

      @Callback('spam_checker', 'user_may_join_room', { interceptors: [Counting] })
      async mayJoin(): Promise<SpamVerdict> {
        story.push(`asked at ${this.counter.count}`);
        return NOT_SPAM;
      }
    }
    story = [];
    const host = new TestModuleHost();
    const modules = await openModules([loaded(Guard, Object.assign(new Limits(), { most: 2 }))], host);
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(await join(host), { errcode: 'M_LIMIT_EXCEEDED', fields: {} });
    await modules.close();
    assert.deepEqual(story, ['made', 'asked at 2', 'ended']);
    const line = { level: 'info', message: 'hello user_may_join_room', fields: { module: 'Guard' } };
    assert.deepEqual(host.log.lines, [line, line, line]);
  });

  it('may have a stand-in of a test', async () => {
    const Real = telling('real');
    @Module({ interceptors: [Real] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    story = [];
    const services = [{ provide: Real, useClass: telling('stand-in') }];
    const host = new TestModuleHost();
    await using _modules = await openModules([loaded(Guard, {}, { services })], host);
    await join(host);
    assert.deepEqual(story, ['stand-in in', 'stand-in out']);
  });

  const refused: Readonly<Record<string, readonly [where: string, make: (interceptors: readonly Class[]) => unknown]>> =
    {
      '@Module': ['MODULE_OPTION_INVALID', (interceptors) => Module({ interceptors } as object)],
      '@Callback': [
        'CALLBACK_OPTION_INVALID',
        (interceptors) => Callback('spam_checker', 'user_may_join_room', { interceptors } as object),
      ],
      '@WebResource': [
        'WEB_RESOURCE_INVALID',
        (interceptors) => WebResource('/_synapse/client/x', { interceptors } as object),
      ],
    };
  for (const [title, [code, make]] of Object.entries(refused)) {
    const moduleWith = (interceptors: unknown): Class => {
      class Guard {
        constructor() {
          story.push('made');
        }

        async check(): Promise<void> {}
      }
      const decorator = make(interceptors as readonly Class[]) as (...args: readonly unknown[]) => void;
      if (title === '@Module') decorator(Guard);
      else {
        decorator(Guard.prototype, 'check', Object.getOwnPropertyDescriptor(Guard.prototype, 'check'));
        Module()(Guard);
      }
      return Guard;
    };
    it(`is a class in the options of ${title}, or is refused`, async () => {
      for (const value of [[5], [telling('right'), null], 5, null, { 0: telling('right') }]) {
        await assert.rejects(start(moduleWith(value)), { code, message: /interceptors must be an array of classes/ });
        assert.deepEqual(story, []);
      }
    });

    it(`without intercept() is refused at the start in the options of ${title}`, async () => {
      class Plain {}
      await assert.rejects(start(moduleWith([Plain])), {
        code: 'MODULE_OPTION_INVALID',
        message: /the interceptor Plain has no method intercept\(call, next\)/,
      });
      assert.deepEqual(story, []);
    });

    it(`that cannot be injected in the options of ${title} is said before anything is made`, async () => {
      class Unknown {}
      @injectable()
      class Asking {
        constructor(readonly unknown: Unknown) {
          story.push('made');
        }

        readonly intercept = async (_call: InterceptedCall, next: Next): Promise<unknown> => next();
      }
      await assert.rejects(start(moduleWith([Asking])), {
        code: 'KERNEL_UNRESOLVED',
        message: /Asking: no provider for Unknown \(parameter 1 of its constructor\)/,
      });
      assert.deepEqual(story, []);
    });
  }

  it('that fails to be made is named', async () => {
    class Failing implements Interceptor {
      readonly intercept = async (_call: InterceptedCall, next: Next): Promise<unknown> => next();

      constructor() {
        throw new RangeError('no');
      }
    }
    @Module({ interceptors: [Failing] })
    class Guard {}
    await assert.rejects(start(Guard), {
      code: 'KERNEL_SERVICE_FAILED',
      message: /Guard \(.*\): the service Failing could not be made, because its constructor failed: RangeError: no/,
    });
  });
});

describe('a handler that nothing runs around', () => {
  const parts = { callScope: undefined, interceptor: () => assert.fail('no interceptor is there') };
  const calls = new ModuleCalls('Guard', [], () => parts);
  const handler = async (): Promise<Response> => new Response();

  it('stays what it is', () => {
    const place = { category: 'spam_checker', name: 'user_may_join_room' };
    assert.equal(calls.callback(handler, place), handler);
    assert.equal(calls.intercepted(handler, place, []), handler);
    assert.equal(calls.hasCallScope, false);
  });

  it('stays what it is as a web resource, in each form', () => {
    for (const resource of [handler, { GET: handler }, { fetch: handler }]) {
      assert.equal(calls.webResource(resource, '/x'), resource);
    }
    assert.equal(calls.webMember(handler, '/x'), handler);
    assert.equal(calls.webMember(handler, '/x', []), handler);
  });
});
