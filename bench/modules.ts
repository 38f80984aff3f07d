import { Controller, Get, Injectable, Logger as NestLogger, Module as NestModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Container, injectable } from 'inversify';
import { ModuleApi } from '../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../src/callbacks/spam-verdict.js';
import { Logger } from '../src/log/logger.js';
import { silentLog } from '../src/log/silent-log.js';
import type { MatrixEvent } from '../src/matrix/event.js';
import type { Class } from '../src/metadata/metadata-store.js';
import { bareModuleApi } from '../test/support/bare-module-api.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { manyModules } from './many-modules.js';
import { byTurns } from './measure.js';

const rounds = 31;
const many = 500;
const few = 125;

/**
 * What starting so many modules takes, beside NestJS with as many controllers, and beside the same classes in as many child
 * containers of bare Inversify, which are given what a module is given; classes are new in each round.
 */
export async function modules(): Promise<readonly BenchRow[]> {
  NestLogger.overrideLogger(false);
  const figures = await byTurns(
    {
      few: () => startModules(few),
      many: () => startModules(many),
      inversify: () => startInversify(many),
      inversifyAgain: () => startInversify(many),
      manyAgain: () => startModules(many),
      nest: () => startNest(many),
    },
    rounds,
  );
  const { few: some = NaN, many: first = NaN, manyAgain = NaN, nest = NaN } = figures;
  // Each of the two goes first once in a round: who comes second collects what the first has left.
  const all = (first + manyAgain) / 2;
  const inversify = ((figures['inversify'] ?? NaN) + (figures['inversifyAgain'] ?? NaN)) / 2;
  return [
    benchRow('modules/500', all, 'ms', 'NestJS, 500 controllers', nest),
    benchRow('modules/inversify', all, 'ms', '500 child containers of bare Inversify', inversify),
    benchRow('modules/linear', (all * 1000) / many, 'us a module', `with ${few} modules`, (some * 1000) / few),
  ];
}

async function startModules(count: number): Promise<number> {
  const open = manyModules(count);
  const start = performance.now();
  const running = await open();
  const time = performance.now() - start;
  await running.close();
  return time;
}

/** The same classes, without what makes modules of them. */
async function startInversify(count: number): Promise<number> {
  const types = Array.from({ length: count }, () => guardClass());
  const api = bareModuleApi(unusedRegistrar);
  const registered: object[] = [];
  // Who makes them ends them, too.
  const children: Container[] = [];
  const start = performance.now();
  const host = new Container();
  host.bind(Logger).toConstantValue(silentLog);
  for (const type of types) {
    const child = new Container({ parent: host });
    child.bind(ModuleApi).toConstantValue(api);
    child.bind(Logger).toConstantValue(silentLog);
    child.bind('config').toConstantValue({});
    child
      .bind<object>(type)
      .toSelf()
      .inSingletonScope()
      .onActivation((_context, instance) => {
        registered.push(instance);
        return instance;
      });
    await child.getAsync(type);
    children.push(child);
  }
  const time = performance.now() - start;
  for (const child of children.toReversed()) await child.unbindAllAsync();
  if (registered.length !== count) throw new Error('Not every class was made');
  return time;
}

function guardClass(): Class {
  @injectable()
  class Guard {
    constructor(readonly api: ModuleApi) {}

    async check(_event: MatrixEvent): Promise<SpamVerdict> {
      return NOT_SPAM;
    }
  }
  return Guard;
}

const unusedRegistrar = {
  registerCallbacks: (): void => undefined,
  registerWebResource: (): void => undefined,
};

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
