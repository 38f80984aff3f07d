import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { inject, injectable, postConstruct, preDestroy } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { deferred } from '../../support/deferred.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

/** What happened, in order; emptied by each start. */
let story: string[] = [];
/** How many visits were made; reset by each start. */
let count = 0;

const alice = '@alice:here' as UserId;
const room = '!r:here' as RoomId;
const path = '/_synapse/client/words';

async function start(
  type: Class,
  host = new TestModuleHost(),
): Promise<{ host: TestModuleHost; modules: RunningModules }> {
  story = [];
  count = 0;
  return { host, modules: await openModules([loaded(type)], host) };
}

const join = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_join_room', alice, room, false);
const invite = (host: TestModuleHost): Promise<unknown> =>
  host.dispatch.ask('spam_checker', 'user_may_invite', alice, alice, room);

async function fetchFrom(host: TestModuleHost, method = 'GET'): Promise<Response> {
  const answer = await host.webResources.handle(new Request(`http://here${path}`, { method }), path);
  assert.ok(answer);
  return answer;
}

/** Lets what was begun go on until the story is as long. */
async function untilStoryHas(length: number): Promise<void> {
  for (let turns = 0; story.length < length && turns < 1000; turns++) await new Promise(setImmediate);
}

/** Tells of its life; each of them is numbered. */
@injectable()
class Visit {
  readonly number = ++count;

  @postConstruct()
  async open(): Promise<void> {
    await new Promise(setImmediate);
    story.push(`open ${this.number}`);
  }

  @preDestroy()
  async shut(): Promise<void> {
    await new Promise(setImmediate);
    story.push(`shut ${this.number}`);
  }
}

@injectable()
class Page {
  constructor(readonly visit: Visit) {}

  @preDestroy()
  shut(): void {
    story.push(`shut page of ${this.visit.number}`);
  }
}

const perQuestion = (type: Class): ModuleService => ({ provide: type, useClass: type, scope: 'call' });
const services = [perQuestion(Page), perQuestion(Visit)];

