import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injectable, preDestroy } from 'inversify';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { Cached } from '../../src/decorators/cached.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import { FakeBridge } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';

const told: string[] = [];

@injectable()
class Counter {
  count = 0;

  @preDestroy()
  end(): void {
    told.push(`counter ended at ${this.count}`);
  }
}

@injectable()
class Own {
  count = 0;
}

@Module({ services: [{ provide: Counter, useClass: Counter, isShared: true }, Own] })
class Counting {
  constructor(
    private readonly counter: Counter,
    private readonly own: Own,
    private readonly api: ModuleApi,
  ) {}

  @Callback('third_party_rules', 'on_threepid_bind')
  async onBind(): Promise<void> {
    this.counter.count++;
    this.own.count++;
    told.push(`${String(this.api.workerName)} ${this.counter.count} ${this.own.count}`);
  }

  @preDestroy()
  end(): void {
    told.push(`${String(this.api.workerName)} ended`);
  }
}

const bind = ['third_party_rules.on_threepid_bind', '@a:x', 'email', 'a@x'] as const;

test('each process has instances of its own, and shared services are there once', async (t) => {
  const { address, host } = await openTestHost(t, { c: Counting });
  const modules = [{ module: 'c', config: { a: 1 } }];
  const main = await FakeBridge.open(t, address, modules);
  const worker = await FakeBridge.open(t, address, modules, { homeserver: { worker_name: 'w1' } });
  const other = await FakeBridge.open(t, address, [{ module: 'c', config: { a: 2 } }], {
    homeserver: { worker_name: 'w2' },
  });
  await main.invoke(...bind);
  await worker.invoke(...bind);
  await other.invoke(...bind);
  await main.invoke(...bind);
  assert.deepEqual(told.splice(0), ['null 1 1', 'w1 2 1', 'w2 1 1', 'null 3 2']);
  worker.socket.destroy();
  main.socket.destroy();
  other.socket.destroy();
  await host.close();
  assert.deepEqual(told.splice(0).sort(), [
    'counter ended at 1',
    'counter ended at 3',
    'null ended',
    'w1 ended',
    'w2 ended',
  ]);
});

test('homeservers that use the same module host share no services', async (t) => {
  const { address } = await openTestHost(t, { c: Counting });
  const modules = [{ module: 'c' }];
  const here = await FakeBridge.open(t, address, modules, { homeserver: { worker_name: 'here' } });
  const there = await FakeBridge.open(t, address, modules, {
    homeserver: { server_name: 'there.test', worker_name: 'there' },
  });
  told.length = 0;
  await here.invoke(...bind);
  await there.invoke(...bind);
  assert.deepEqual(told, ['here 1 1', 'there 1 1']);
});

test('a shared service cannot ask for what each process has of its own', async (t) => {
  @injectable()
  class Greedy {
    constructor(
      readonly api: ModuleApi,
      readonly own: Own,
    ) {}
  }
  @Module({ services: [{ provide: Greedy, useClass: Greedy, isShared: true }, Own] })
  class Asking {
    constructor(readonly greedy: Greedy) {}
  }
  const { address } = await openTestHost(t, { a: Asking });
  await assert.rejects(FakeBridge.open(t, address, [{ module: 'a' }]), /KERNEL_SHARED_ASKS\] Greedy.*ModuleApi[^]*Own/);
});

@Module({ runOn: 'background' })
class InBackground {}
@Module({ runOn: 'main' })
class OnMain {}
@Module({ runOn: 'w1' })
class OnWorker {}
@Module({})
class Everywhere {}

test('runOn says which processes a module runs in', async (t) => {
  const classes = { InBackground, OnMain, OnWorker, Everywhere };
  const { address, log } = await openTestHost(t, classes);
  const modules = Object.keys(classes).map((module) => ({ module }));
  await FakeBridge.open(t, address, modules, { homeserver: { run_background_tasks: false } });
  await FakeBridge.open(t, address, modules, { homeserver: { worker_name: 'w1' } });
  await FakeBridge.open(t, address, modules, { homeserver: { worker_name: 'w2', run_background_tasks: false } });
  const lines = log.texts.filter((text) => text.includes(' uses '));
  assert.deepEqual(lines, [
    'info Synapse 1.163.2 uses OnMain, Everywhere',
    'info Synapse 1.163.2 uses InBackground, OnWorker, Everywhere',
    'info Synapse 1.163.2 uses Everywhere',
  ]);
});

let looks = 0;

@Module({})
class Looking {
  @Cached()
  async look(userId: string): Promise<string> {
    return `${userId} ${++looks}`;
  }

  @Callback('third_party_rules', 'on_threepid_bind')
  async onBind(userId: string): Promise<void> {
    told.push(await this.look(userId));
  }
}

test('results are forgotten when another process says so: one of them, or all', async (t) => {
  const { address } = await openTestHost(t, { l: Looking });
  const bridge = await FakeBridge.open(t, address, [{ module: 'l' }]);
  const lookAtBoth = async (): Promise<readonly string[]> => {
    for (const userId of ['@a:x', '@b:x']) {
      await bridge.invoke('third_party_rules.on_threepid_bind', userId, 'email', 'a@x');
    }
    return told.splice(0);
  };
  const rows = [
    { keys: ['@c:x'], then: ['@a:x 1', '@b:x 2'] },
    { keys: ['@b:x'], then: ['@a:x 1', '@b:x 3'] },
    { keys: null, then: ['@a:x 4', '@b:x 5'] },
  ];
  await lookAtBoth();
  for (const { keys, then } of rows) {
    bridge.notify('cache.invalidate', { cache: 'Looking.look', keys });
    assert.deepEqual(await lookAtBoth(), then);
  }
});

test('a host that stops lets calls in flight end, says goodbye and ends the modules', async (t) => {
  let go = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (go = resolve));
  const begun = new Promise<void>((resolve) => {
    slow.begin = async (): Promise<void> => {
      resolve();
      await waiting;
    };
  });
  const { address, host } = await openTestHost(t, { s: Slow });
  const bridge = await FakeBridge.open(t, address, [{ module: 's' }]);
  const answer = bridge.invoke('third_party_rules.check_can_deactivate_user', '@a:x', false);
  await begun;
  const closed = host.close();
  go();
  assert.equal(await answer, false);
  await closed;
  assert.deepEqual((await bridge.heard('bye'))['reason'], 'the module host stops');
  assert.deepEqual(told.splice(0), ['slow ended']);
});

const slow = { begin: async (): Promise<void> => undefined };

@Module({})
class Slow {
  @Callback('third_party_rules', 'check_can_deactivate_user')
  async mayDeactivate(): Promise<boolean> {
    await slow.begin();
    return false;
  }

  @preDestroy()
  end(): void {
    told.push('slow ended');
  }
}
