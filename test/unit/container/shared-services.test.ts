import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerModule, inject, injectable, multiInject, named, preDestroy } from 'inversify';
import { ModuleApi } from '../../../src/module-api/module-api.js';
import { HostContainer } from '../../../src/container/host-container.js';
import { openModules, type RunningModules } from '../../../src/container/running-modules.js';
import { Module } from '../../../src/decorators/module.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import { Logger } from '../../../src/log/logger.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';
import { RecordingLog } from '../../support/recording-log.js';

/** What happened, in order; emptied by each test that looks at it. */
let story: string[] = [];

@injectable()
class Strikes {
  constructor(
    @inject('config') readonly config: unknown,
    readonly log: Logger,
  ) {
    story.push('made');
  }

  @preDestroy()
  shut(): void {
    story.push('ended');
  }
}

const shared = (type: Class): ModuleService => ({ provide: type, useClass: type, isShared: true });

@Module({ services: [shared(Strikes)] })
class Guard {
  constructor(readonly strikes: Strikes) {}
}

async function start(container: HostContainer, ...configs: readonly unknown[]): Promise<RunningModules> {
  const host = Object.assign(new TestModuleHost(), { container });
  return openModules(
    configs.map((config) => loaded(Guard, config)),
    host,
  );
}

const strikesOf = (modules: RunningModules): readonly Strikes[] =>
  modules.list.map(({ instance }) => (instance as Guard).strikes);

describe('a shared service', () => {
  it('is one for all instances of a module with equal configurations, and another for any other', async () => {
    story = [];
    await using container = new HostContainer(new RecordingLog());
    await using one = await start(container, { most: [1] }, { most: [1] }, { most: [2] });
    await using two = await start(container, { most: [2] });
    const [first, second, third] = strikesOf(one);
    assert.equal(first, second);
    assert.notEqual(first, third);
    assert.equal(strikesOf(two)[0], third);
    assert.deepEqual([first?.config, third?.config], [{ most: [1] }, { most: [2] }]);
    assert.deepEqual(story, ['made', 'made']);
  });

  it('is not that of another host', async () => {
    await using container = new HostContainer(new RecordingLog());
    await using other = new HostContainer(new RecordingLog());
    await using one = await start(container, {});
    await using two = await start(other, {});
    assert.notEqual(strikesOf(one)[0], strikesOf(two)[0]);
  });

  it('is not that of another module', async () => {
    @Module({ services: [shared(Strikes)] })
    class Second {
      constructor(readonly strikes: Strikes) {}
    }
    await using modules = await openModules([loaded(Guard), loaded(Second)], new TestModuleHost());
    assert.notEqual(...(strikesOf(modules) as [Strikes, Strikes]));
  });

  it('ends with the host, not with a module', async () => {
    story = [];
    const container = new HostContainer(new RecordingLog());
    const modules = await start(container, {});
    await modules.close();
    const again = await start(container, {});
    await again.close();
    assert.deepEqual(story, ['made']);
    await container.close();
    assert.deepEqual(story, ['made', 'ended']);
  });

  it('ends with the modules where they have a host container of their own', async () => {
    story = [];
    const modules = await openModules([loaded(Guard)], new TestModuleHost());
    await modules.close();
    assert.deepEqual(story, ['made', 'ended']);
  });

  it('that failed is made anew for the next instance, with what it asks for', async () => {
    let failures = 1;
    class Flaky {
      constructor(readonly strikes: Strikes) {
        if (failures-- > 0) throw new RangeError('no');
      }
    }
    inject(Strikes)(Flaky, undefined, 0);
    @Module({ services: [shared(Flaky), shared(Strikes)] })
    class Guard {
      constructor(readonly flaky: Flaky) {}
    }
    story = [];
    await using container = new HostContainer(new RecordingLog());
    const host = (): TestModuleHost => Object.assign(new TestModuleHost(), { container });
    await assert.rejects(openModules([loaded(Guard)], host()), {
      code: 'KERNEL_SERVICE_FAILED',
      message: /the service Flaky could not be made, because its constructor failed: RangeError: no/,
    });
    assert.deepEqual(story, ['made', 'ended']);
    await using modules = await openModules([loaded(Guard)], host());
    assert.ok((modules.list[0]?.instance as Guard).flaky instanceof Flaky);
    assert.deepEqual(story, ['made', 'ended', 'made']);
  });

  it('may be one of several that a name tells apart, or that are asked for together', async () => {
    @Module({
      services: [
        { provide: 'store', name: 'a', useFactory: () => 'a', isShared: true },
        { provide: 'store', name: 'b', useFactory: () => 'b', isShared: true },
        { provide: 'step', useFactory: () => 'one', isShared: true },
        { provide: 'step', useFactory: () => 'two', isShared: true },
      ],
    })
    class Guard {
      constructor(
        @inject('store') @named('b') readonly b: string,
        @multiInject('step') readonly steps: readonly string[],
      ) {}
    }
    await using modules = await openModules([loaded(Guard)], new TestModuleHost());
    const { b, steps } = modules.list[0]?.instance as Guard;
    assert.deepEqual([b, steps], ['b', ['one', 'two']]);
  });

  it('may ask for values, other shared services and other names of them', async () => {
    class Ledger {
      constructor(
        readonly strikes: Strikes,
        readonly alias: Strikes,
        readonly word: string,
      ) {}
    }
    [Strikes, 'strikes', 'word'].forEach((key, index) => {
      inject(key)(Ledger, undefined, index);
    });
    @Module({
      services: [
        shared(Ledger),
        shared(Strikes),
        { provide: 'strikes', useExisting: Strikes },
        { provide: 'word', useValue: 'casino' },
      ],
    })
    class Guard {
      constructor(readonly ledger: Ledger) {}
    }
    await using modules = await openModules([loaded(Guard)], new TestModuleHost());
    const { strikes, alias, word } = (modules.list[0]?.instance as Guard).ledger;
    assert.equal(strikes, alias);
    assert.equal(word, 'casino');
  });
});

describe('a shared service that asks for', () => {
  class Own {}
  const bound = new ContainerModule(({ bind }) => {
    bind('own').to(Own);
  });
  const table: Readonly<
    Record<string, readonly [key: Class | string | typeof ModuleApi, services: readonly ModuleService[], name: string]>
  > = {
    'the ModuleApi': [ModuleApi, [], 'ModuleApi'],
    'what each instance has its own of': [Own, [Own], 'Own'],
    'what lives for one question': [Own, [{ provide: Own, useClass: Own, scope: 'call' }], 'Own'],
    'another name of what each instance has its own of': ['own', [Own, { provide: 'own', useExisting: Own }], 'Own'],
    'what a factory makes for each instance': ['own', [{ provide: 'own', useFactory: () => 1 }], '"own"'],
    'what a ContainerModule binds': ['own', [bound], '"own"'],
  };
  for (const [title, [key, services, name]] of Object.entries(table)) {
    it(`${title} is refused before anything is made`, async () => {
      class Asking {
        constructor(readonly asked: unknown) {
          story.push('made Asking');
        }
      }
      inject(key)(Asking, undefined, 0);
      @Module({ services: [shared(Asking), ...services] })
      class Guard {
        constructor(readonly asking: Asking) {}
      }
      story = [];
      const error: unknown = await openModules([loaded(Guard)], new TestModuleHost()).catch(
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof VesicleError, String(error));
      assert.equal(error.code, 'KERNEL_SHARED_ASKS');
      assert.match(error.message, new RegExp(`: a shared service cannot ask for ${name}, `));
      assert.deepEqual(story, []);
    });
  }
});
