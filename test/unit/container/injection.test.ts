import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getClassMetadata } from '@inversifyjs/core';
import { type BindInWhenOnFluentSyntax, type BindWhenFluentSyntax, Container, ContainerModule } from 'inversify';
import { openModules } from '../../../src/container/running-modules.js';
import { Module } from '../../../src/decorators/module.js';
import type { Class } from '../../../src/metadata/metadata-store.js';
import type { ModuleService } from '../../../src/metadata/module-options.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';
import { type CaseService, type Expected, type InjectionCase, injectionCases } from './injection.case.js';

type Outcome = (injection: InjectionCase) => Promise<Expected>;

/** The case in a bare container of Inversify. */
const inBareContainer: Outcome = async ({ services, root, seen, story }) => {
  const container = new Container();
  try {
    for (const service of services) await bindBare(container, service);
    container.bind(root).toSelf().inSingletonScope();
    const instance = await container.getAsync<object>(root);
    const found = seen?.(instance);
    await container.unbindAllAsync();
    return { seen: found, ...(story && { story }) };
  } catch {
    return 'refused';
  }
};

/** The same case with the root as a module. */
const inModule: Outcome = async ({ services, root, seen, story }) => {
  Module({ services: services as readonly ModuleService[] })(root);
  try {
    const modules = await openModules([loaded(root)], new TestModuleHost());
    const instance = modules.list[0]?.instance;
    assert.ok(instance);
    const found = seen?.(instance);
    await modules.close();
    return { seen: found, ...(story && { story }) };
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return 'refused';
  }
};

async function bindBare(container: Container, service: CaseService): Promise<void> {
  if (service instanceof ContainerModule) {
    await container.loadAsync(service);
    return;
  }
  if (typeof service === 'function') {
    scoped(container.bind(service).toSelf(), service, undefined);
    return;
  }
  const { provide, useClass, useFactory, useExisting, useValue, scope, name, tags = {} } = service;
  const binding = container.bind<unknown>(provide);
  if (useExisting !== undefined) {
    binding.toService(useExisting);
    return;
  }
  let bound: BindWhenFluentSyntax<unknown>;
  if (useClass !== undefined) bound = scoped(binding.to(useClass), useClass, scope);
  else if (useFactory !== undefined) bound = scoped(binding.toDynamicValue(useFactory), undefined, scope);
  else bound = binding.toConstantValue(useValue);
  const stated = Object.entries(tags);
  if (name === undefined && stated.length === 0) return;
  bound.when(
    (asked) =>
      (name === undefined || asked.name === name) && stated.every(([tag, value]) => asked.tags.get(tag) === value),
  );
}

/** As stated, by `@injectable` at last; where nothing is, one instance for the module. */
function scoped(
  bound: BindInWhenOnFluentSyntax<unknown>,
  type: Class | undefined,
  scope: 'singleton' | 'transient' | undefined,
): BindWhenFluentSyntax<unknown> {
  if (scope === 'transient') return bound.inTransientScope();
  const isStated = scope === undefined && type !== undefined && getClassMetadata(type).scope !== undefined;
  return isStated ? bound : bound.inSingletonScope();
}

const hosts: Readonly<Record<string, Outcome>> = {
  'a bare container of Inversify': inBareContainer,
  "a module's container": inModule,
};

for (const [host, outcomeOf] of Object.entries(hosts)) {
  describe(`${host} injects`, () => {
    for (const [title, [make, expected]] of Object.entries(injectionCases())) {
      it(title, async () => {
        assert.deepEqual(await outcomeOf(make()), expected);
      });
    }
  });
}
