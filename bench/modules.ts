import { Controller, Get, Injectable, Logger, Module as NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ModuleApi } from '../src/api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../src/callbacks/spam-verdict.js';
import { Callback } from '../src/decorators/callback.js';
import { Module } from '../src/decorators/module.js';
import { Dispatcher } from '../src/dispatch/dispatcher.js';
import { openModules } from '../src/container/running-modules.js';
import type { MatrixEvent } from '../src/matrix/event.js';
import type { Class } from '../src/metadata/metadata-store.js';
import { bareModuleApi } from '../test/support/bare-module-api.js';
import { WebResources } from '../src/web/web-resources.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { byTurns } from './measure.js';
import { silentLog } from '../src/log/silent-log.js';

const rounds = 11;
const many = 500;
const few = 125;

/** What starting so many modules takes, beside NestJS with as many controllers; classes are new in each round. */
export async function modules(): Promise<readonly BenchRow[]> {
  Logger.overrideLogger(false);
  const figures = await byTurns(
    {
      many: () => startModules(many),
      few: () => startModules(few),
      nest: () => startNest(many),
    },
    rounds,
  );
  const { many: all = NaN, few: some = NaN, nest = NaN } = figures;
  return [
    benchRow('modules/500', all, 'ms', 'NestJS, 500 controllers', nest),
    benchRow('modules/linear', (all * 1000) / many, 'us a module', `with ${few} modules`, (some * 1000) / few),
  ];
}

async function startModules(count: number): Promise<number> {
  const log = silentLog;
  const loaded = Array.from({ length: count }, (_, index) => ({
    name: `./module-${index}.ts`,
    type: moduleClass(),
    config: {},
    at: 'vesicle.yaml:1:1',
  }));
  const host = {
    log,
    dispatch: new Dispatcher({ log }),
    webResources: new WebResources(log),
    createModuleApi: bareModuleApi,
  };
  const start = performance.now();
  const running = await openModules(loaded, host);
  const time = performance.now() - start;
  await running.close();
  return time;
}

function moduleClass(): Class {
  @Module()
  class Guard {
    constructor(readonly api: ModuleApi) {}

    @Callback('spam_checker', 'check_event_for_spam')
    async check(_event: MatrixEvent): Promise<SpamVerdict> {
      return NOT_SPAM;
    }
  }
  return Guard;
}

@Injectable()
class Service {}

async function startNest(count: number): Promise<number> {
  @NestModule({
    controllers: Array.from({ length: count }, (_, index) => controllerClass(index)),
    providers: [Service],
  })
  class App {}
  const start = performance.now();
  const app = await NestFactory.create(App);
  await app.init();
  const time = performance.now() - start;
  await app.close();
  return time;
}

function controllerClass(index: number): Class {
  @Controller(`path-${index}`)
  class Guard {
    constructor(readonly service: Service) {}

    @Get()
    async check(): Promise<string> {
      return 'fine';
    }
  }
  return Guard;
}
