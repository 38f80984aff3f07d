import { recordInjection, recordLifeCycle } from '../metadata/injection.js';
import { isConstructor } from '../metadata/metadata-store.js';
import type { ServiceKey } from '../metadata/module-options.js';

/** Stands on a parameter of a constructor, or on a property. */
export type InjectionDecorator = (target: object, property: string | symbol | undefined, index?: number) => void;

type MethodDecorator = (target: object, method: string | symbol) => void;

/**
 * States what a parameter of a constructor or a property gets, where its type does not: a text or symbol, or a class whose
 * type a tool such as esbuild or tsx dropped. A function gives a class that is declared further below. `'config'` is the
 * module's configuration as it stands in the file.
 *
 * @example
 * ```ts
 * import { inject, Module, ModuleApi } from 'vesicle';
 *
 * \@Module()
 * export class Greeter {
 *   constructor(\@inject('config') config: unknown, \@inject(ModuleApi) api: ModuleApi) {}
 * }
 * ```
 */
export function inject(key: ServiceKey | (() => ServiceKey)): InjectionDecorator {
  return (target, property, index) => {
    const at = index ?? property;
    if (at !== undefined) recordInjection(decoratedClass(target), { at, key: keyGetter(key) });
  };
}

/**
 * Lets a parameter be undefined when nothing is there to inject.
 *
 * @example
 * ```ts
 * import { inject, injectable, optional } from 'vesicle';
 *
 * \@injectable()
 * export class Words {
 *   constructor(\@optional() \@inject('dictionary') dictionary?: string[]) {}
 * }
 * ```
 */
export function optional(): InjectionDecorator {
  return (target, property, index) => {
    const at = index ?? property;
    if (at !== undefined) recordInjection(decoratedClass(target), { at, isOptional: true });
  };
}

/**
 * Marks a service, so that TypeScript says what its constructor asks for.
 *
 * @example
 * ```ts
 * import { injectable, Module, ModuleApi } from 'vesicle';
 *
 * \@injectable()
 * class Greetings {
 *   constructor(readonly api: ModuleApi) {}
 * }
 *
 * \@Module({ services: [Greetings] })
 * export class Greeter {
 *   constructor(private readonly greetings: Greetings) {}
 * }
 * ```
 */
export function injectable(): (type: object) => void {
  // Any decorator makes TypeScript emit the types; there is nothing to record.
  return () => undefined;
}

/**
 * Runs a method after construction and registration; the server listens only when it is done. Its failure stops the start.
 *
 * @example
 * ```ts
 * import { Module, postConstruct } from 'vesicle';
 *
 * \@Module()
 * export class Greeter {
 *   \@postConstruct()
 *   async open(): Promise<void> {}
 * }
 * ```
 */
export function postConstruct(): MethodDecorator {
  return (target, method) => {
    recordLifeCycle(target.constructor, 'post_construct', method);
  };
}

/**
 * Runs a method when the server stops or the module is loaded again.
 *
 * @example
 * ```ts
 * import { Module, preDestroy } from 'vesicle';
 *
 * \@Module()
 * export class Greeter {
 *   \@preDestroy()
 *   async close(): Promise<void> {}
 * }
 * ```
 */
export function preDestroy(): MethodDecorator {
  return (target, method) => {
    recordLifeCycle(target.constructor, 'pre_destroy', method);
  };
}

/** A decorator on a parameter gets the class, one on a property the prototype. */
function decoratedClass(target: object): object {
  return typeof target === 'function' ? target : target.constructor;
}

/** Classes are functions too. */
function keyGetter(key: ServiceKey | (() => ServiceKey)): () => ServiceKey {
  return typeof key === 'function' && !isConstructor(key) ? (key as () => ServiceKey) : () => key;
}
