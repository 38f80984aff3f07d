import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerModule, inject, postConstruct } from 'inversify';
import type { CachedFunction } from '../../../src/module-api/cached-function.js';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import type { Registrar } from '../../../src/module-api/registrar.js';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Cached } from '../../../src/decorators/cached.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { bareModuleApi } from '../../support/bare-module-api.js';
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

describe('@Cached', () => {
  class Dictionary {
    @Cached()
    async meaningOf(word: string): Promise<string> {
      story.push(word);
      return word.toUpperCase();
    }
  }
  const bound = new ContainerModule(({ bind }) => {
    bind(Dictionary).toSelf().inSingletonScope();
    bind('dictionary').toService(Dictionary);
  });
  const forms: Readonly<Record<string, readonly ModuleService[]>> = {
    'a class': [Dictionary, { provide: 'dictionary', useExisting: Dictionary }],
    'a class behind a key': [{ provide: 'dictionary', useClass: Dictionary }],
    'a class that a ContainerModule binds': [bound],
  };
  for (const [title, services] of Object.entries(forms)) {
    it(`keeps results of a service that is ${title}, and the homeserver knows`, async () => {
      const names: string[] = [];
      const registerCachedFunction = async ({ cacheName }: CachedFunction): Promise<void> => {
        await new Promise(setImmediate);
        names.push(cacheName);
      };
      const createModuleApi = (registrar: Registrar): ModuleApi =>
        Object.assign(bareModuleApi(registrar), { registerCachedFunction });
      story = [];
      const host = Object.assign(new TestModuleHost(), { createModuleApi });
      await using modules = await openModules([loaded(needing(services, 'dictionary'))], host);
      const { given } = modules.list[0]?.instance as { given: Dictionary };
      assert.deepEqual(names, ['Guard.Dictionary.meaningOf']);
      assert.deepEqual(
        [await given.meaningOf('a'), await given.meaningOf('a'), await given.meaningOf('b')],
        ['A', 'A', 'B'],
      );
      assert.deepEqual(story, ['made Guard', 'a', 'b']);
    });
  }
});

describe('the configuration', () => {
  it('is given as its class and base class, and as the mapping of the file', async () => {
    class Limits {
      most = 1;
    }
    class MyLimits extends Limits {
      least = 0;
    }
    @Module({ config: MyLimits })
    class Guard {
      @inject('config') readonly raw: unknown;

      constructor(
        readonly own: MyLimits,
        readonly base: Limits,
      ) {}
    }
    const config = new MyLimits();
    const rawConfig = { most: '1' };
    await using modules = await openModules([loaded(Guard, config, { rawConfig })], new TestModuleHost());
    const { own, base, raw } = modules.list[0]?.instance as Guard;
    assert.deepEqual([own === config, base === config, raw === rawConfig], [true, true, true]);
  });
});

describe('a class decorator above @Module', () => {
  it('may put a subclass in the place of the class', async () => {
    const replace = <T extends Class>(type: T): T => {
      const base = type as Class;
      return class extends base {
        readonly isReplaced = true;
      } as unknown as T;
    };
    class Words {
      readonly banned = 'casino';
    }
    @replace
    @Module({ services: [Words] })
    class Guard {
      @inject('config') readonly raw: unknown;

      constructor(readonly words: Words) {}

      @postConstruct()
      open(): void {
        story.push('open');
      }

      @Callback('spam_checker', 'user_may_join_room')
      async mayJoin(): Promise<SpamVerdict> {
        return telling(`${this.words.banned} ${JSON.stringify(this.raw)}`)();
      }
    }
    const { host, modules } = await start(Guard);
    await using _modules = modules;
    await join(host);
    assert.deepEqual(story, ['open', 'casino {}']);
    const [only] = modules.list;
    assert.equal(only?.name, 'Guard');
    assert.equal((only.instance as { isReplaced?: boolean }).isReplaced, true);
  });
});
