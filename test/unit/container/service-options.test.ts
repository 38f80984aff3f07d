import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerModule } from 'inversify';
import { servicesProblems } from '../../../src/container/service-check.js';
import { openModules } from '../../../src/container/running-modules.js';
import { Module } from '../../../src/decorators/module.js';
import { loaded, TestModuleHost } from '../../support/module-host.js';

class Store {}

const kinds = 'must be a class, a ContainerModule, or { provide, useClass | useValue | useFactory | useExisting }';
const scopes = 'must be "singleton", "transient" or "call"';

describe('a service', () => {
  const right: Readonly<Record<string, unknown>> = {
    'that is a class': Store,
    'that is a ContainerModule': new ContainerModule(() => undefined),
    'that is a ContainerModule of another copy of Inversify': { id: 1, load: () => undefined },
    'with a class behind a key': { provide: 'store', useClass: Store },
    'with a factory': { provide: Symbol('store'), useFactory: () => 1 },
    'with a value that is undefined': { provide: Store, useValue: undefined },
    'that is another name of one': { provide: 'store', useExisting: Store },
    'with every option of what is made': {
      provide: Store,
      useClass: Store,
      scope: 'singleton',
      isShared: true,
      name: 'first',
      tags: { colour: 'red' },
    },
    'that lives for one question': { provide: Store, useFactory: async () => new Store(), scope: 'call' },
    'that each injection has its own of': { provide: Store, useClass: Store, scope: 'transient', isShared: false },
    'with a name that is a symbol': { provide: 'store', useValue: 1, name: Symbol('first') },
    'with options that are undefined': {
      provide: Store,
      useClass: Store,
      scope: undefined,
      isShared: undefined,
      name: undefined,
      tags: undefined,
    },
  };
  for (const [title, service] of Object.entries(right)) {
    it(`${title} is taken`, () => {
      assert.deepEqual(servicesProblems([service]), []);
    });
  }

  const wrong: Readonly<Record<string, readonly [service: unknown, ...problems: string[]]>> = {
    'that is null': [null, ` ${kinds}`],
    'that is undefined': [undefined, ` ${kinds}`],
    'that is a text': ['Store', ` ${kinds}`],
    'that is a number': [5, ` ${kinds}`],
    'that is an empty object': [{}, ` ${kinds}`],
    'with a key and nothing behind it': [{ provide: Store }, ` ${kinds}`],
    'with nothing to ask for it by': [{ useClass: Store }, ` ${kinds}`],
    'with a load that is no function': [{ load: true }, ` ${kinds}`],
    'in two forms': [{ provide: Store, useClass: Store, useValue: 1 }, ' has useClass and useValue; give one of them'],
    'in two forms, one of them undefined': [
      { provide: Store, useFactory: undefined, useExisting: 'store' },
      ' has useFactory and useExisting; give one of them',
    ],
    'with an option that is nearly one': [
      { provide: Store, useClass: Store, scop: 'call' },
      ': there is no option "scop". Did you mean "scope"?',
    ],
    'with an option that is like no other': [
      { provide: Store, useClass: Store, lifetimeOfAll: 1 },
      ': there is no option "lifetimeOfAll".',
    ],
    'with a form that is misspelt': [{ provide: Store, useclass: Store }, ` ${kinds}`],
    'with a scope of a value': [
      { provide: 'store', useValue: 1, scope: 'call' },
      ': scope means nothing with useValue',
    ],
    'with a scope of another name': [
      { provide: 'store', useExisting: Store, scope: 'transient' },
      ': scope means nothing with useExisting',
    ],
    'that is a shared value': [
      { provide: 'store', useValue: 1, isShared: true },
      ': isShared means nothing with useValue',
    ],
    'that is another name and shared': [
      { provide: 'store', useExisting: Store, isShared: true },
      ': isShared means nothing with useExisting',
    ],
    'that is shared for each question': [
      { provide: Store, useClass: Store, isShared: true, scope: 'call' },
      ': what is shared is made once, so scope cannot be "call"',
    ],
    'that is shared for each injection': [
      { provide: Store, useFactory: () => 1, isShared: true, scope: 'transient' },
      ': what is shared is made once, so scope cannot be "transient"',
    ],
    'with an unknown scope': [{ provide: Store, useClass: Store, scope: 'request' }, `.scope ${scopes}`],
    'with a scope that is null': [{ provide: Store, useClass: Store, scope: null }, `.scope ${scopes}`],
    'with a key that is a number': [{ provide: 5, useClass: Store }, '.provide must be a class, a string or a symbol'],
    'with a key that is undefined': [
      { provide: undefined, useClass: Store },
      '.provide must be a class, a string or a symbol',
    ],
    'with a class that is a text': [{ provide: Store, useClass: 'Store' }, '.useClass must be a class'],
    'with a class that is undefined': [{ provide: Store, useClass: undefined }, '.useClass must be a class'],
    'with a factory that is an object': [{ provide: Store, useFactory: {} }, '.useFactory must be a function'],
    'with another name that is undefined': [
      { provide: Store, useExisting: undefined },
      '.useExisting must be a class, a string or a symbol',
    ],
    'with a name that is an object': [
      { provide: Store, useClass: Store, name: {} },
      '.name must be a string, a number or a symbol',
    ],
    'with tags that are a text': [
      { provide: Store, useClass: Store, tags: 'red' },
      '.tags must be an object: { strict: true }',
    ],
    'with tags that are null': [
      { provide: Store, useClass: Store, tags: null },
      '.tags must be an object: { strict: true }',
    ],
    'that is shared in a word': [
      { provide: Store, useClass: Store, isShared: 'yes' },
      '.isShared must be true or false',
    ],
    'with several faults': [
      { provide: 1, useClass: 2, scope: 3, isShared: 4, other: 5 },
      '.provide must be a class, a string or a symbol',
      '.useClass must be a class',
      `.scope ${scopes}`,
      '.isShared must be true or false',
      ': there is no option "other".',
    ],
  };
  for (const [title, [service, ...problems]] of Object.entries(wrong)) {
    it(`${title} is refused`, () => {
      assert.deepEqual(
        servicesProblems([Store, service]),
        problems.map((problem) => `services[1]${problem}`),
      );
    });
  }
});

describe('the services of a module', () => {
  it('are an array, and each fault of each is said', () => {
    for (const value of [null, undefined, {}, 'Store', Store]) {
      assert.deepEqual(servicesProblems(value), ['services must be an array']);
    }
    assert.deepEqual(servicesProblems([null, Store, 'x']), [`services[0] ${kinds}`, `services[2] ${kinds}`]);
  });

  it('that are wrong are named with the module before anything is made', async () => {
    let isMade = false;
    class Guard {
      constructor() {
        isMade = true;
      }
    }
    const services = [{ provide: 'store', useValue: 1, scope: 'call' }];
    (Module as (options: object) => (type: unknown) => void)({ services })(Guard);
    await assert.rejects(openModules([loaded(Guard)], new TestModuleHost()), {
      code: 'MODULE_OPTION_INVALID',
      message:
        '[MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: services[0]: scope means nothing with useValue',
    });
    assert.equal(isMade, false);
  });
});
