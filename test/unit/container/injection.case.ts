import {
  ContainerModule,
  inject,
  injectable,
  injectFromBase,
  LazyServiceIdentifier,
  multiInject,
  named,
  optional,
  postConstruct,
  preDestroy,
  type ResolutionContext,
  tagged,
  unmanaged,
} from 'inversify';
import type { AbstractClass, Class } from '../../../src/metadata/metadata-store.js';

/** A service in whichever form a container takes it; nothing here knows Vesicle. */
export type CaseService =
  | Class
  | ContainerModule
  | {
      readonly provide: AbstractClass | string | symbol;
      readonly name?: string;
      readonly tags?: Readonly<Record<string, unknown>>;
      readonly scope?: 'singleton' | 'transient';
      readonly useClass?: Class;
      readonly useValue?: unknown;
      readonly useFactory?: (context: ResolutionContext) => unknown;
      readonly useExisting?: AbstractClass | string | symbol;
    };

/** A class that a container is asked for, what it may ask for, and what is seen of it. */
export interface InjectionCase {
  readonly services: readonly CaseService[];
  readonly root: Class;
  /** What the instance was given, as comparable data. */
  readonly seen?: (root: object) => unknown;
  /** What happened, in order. */
  readonly story?: readonly string[];
}

/** What both containers must give: a value, or a refusal. */
export type Expected = { readonly seen: unknown; readonly story?: readonly string[] } | 'refused';

type Cases = Readonly<Record<string, readonly [make: () => InjectionCase, expected: Expected]>>;

/** All cases by title. Each makes its classes anew: decorators record on them. */
export function injectionCases(): Cases {
  return cases;
}

