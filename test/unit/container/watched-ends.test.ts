import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerModule, inject, injectable, preDestroy } from 'inversify';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { openModules } from '../../../src/container/running-modules.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

@injectable()
class Plain {}

let ended = 0;

@injectable()
class Ending {
  @preDestroy()
  shut(): void {
    ended++;
  }
}

const key = Symbol('service');

/** Starts a module with a service and a watcher of its end, asks it one question, and closes it; how often the end was heard of. */
async function heardOf(service: ModuleService, binds: boolean): Promise<number> {
  let heard = 0;
  const watcher = new ContainerModule(({ bind, onDeactivation }) => {
    if (binds) bind('other').toConstantValue(1);
    onDeactivation(key, () => {
      heard++;
    });
  });

  @Module({ services: [service, watcher] })
  class Guard {
    constructor(@inject(key) readonly service: object) {}

    @Callback('spam_checker', 'user_may_join_room')
    async mayJoin(): Promise<SpamVerdict> {
      return NOT_SPAM;
    }
  }
  ended = 0;
  const host = new TestModuleHost();
  const modules = await openModules([loaded(Guard)], host);
  await host.dispatch.ask('spam_checker', 'user_may_join_room', '@alice:here' as UserId, '!r:here' as RoomId, false);
  await modules.close();
  return heard;
}

describe('what a ContainerModule asked to hear of', () => {
  for (const [title, service, ends] of [
    ['a class', { provide: key, useClass: Plain }, 0],
    ['a class with @preDestroy', { provide: key, useClass: Ending }, 1],
    ['what a factory made', { provide: key, useFactory: () => new Plain() }, 0],
    ['what a factory made later', { provide: key, useFactory: async () => new Plain() }, 0],
  ] as const) {
    for (const binds of [true, false]) {
      it(`is told when ${title} ends, and the watcher binds ${binds ? 'something' : 'nothing'}`, async () => {
        assert.equal(await heardOf(service, binds), 1);
        assert.equal(ended, ends);
      });
    }
  }
});
