import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inject, injectable, postConstruct } from 'inversify';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { Question } from '../../../src/dispatch/question.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
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

describe('outside of a question', () => {
  const refused = (error: unknown, why: RegExp): true => {
    assert.ok(error instanceof VesicleError);
    assert.equal(error.code, 'KERNEL_NO_QUESTION');
    assert.match(error.message, /^\[KERNEL_NO_QUESTION\] Guard: Visit lives for one question of the homeserver, and /);
    assert.match(error.message, why);
    return true;
  };

  it('such a service cannot be used, and is named', async () => {
    for (const at of ['constructor', '@postConstruct'] as const) {
      @Module({ services: [perQuestion(Visit)] })
      class Guard {
        constructor(readonly visit: Visit) {
          if (at === 'constructor') this.use();
        }

        @postConstruct()
        async open(): Promise<void> {
          await new Promise(setImmediate);
          this.use();
        }

        use(): void {
          this.visit.note('too early');
        }
      }
      await assert.rejects(start(Guard), (error) => refused(error, /there is none now/));
    }
  });

  it('nothing can be done with it', async () => {
    const type = asking<Visit>([perQuestion(Visit)], Visit, () => NOT_SPAM);
    const { host, modules } = await start(type);
    await using _modules = modules;
    await join(host);
    const { given } = modules.list[0]?.instance as { given: Visit };
    const uses: readonly (() => unknown)[] = [
      () => given.number,
      () => {
        given.notes = [];
      },
      () => 'notes' in given,
      () => Object.keys(given),
      () => Reflect.deleteProperty(given, 'notes'),
    ];
    for (const use of uses) assert.throws(use, (error) => refused(error, /there is none now/));
    assert.equal(given instanceof Visit, true);
  });

  it('after the answer, what still runs cannot use it', async () => {
    const answered = deferred();
    const late = deferred<unknown>();
    const type = asking<Visit>([perQuestion(Visit)], Visit, (visit) => {
      void answered.promise.then(() => visit.number).then(late.resolve, late.resolve);
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await join(host);
    answered.resolve(undefined);
    refused(await late.promise, /the question it belongs to has been answered/);
  });

  it('a module without such services is asked without a question', async () => {
    const questions: unknown[] = [];
    const type = asking<Visit>([Visit], Visit, () => {
      questions.push(Question.current());
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(questions, [undefined]);
  });

  it('what is no object cannot be used', async () => {
    const services: readonly ModuleService[] = [{ provide: 'number', useFactory: () => 5, scope: 'call' }];
    const type = asking<number>(services, 'number', (given) => (String(given) === '5' ? NOT_SPAM : Codes.FORBIDDEN));
    const { host, modules } = await start(type);
    await using _modules = modules;
    await assert.rejects(join(host), { code: 'KERNEL_NO_QUESTION', message: /"number" lives .* no object/ });
  });
});

describe('a service of a question that fails', () => {
  const failing = (error: unknown, at: 'constructor' | '@postConstruct'): Class => {
    class Failing {
      constructor() {
        if (at === 'constructor') throw error;
      }

      @postConstruct()
      async open(): Promise<void> {
        if (at === '@postConstruct') throw error;
      }
    }
    return asking<Failing>([perQuestion(Visit), perQuestion(Failing)], Failing, () => {
      story.push('asked');
      return NOT_SPAM;
    });
  };

  const phases = { constructor: 'its constructor', '@postConstruct': '@postConstruct' } as const;
  for (const [at, phase] of Object.entries(phases) as [keyof typeof phases, string][]) {
    it(`in ${phase} counts as a throw of the callback, and is named`, async () => {
      const cause = new RangeError('no');
      const { host, modules } = await start(failing(cause, at));
      await using _modules = modules;
      await assert.rejects(join(host), {
        code: 'KERNEL_SERVICE_FAILED',
        message: `[KERNEL_SERVICE_FAILED] Guard (./Guard.ts, vesicle.yaml:3:5): the service Failing could not be made, because ${phase} failed: RangeError: no`,
        cause,
      });
      assert.deepEqual(story, []);
      assert.deepEqual(host.log.texts, ['error Guard: spam_checker.user_may_join_room threw']);
    });

    it(`in ${phase} with a SynapseError answers with that`, async () => {
      const answer = new SynapseError(429, 'Slow down', Codes.LIMIT_EXCEEDED);
      const { host, modules } = await start(failing(answer, at));
      await using _modules = modules;
      await assert.rejects(join(host), answer);
      assert.deepEqual(host.log.texts, []);
    });
  }

  it('in its factory is named, and the next question makes it anew', async () => {
    let isFailing = true;
    const useFactory = async (): Promise<object> => {
      if (isFailing) throw new RangeError('no');
      return { number: 1 };
    };
    const services: readonly ModuleService[] = [{ provide: 'store', useFactory, scope: 'call' }];
    const type = asking<{ number: number }>(services, 'store', ({ number }) => {
      story.push(`asked ${number}`);
      return NOT_SPAM;
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    await assert.rejects(join(host), {
      code: 'KERNEL_SERVICE_FAILED',
      message: /the service "store" could not be made, because its factory failed: RangeError: no/,
    });
    isFailing = false;
    await join(host);
    assert.deepEqual(story, ['asked 1']);
  });

  it('because of @postConstruct of what it asks for is named after that', async () => {
    const answer = new SynapseError(429, 'Slow down', Codes.LIMIT_EXCEEDED);
    for (const cause of [new RangeError('no'), answer]) {
      class Fresh {
        @postConstruct()
        open(): void {
          if (Question.current() !== undefined) throw cause;
        }
      }
      class Page {
        @inject(Fresh) readonly fresh: unknown;
      }
      const services: readonly ModuleService[] = [
        { provide: Fresh, useClass: Fresh, scope: 'transient' },
        perQuestion(Page),
      ];
      const { host, modules } = await start(asking<Page>(services, Page, () => NOT_SPAM));
      await using _modules = modules;
      const expected = {
        message: /the service Fresh could not be made, because @postConstruct failed: RangeError: no/,
        cause,
      };
      await assert.rejects(join(host), cause === answer ? answer : expected);
    }
  });
});
