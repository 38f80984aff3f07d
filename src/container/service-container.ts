import { InversifyCoreError, InversifyCoreErrorKind } from '@inversifyjs/core';
import type { BindingConstraints, BindInWhenOnFluentSyntax, BindToFluentSyntax, BindWhenFluentSyntax } from 'inversify';
import { Container } from 'inversify';
import type { Class } from '../metadata/metadata-store.js';
import type { ServiceKey } from '../metadata/module-options.js';
import { callFactory, MakingError } from './making-error.js';
import { classOf, injectionOf, isFor, nameOfKey, type Provider, titleOf } from './provider.js';
import { inheritingStandInFor, type StandIn, standInFor } from './stand-in.js';

/** Told of the instances of classes. */
export interface InstanceHooks {
  /** Right after the constructor. */
  readonly constructed: (instance: object, type: Class) => void;
  /** After `@postConstruct`; a promise is waited for. */
  readonly ready: (instance: object, type: Class) => Promise<void> | undefined;
  /** Both, for what a `ContainerModule` binds. */
  readonly foreign: (instance: object, type: Class) => Promise<void> | undefined;
}

/** Ends something that is called so, under a key; failures are its business. */
export type EndService = (title: string, work: () => Promise<void>, key?: unknown) => Promise<void>;

/** How a provider is bound beside what it says itself. */
export interface BindingOptions {
  /** Of the class of a module, what is recorded of its base classes counts. */
  readonly isModule?: boolean;
  /** What Inversify constructs, where that is known. */
  readonly standIn?: StandIn | undefined;
  readonly isAlsoFor?: (asked: BindingConstraints) => boolean;
}

interface Made {
  readonly key: ServiceKey;
  readonly title: string;
  /** Whether it has `@preDestroy`, or may have something that stands for it. */
  readonly hasEnd: boolean;
  readonly end: () => Promise<void>;
}

/** An Inversify container that knows what it made: for errors that name it, and to end it in reverse order. */
export class ServiceContainer {
  readonly inner: Container;
  /** Instances whose `@postConstruct` has not ended, with their classes. */
  readonly unready: [instance: object, type: Class][] = [];
  private readonly standIns: [provider: Provider, standIn: StandIn][] = [];
  private readonly singletons: Provider[] = [];
  private readonly made: Made[] = [];

  constructor(
    parent: Container | undefined,
    private readonly hooks: InstanceHooks,
  ) {
    this.inner = new Container({ parent });
  }

  /** Binds a provider, for the injections that it says it is for, and to which `isAlsoFor` agrees. */
  bind(provider: Provider, options: BindingOptions = {}): void {
    const { isAlsoFor } = options;
    const binding = this.inner.bind<unknown>(provider.provide);
    const isForAll = provider.name === undefined && provider.tags === undefined && isAlsoFor === undefined;
    if ('useExisting' in provider && isForAll) {
      binding.toService(provider.useExisting);
      return;
    }
    const bound = this.bindTo(binding, provider, options);
    if (!isForAll) bound.when((asked) => isFor(provider, asked) && isAlsoFor?.(asked) !== false);
  }

  /** What Inversify constructs for the class of a provider that is bound here. */
  standInOf(provider: Provider): StandIn | undefined {
    return this.standIns.find(([bound]) => bound === provider)?.[1];
  }

  /** Makes everything of which there is one. */
  async makeSingletons(): Promise<void> {
    const all = Symbol('all');
    this.inner.bind(all).toResolvedValue<unknown[]>(() => undefined, this.singletons.map(injectionOf));
    await this.inner.getAsync(all);
    this.inner.unbind(all);
  }

  /** Knows of something else that was made under a key, to end it in its turn. */
  noteMade(key: ServiceKey): void {
    if (this.made.some((one) => one.key === key)) return;
    this.made.push({ key, title: nameOfKey(key), hasEnd: true, end: () => this.inner.unbindAsync(key) });
  }

  /** What an error means: of `@postConstruct`, Inversify says the name of the class. */
  explain(error: unknown): unknown {
    if (error instanceof MakingError) {
      // Of a factory that asked for what failed.
      const deeper = this.explain(error.cause);
      return deeper instanceof MakingError ? deeper : error;
    }
    if (!InversifyCoreError.isErrorOfKind(error, InversifyCoreErrorKind.resolution)) return error;
    const at = this.unready.findIndex(([, { name }]) => error.message.includes(`class "${name}"`));
    const [failed] = at < 0 ? [] : this.unready.splice(at, 1);
    if (failed === undefined) return error;
    return new MakingError(failed[1], '@postConstruct', 'cause' in error ? error.cause : error);
  }

  /**
   * Ends what was made, the last first: what has `@preDestroy`, and everything when a `ContainerModule`, which may have asked
   * Inversify to tell it of the end of any key, is about.
   */
  async close(end: EndService, mayBeWatched: boolean): Promise<void> {
    for (const { title, end: endOne, key, hasEnd } of this.made.splice(0).toReversed()) {
      if (hasEnd || mayBeWatched) await end(title, endOne, key);
    }
  }

  private bindTo(
    binding: BindToFluentSyntax<unknown>,
    provider: Provider,
    { isModule = false, standIn: known }: BindingOptions,
  ): BindWhenFluentSyntax<unknown> {
    if ('useValue' in provider) return binding.toConstantValue(provider.useValue);
    if ('useExisting' in provider) {
      return binding.toResolvedValue((existing: unknown) => existing, [provider.useExisting]).inTransientScope();
    }
    if ('useFactory' in provider) {
      return this.watched(binding.toDynamicValue(callFactory(provider)), provider, provider.scope);
    }
    const { useClass: type } = provider;
    const standIn = known ?? this.standInFor(type, isModule);
    this.standIns.push([provider, standIn]);
    const { scope, lifecycle } = standIn.metadata;
    const hasEnd = lifecycle.preDestroyMethodNames.size > 0;
    return this.watched(binding.to(standIn.copy), provider, provider.scope ?? scope?.toLowerCase(), hasEnd);
  }

  private watched(
    bound: BindInWhenOnFluentSyntax<unknown>,
    provider: Provider,
    scope = 'singleton',
    hasEnd = false,
  ): BindWhenFluentSyntax<unknown> {
    const isSingleton = scope === 'singleton';
    const scoped = isSingleton
      ? bound.inSingletonScope()
      : scope === 'request'
        ? bound.inRequestScope()
        : bound.inTransientScope();
    if (isSingleton) this.singletons.push(provider);
    const type = classOf(provider);
    const identifier = scoped.getIdentifier();
    const end = (): Promise<void> => this.inner.unbindAsync(identifier);
    const made = { key: provider.provide, title: titleOf(provider), hasEnd, end };
    return scoped.onActivation((_context, instance) => {
      if (isSingleton) this.made.push(made);
      if (type === undefined) return instance;
      const at = this.unready.findIndex(([other]) => other === instance);
      if (at >= 0) this.unready.splice(at, 1);
      return this.hooks.ready(instance as object, type)?.then(() => instance) ?? instance;
    });
  }

  private standInFor(type: Class, isModule: boolean): StandIn {
    const construct = (args: readonly unknown[]): object => this.construct(type, args);
    return isModule ? inheritingStandInFor(type, construct) : standInFor(type, construct);
  }

  private construct(type: Class, args: readonly unknown[]): object {
    try {
      const instance = Reflect.construct<readonly unknown[], object>(type, args);
      this.unready.push([instance, type]);
      this.hooks.constructed(instance, type);
      return instance;
    } catch (error) {
      throw new MakingError(type, 'its constructor', error);
    }
  }
}