const cases: Cases = {
  'a class by its type': [
    () => {
      @injectable()
      class Database {
        readonly name = 'database';
      }
      @injectable()
      class Root {
        constructor(readonly database: Database) {}
      }
      return { services: [Database], root: Root, seen: (root) => (root as Root).database.name };
    },
    { seen: 'database' },
  ],
  'values by string, symbol and class': [
    () => {
      abstract class Port {
        abstract readonly number: number;
      }
      const key = Symbol('key');
      @injectable()
      class Root {
        constructor(
          @inject('text') readonly text: string,
          @inject(key) readonly symbol: number,
          readonly port: Port,
        ) {}
      }
      return {
        services: [
          { provide: 'text', useValue: 'hello' },
          { provide: key, useValue: 5 },
          { provide: Port, useValue: { number: 80 } },
        ],
        root: Root,
        seen: (root) => [(root as Root).text, (root as Root).symbol, (root as Root).port.number],
      };
    },
    { seen: ['hello', 5, 80] },
  ],
  'properties, accessors and what a base class states with @injectFromBase': [
    () => {
      class Base {
        @inject('base') readonly base: unknown;
      }
      @injectable()
      @injectFromBase()
      class Root extends Base {
        @inject('own') readonly own: unknown;
        kept: unknown;
        @inject('set') set given(value: unknown) {
          this.kept = value;
        }
      }
      return {
        services: ['base', 'own', 'set'].map((provide) => ({ provide, useValue: `${provide} value` })),
        root: Root,
        seen: (root) => [(root as Root).base, (root as Root).own, (root as Root).kept],
      };
    },
    { seen: ['base value', 'own value', 'set value'] },
  ],
  'a service inherits nothing without @injectFromBase': [
    () => {
      class Base {
        @inject('base') readonly base: unknown;
      }
      @injectable()
      class Service extends Base {}
      @injectable()
      class Root {
        constructor(readonly service: Service) {}
      }
      return { services: [Service], root: Root, seen: (root) => (root as Root).service.base };
    },
    { seen: undefined },
  ],
  'one of several by name': [
    () => {
      @injectable()
      class Root {
        constructor(
          @inject('rule') @named('b') readonly b: string,
          @named('a') @inject('rule') readonly a: string,
        ) {}
      }
      return {
        services: [
          { provide: 'rule', name: 'a', useValue: 'rule a' },
          { provide: 'rule', name: 'b', useValue: 'rule b' },
        ],
        root: Root,
        seen: (root) => [(root as Root).a, (root as Root).b],
      };
    },
    { seen: ['rule a', 'rule b'] },
  ],
  'one of several by tag, and by all of its tags': [
    () => {
      @injectable()
      class Root {
        constructor(
          @inject('rule') @tagged('strict', true) readonly strict: string,
          @inject('rule') @tagged('strict', false) @tagged('old', 1) readonly old: string,
        ) {}
      }
      return {
        services: [
          { provide: 'rule', tags: { strict: true }, useValue: 'strict' },
          { provide: 'rule', tags: { strict: false, old: 1 }, useValue: 'old' },
          { provide: 'rule', tags: { strict: false, old: 2 }, useValue: 'older' },
        ],
        root: Root,
        seen: (root) => [(root as Root).strict, (root as Root).old],
      };
    },
    { seen: ['strict', 'old'] },
  ],
  'a name and a tag together': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('rule') @named('a') @tagged('level', 2) readonly rule: string) {}
      }
      return {
        services: [
          { provide: 'rule', name: 'a', tags: { level: 1 }, useValue: 'a1' },
          { provide: 'rule', name: 'a', tags: { level: 2 }, useValue: 'a2' },
          { provide: 'rule', name: 'b', tags: { level: 2 }, useValue: 'b2' },
        ],
        root: Root,
        seen: (root) => (root as Root).rule,
      };
    },
    { seen: 'a2' },
  ],
  'an injection without a name where all have one': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('rule') readonly rule: string) {}
      }
      return { services: [{ provide: 'rule', name: 'a', useValue: 'rule a' }], root: Root };
    },
    'refused',
  ],
  'a name that nothing has': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('rule') @named('c') readonly rule: string) {}
      }
      return { services: [{ provide: 'rule', name: 'a', useValue: 'rule a' }], root: Root };
    },
    'refused',
  ],
  'a named injection of what has no name': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('rule') @named('c') readonly rule: string) {}
      }
      return { services: [{ provide: 'rule', useValue: 'rule' }], root: Root, seen: (root) => (root as Root).rule };
    },
    { seen: 'rule' },
  ],
  'all of one key': [
    () => {
      class One {
        readonly name: string = 'one';
      }
      class Two extends One {
        override readonly name: string = 'two';
      }
      @injectable()
      class Root {
        constructor(
          @multiInject('rule') readonly rules: readonly One[],
          @multiInject('none') readonly none: readonly One[],
        ) {}
      }
      return {
        services: [
          { provide: 'rule', useClass: One },
          { provide: 'rule', useValue: { name: 'value' } },
          { provide: 'rule', useClass: Two },
        ],
        root: Root,
        seen: (root) => [(root as Root).rules.map(({ name }) => name), (root as Root).none],
      };
    },
    { seen: [['one', 'value', 'two'], []] },
  ],
  'one of several that nothing tells apart': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('rule') readonly rule: unknown) {}
      }
      return {
        services: [
          { provide: 'rule', useValue: 1 },
          { provide: 'rule', useValue: 2 },
        ],
        root: Root,
      };
    },
    'refused',
  ],
  'what is optional, there or not': [
    () => {
      @injectable()
      class Root {
        @inject('absent') @optional() readonly property: unknown;

        constructor(
          @optional() @inject('absent') readonly absent: unknown,
          @inject('present') @optional() readonly present: unknown,
        ) {}
      }
      return {
        services: [{ provide: 'present', useValue: 'here' }],
        root: Root,
        seen: (root) => [(root as Root).absent, (root as Root).present, (root as Root).property],
      };
    },
    { seen: [undefined, 'here', undefined] },
  ],
  'an optional class that asks for what is not there': [
    () => {
      class Absent {}
      @injectable()
      class Service {
        constructor(readonly absent: Absent) {}
      }
      @injectable()
      class Root {
        constructor(@inject(Service) @optional() readonly service: Service | undefined) {}
      }
      return { services: [Service], root: Root };
    },
    'refused',
  ],
  'an injection that states @optional and no key': [
    () => {
      class Service {}
      @injectable()
      class Root {
        constructor(@optional() readonly service: Service) {}
      }
      return { services: [Service], root: Root };
    },
    'refused',
  ],
  'a property that states a name and no key': [
    () => {
      @injectable()
      class Root {
        @named('a') readonly rule: unknown;
      }
      return { services: [{ provide: 'rule', name: 'a', useValue: 1 }], root: Root };
    },
    'refused',
  ],
  'one instance, or one for each injection, or for each request': [
    () => {
      @injectable('Singleton')
      class Once {}
      @injectable('Transient')
      class Often {}
      @injectable('Request')
      class Requested {}
      @injectable()
      class Middle {
        constructor(
          readonly once: Once,
          readonly often: Often,
          readonly requested: Requested,
        ) {}
      }
      @injectable()
      class Root {
        constructor(
          readonly once: Once,
          readonly often: Often,
          readonly requested: Requested,
          readonly middle: Middle,
        ) {}
      }
      return {
        services: [Once, Often, Requested, Middle],
        root: Root,
        seen: (root) => {
          const { once, often, requested, middle } = root as Root;
          return [once === middle.once, often === middle.often, requested === middle.requested];
        },
      };
    },
    { seen: [true, false, true] },
  ],
  'a stated scope goes before that of the class': [
    () => {
      @injectable('Singleton')
      class Service {}
      @injectable()
      class Root {
        constructor(
          readonly one: Service,
          readonly two: Service,
        ) {}
      }
      return {
        services: [{ provide: Service, useClass: Service, scope: 'transient' }],
        root: Root,
        seen: (root) => (root as Root).one === (root as Root).two,
      };
    },
    { seen: false },
  ],
  'factories, async ones and those that ask for others': [
    () => {
      let count = 0;
      @injectable()
      class Database {
        readonly name = 'database';
      }
      @injectable()
      class Root {
        constructor(
          @inject('later') readonly later: string,
          @inject('asked') readonly asked: string,
          @inject('counted') readonly first: number,
          @inject('counted') readonly second: number,
          @inject('each') readonly third: number,
          @inject('each') readonly fourth: number,
        ) {}
      }
      return {
        services: [
          Database,
          {
            provide: 'later',
            useFactory: async () => {
              await new Promise(setImmediate);
              return 'later';
            },
          },
          {
            provide: 'asked',
            useFactory: async (context) =>
              `${context.get(Database).name}, ${await context.getAsync<string>('later')}, ${String(context.get('none', { optional: true }))}`,
          },
          { provide: 'counted', useFactory: () => ++count },
          { provide: 'each', useFactory: () => ++count, scope: 'transient' },
        ],
        root: Root,
        seen: (root) => {
          const { later, asked, first, second, third, fourth } = root as Root;
          return [later, asked, first, second, third, fourth];
        },
      };
    },
    { seen: ['later', 'database, later, undefined', 1, 1, 2, 3] },
  ],
  'a factory that throws': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('broken') readonly broken: unknown) {}
      }
      const useFactory = async (): Promise<never> => {
        throw new Error('no');
      };
      return { services: [{ provide: 'broken', useFactory }], root: Root };
    },
    'refused',
  ],
  'another name of a service, and of another name': [
    () => {
      @injectable()
      class Store {}
      @injectable()
      class Root {
        constructor(
          readonly store: Store,
          @inject('store') readonly alias: unknown,
          @inject('shop') readonly second: unknown,
          @inject('shop') @named('x') readonly third: unknown,
        ) {}
      }
      return {
        services: [Store, { provide: 'store', useExisting: Store }, { provide: 'shop', useExisting: 'store' }],
        root: Root,
        seen: (root) => {
          const { store, alias, second, third } = root as Root;
          return [alias === store, second === store, third === store];
        },
      };
    },
    { seen: [true, true, true] },
  ],
  'another name of what is not there': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('store') readonly store: unknown) {}
      }
      return { services: [{ provide: 'store', useExisting: 'absent' }], root: Root };
    },
    'refused',
  ],
  'other names in a circle': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('a') readonly a: unknown) {}
      }
      return {
        services: [
          { provide: 'a', useExisting: 'b' },
          { provide: 'b', useExisting: 'a' },
        ],
        root: Root,
      };
    },
    'refused',
  ],
  'a class that is declared further below': [
    () => {
      @injectable()
      class Root {
        constructor(@inject(new LazyServiceIdentifier(() => Later)) readonly later: { readonly name: string }) {}
      }
      @injectable()
      class Later {
        readonly name = 'later';
      }
      return { services: [Later], root: Root, seen: (root) => (root as Root).later.name };
    },
    { seen: 'later' },
  ],
  'a parameter that nothing injects': [
    () => {
      @injectable()
      class Root {
        constructor(@unmanaged() readonly given: string = 'default') {}
      }
      return { services: [], root: Root, seen: (root) => (root as Root).given };
    },
    { seen: 'default' },
  ],
  'a class that needs itself': [
    () => {
      @injectable()
      class Service {
        @inject(new LazyServiceIdentifier(() => Service)) readonly itself: unknown;
      }
      @injectable()
      class Root {
        constructor(readonly service: Service) {}
      }
      return { services: [Service], root: Root };
    },
    'refused',
  ],
  'classes in a circle': [
    () => {
      @injectable()
      class One {
        constructor(@inject('two') readonly two: unknown) {}
      }
      @injectable()
      class Two {
        constructor(readonly one: One) {}
      }
      @injectable()
      class Root {
        constructor(readonly one: One) {}
      }
      return { services: [One, { provide: 'two', useClass: Two }], root: Root };
    },
    'refused',
  ],
  'a class that nothing provides': [
    () => {
      class Absent {}
      @injectable()
      class Root {
        constructor(readonly absent: Absent) {}
      }
      return { services: [], root: Root };
    },
    'refused',
  ],
  'a service of erased types that nobody asks for': [
    () => {
      @injectable()
      class Erased {
        constructor(readonly given: object) {}
      }
      @injectable()
      class Root {}
      return { services: [Erased], root: Root };
    },
    'refused',
  ],
  'what a ContainerModule binds, in the scope of its own default': [
    () => {
      @injectable()
      class Fresh {}
      @injectable()
      class Root {
        constructor(
          readonly one: Fresh,
          readonly two: Fresh,
          @inject('later') readonly later: string,
          @inject('make') readonly make: (text: string) => string,
        ) {}
      }
      const module = new ContainerModule(async ({ bind, onActivation }) => {
        await new Promise(setImmediate);
        bind(Fresh).toSelf();
        bind<string>('later').toDynamicValue(async () => 'later');
        onActivation<string>('later', (_context, text) => `${text} activated`);
        bind<(text: string) => string>('make').toFactory(() => (text: string) => `made ${text}`);
      });
      return {
        services: [module],
        root: Root,
        seen: (root) => {
          const { one, two, later, make } = root as Root;
          return [one === two, later, make('it')];
        },
      };
    },
    { seen: [false, 'later activated', 'made it'] },
  ],
  'what a ContainerModule binds for one parent only': [
    () => {
      @injectable()
      class Child {
        constructor(@inject('place') readonly place: string) {}
      }
      @injectable()
      class Root {
        constructor(
          @inject('place') readonly place: string,
          readonly child: Child,
        ) {}
      }
      const module = new ContainerModule(({ bind }) => {
        bind('place').toConstantValue('inside').whenParentIs(Child);
        bind('place')
          .toConstantValue('outside')
          .whenNoParent(({ serviceIdentifier }) => serviceIdentifier === Child);
      });
      return {
        services: [Child, module],
        root: Root,
        seen: (root) => [(root as Root).place, (root as Root).child.place],
      };
    },
    { seen: ['outside', 'inside'] },
  ],
  'two of what a ContainerModule binds, for one injection': [
    () => {
      @injectable()
      class Root {
        constructor(@inject('place') readonly place: string) {}
      }
      const module = new ContainerModule(({ bind }) => {
        bind('place').toConstantValue('one');
        bind('place').toConstantValue('two');
      });
      return { services: [module], root: Root };
    },
    'refused',
  ],
  'what a class of a ContainerModule lacks': [
    () => {
      class Absent {}
      @injectable()
      class Service {
        constructor(readonly absent: Absent) {}
      }
      @injectable()
      class Root {
        constructor(readonly service: Service) {}
      }
      return { services: [new ContainerModule(({ bind }) => void bind(Service).toSelf())], root: Root };
    },
    'refused',
  ],
  'the life cycle, sync and async, of what is asked for': [
    () => {
      const story: string[] = [];
      @injectable()
      class Unasked {
        @postConstruct()
        open(): void {
          story.push('unasked');
        }
      }
      @injectable()
      class Database {
        @inject('name') readonly name: unknown;

        @postConstruct()
        async open(): Promise<void> {
          await new Promise(setImmediate);
          story.push(`database open with ${String(this.name)}`);
        }

        @postConstruct()
        second(): void {
          story.push('database second');
        }

        @preDestroy()
        async close(): Promise<void> {
          await new Promise(setImmediate);
          story.push('database close');
        }
      }
      @injectable()
      class Root {
        constructor(readonly database: Database) {
          story.push('root');
        }

        @postConstruct()
        open(): void {
          story.push('root open');
        }
      }
      return { services: [Unasked, Database, { provide: 'name', useValue: 'its name' }], root: Root, story };
    },
    {
      seen: undefined,
      story: ['database open with its name', 'database second', 'root', 'root open', 'database close'],
    },
  ],
  'a service whose @postConstruct fails': [
    () => {
      @injectable()
      class Database {
        @postConstruct()
        async open(): Promise<void> {
          throw new Error('no');
        }
      }
      @injectable()
      class Root {
        constructor(readonly database: Database) {}
      }
      return { services: [Database], root: Root };
    },
    'refused',
  ],
  'async services in properties and parameters': [
    () => {
      const later = (name: string) => async () => {
        await new Promise(setImmediate);
        return name;
      };
      @injectable()
      class Root {
        @inject('one') readonly one: unknown;
        constructor(@inject('two') readonly two: unknown) {}
      }
      return {
        services: [
          { provide: 'one', useFactory: later('first') },
          { provide: 'two', useFactory: later('second') },
        ],
        root: Root,
        seen: (root) => [(root as Root).one, (root as Root).two],
      };
    },
    { seen: ['first', 'second'] },
  ],
};