describe('a service that lives for one question', () => {
  it('is open before the callback runs, and ended in reverse order before the question is answered', async () => {
    @Module({ services })
    class Guard {
      constructor(readonly page: Page) {}

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        story.push(`asked ${this.page.visit.number}`);
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await join(host);
    story.push('answered');
    await modules.close();
    assert.deepEqual(story, ['open 1', 'asked 1', 'shut page of 1', 'shut 1', 'answered']);
  });

  it('is ended when the callback throws', async () => {
    const failure = new RangeError('no');
    @Module({ services })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        throw failure;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await assert.rejects(join(host), failure);
    assert.deepEqual(story, ['open 1', 'shut page of 1', 'shut 1']);
  });

  it('is ended when one that is made after it fails', async () => {
    class Failing {
      constructor(readonly visit: Visit) {
        throw new RangeError(`no ${visit.number}`);
      }
    }
    inject(Visit)(Failing, undefined, 0);
    @Module({ services: [perQuestion(Visit), perQuestion(Failing)] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await assert.rejects(join(host), /RangeError: no 1/);
    assert.deepEqual(story, ['open 1', 'shut 1']);
  });

  it('that fails to end is logged, the others end, and the answer stands', async () => {
    @injectable()
    class Sticky {
      constructor(readonly visit: Visit) {}

      @preDestroy()
      async shut(): Promise<void> {
        throw new RangeError('stuck');
      }
    }
    @Module({ services: [perQuestion(Visit), perQuestion(Sticky)] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    assert.equal(await join(host), NOT_SPAM);
    assert.deepEqual(story, ['open 1', 'shut 1']);
    assert.deepEqual(host.log.texts, ['error Guard: @preDestroy of the service Sticky failed']);
  });

  it('that opens after its callback was given up is ended all the same', async () => {
    const opening = deferred();
    class Slow {
      @postConstruct()
      async open(): Promise<void> {
        await opening.promise;
        story.push('open');
      }

      @preDestroy()
      shut(): void {
        story.push('shut');
      }
    }
    @Module({ services: [perQuestion(Slow), perQuestion(Visit)] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room', { timeout: 100, onFailure: 'allow' })
      async mayJoin(): Promise<SpamVerdict> {
        story.push('asked');
        return NOT_SPAM;
      }
    }
    const timers = new ManualTimers();
    const plain = new TestModuleHost();
    const { now, after } = timers;
    const { host, modules } = await start(
      Guard,
      Object.assign(plain, { dispatch: new Dispatcher({ log: plain.log, now, after }) }),
    );
    await using _modules = modules;
    const answer = join(host);
    timers.advance(100);
    assert.equal(await answer, NOT_SPAM);
    opening.resolve(undefined);
    await untilStoryHas(3);
    assert.deepEqual(story, ['open', 'shut', 'asked']);
  });

  it('does not reach the instance of an outer question while it ends', async () => {
    class Ledger {
      @inject(Visit) readonly visit!: Visit;
    }
    class Booking {
      @inject(Ledger) readonly ledger!: Ledger;

      @preDestroy()
      shut(): void {
        story.push(`booked for ${this.ledger.visit.number}`);
      }
    }
    @Module({ services: [perQuestion(Visit), Ledger, perQuestion(Booking)] })
    class Guard {
      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        await invite(host);
        story.push('invited');
        return NOT_SPAM;
      }

      @Callback('spam_checker', 'user_may_invite')
      async mayInvite(): Promise<SpamVerdict> {
        return NOT_SPAM;
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.equal(story.slice(0, story.indexOf('invited')).includes('booked for 1'), false);
  });
});

describe('a request to a web resource', () => {
  /** Serves one path with this, and has a page for each request. */
  function serving(answer: (page: Page) => Response | Promise<Response>): Class {
    @Module({ services })
    class Words {
      constructor(readonly page: Page) {}

      @WebResource(path)
      words(): Response | Promise<Response> {
        return answer(this.page);
      }
    }
    return Words;
  }
  const ended = ['open 1', 'asked', 'shut page of 1', 'shut 1'];

  it('is one question, and the next is another', async () => {
    const { host, modules } = await start(serving(({ visit }) => Response.json(visit.number)));
    await using _modules = modules;
    assert.deepEqual(await (await fetchFrom(host)).json(), 1);
    assert.deepEqual(await (await fetchFrom(host)).json(), 2);
    await untilStoryHas(6);
    assert.deepEqual(story.toSorted(), ['open 1', 'open 2', 'shut 1', 'shut 2', 'shut page of 1', 'shut page of 2']);
  });

  it('of a resource that the constructor registers is one question, too', async () => {
    @Module({ services })
    class Words {
      constructor(api: ModuleApi, page: Page) {
        api.registerWebResource(path, { fetch: () => new Response(String(page.visit.number)) });
      }
    }
    const { host, modules } = await start(Words);
    await using _modules = modules;
    assert.equal(await (await fetchFrom(host)).text(), '1');
    await untilStoryHas(3);
    assert.deepEqual(story, ['open 1', 'shut page of 1', 'shut 1']);
  });

  it('that is answered without a body is over with the answer', async () => {
    const { host, modules } = await start(
      serving(() => {
        story.push('asked');
        return new Response(null, { status: 204, headers: { 'x-word': 'casino' } });
      }),
    );
    await using _modules = modules;
    const answer = await fetchFrom(host);
    assert.deepEqual([answer.status, answer.headers.get('x-word')], [204, 'casino']);
    assert.deepEqual(story, ended);
  });

  it('that is answered with no Response or a throw is over, too', async () => {
    for (const answer of [() => 5, () => Promise.reject(new RangeError('no'))]) {
      const { host, modules } = await start(
        serving(() => {
          story.push('asked');
          return answer() as unknown as Response;
        }),
      );
      await using _modules = modules;
      assert.equal((await fetchFrom(host)).status, 500);
      assert.deepEqual(story, ended);
    }
  });

  it('lasts until a streamed body has been read', async () => {
    const isRead = deferred();
    const { host, modules } = await start(
      serving((page) => {
        let chunks = 0;
        const body = new ReadableStream<Uint8Array>(
          {
            pull: async (controller) => {
              if (chunks > 0) await isRead.promise;
              if (++chunks > 3) controller.close();
              else controller.enqueue(Buffer.from(`${page.visit.number}.${chunks} `));
            },
          },
          { highWaterMark: 0 },
        );
        story.push('asked');
        return new Response(body, { status: 201, statusText: 'Made', headers: { 'content-type': 'text/x' } });
      }),
    );
    await using _modules = modules;
    const answer = await fetchFrom(host);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [201, 'text/x']);
    await new Promise(setImmediate);
    assert.deepEqual(story, ['open 1', 'asked']);
    isRead.resolve(undefined);
    assert.equal(await answer.text(), '1.1 1.2 1.3 ');
    await untilStoryHas(4);
    assert.deepEqual(story, ended);
  });

  for (const [title, cancel] of Object.entries({
    'is cancelled': () => {
      story.push('cancelled');
    },
    'cannot even be cancelled': () => {
      story.push('cancelled');
      throw new RangeError('no');
    },
  })) {
    it(`lasts until a streamed body ${title}`, async () => {
      const { host, modules } = await start(
        serving(() => {
          story.push('asked');
          const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
            controller.enqueue(Buffer.from('more '));
          };
          return new Response(new ReadableStream<Uint8Array>({ pull, cancel }));
        }),
      );
      await using _modules = modules;
      const reader = (await fetchFrom(host)).body?.getReader();
      await reader?.read();
      assert.deepEqual(story, ['open 1', 'asked']);
      await reader?.cancel().catch(() => undefined);
      await untilStoryHas(5);
      assert.deepEqual(story, ['open 1', 'asked', 'cancelled', ...ended.slice(2)]);
    });
  }

  it('lasts until a streamed body fails', async () => {
    const { host, modules } = await start(
      serving(() => {
        story.push('asked');
        let pieces = 0;
        const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
          if (pieces++ === 0) {
            controller.enqueue(Buffer.from('more '));
            return;
          }
          await setTimeout(10);
          throw new RangeError('broken');
        };
        return new Response(new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }));
      }),
    );
    await using _modules = modules;
    await assert.rejects((await fetchFrom(host)).text(), RangeError);
    await untilStoryHas(4);
    assert.deepEqual(story, ended);
  });

  it('of HEAD is over although nobody reads the body', async () => {
    const { host, modules } = await start(
      serving(() => {
        story.push('asked');
        return new Response('a text');
      }),
    );
    await using _modules = modules;
    assert.equal((await fetchFrom(host, 'HEAD')).body, null);
    await untilStoryHas(4);
    assert.deepEqual(story, ended);
  });

  it('has an instance of its own while others are answered', async () => {
    const both = deferred();
    const type = serving(async ({ visit }) => {
      const { number } = visit;
      if (number === 2) both.resolve(undefined);
      await both.promise;
      return new Response(`${number} ${visit.number}`);
    });
    const { host, modules } = await start(type);
    await using _modules = modules;
    const answers = await Promise.all([fetchFrom(host), fetchFrom(host)]);
    assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), ['1 1', '2 2']);
  });
});
