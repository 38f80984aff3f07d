import { InversifyCoreError, InversifyCoreErrorKind } from '@inversifyjs/core';
import type { BindingIdentifier, BindInWhenOnFluentSyntax, BindToFluentSyntax, BindWhenFluentSyntax } from 'inversify';
import { Container } from 'inversify';
import type { Class } from '../metadata/metadata-store.js';
import { callFactory, MakingError } from './making-error.js';
import { classOf, isFor, nameOfKey, optionsOf, type Provider } from './provider.js';
import { asItIs, inheritingStandInFor, type StandIn, standInFor } from './stand-in.js';

/** Told of the instances of classes. */
export interface InstanceHooks {
  /** Right after the constructor. */
  readonly constructed: (instance: object, type: Class) => void;
  /** After `@postConstruct`; a promise is waited for. */
  readonly ready: (instance: object, type: Class) => Promise<void> | undefined;
}

/** Ends something that is called so, under a key; failures are its business. */
export type EndService = (title: string, work: () => Promise<void>, key?: unknown) => Promise<void>;

/** An Inversify container that knows what it made: for errors that name it, and to end it in reverse order. */
export class ServiceContainer {
  readonly inner: Container;
  /** Instances whose `@postConstruct` has not ended, with their classes. */
  readonly unready: [instance: object, type: Class][] = [];
  private readonly standIns: [provider: Provider, standIn: StandIn][] = [];
  private readonly singletons: Provider[] = [];
  private readonly made: { readonly provider: Provider; readonly identifier: BindingIdentifier }[] = [];

  constructor(
    parent: Container | undefined,
    private readonly hooks: InstanceHooks,
  ) {
    this.inner = new Container({ parent });
  }

  /** Binds a provider. Of a module's class, what is recorded of its base classes counts. */
  bind(provider: Provider, isModule = false): void {
    const binding = this.inner.bind<unknown>(provider.provide);
    const isForAll = provider.name === undefined && provider.tags === undefined;
    if ('useExisting' in provider && isForAll) {
      binding.toService(provider.useExisting);
      return;
    }
    const bound = this.bindTo(binding, provider, isModule);
    if (!isForAll) bound.when((asked) => isFor(provider, asked));
  }

  /** What Inversify constructs for the class of a provider that is bound here. */
  standInOf(provider: Provider): StandIn | undefined {
    return this.standIns.find(([bound]) => bound === provider)?.[1];
  }

  /** Makes everything of which there is one. */
  async makeSingletons(): Promise<void> {
    for (const provider of this.singletons) await this.inner.getAllAsync(provider.provide, optionsOf(provider));
  }

  /** What an error means: of `@postConstruct`, Inversify says the name of the class. */
  explain(error: unknown): unknown {
    if (!InversifyCoreError.isErrorOfKind(error, InversifyCoreErrorKind.resolution)) return error;
    const [, type] = this.unready.find(([, { name }]) => error.message.includes(`class "${name}"`)) ?? [];
    return type === undefined || error.cause === undefined
      ? error
      : new MakingError(type, '@postConstruct', error.cause);
  }

  /** Ends what was made, the last first. */
  async close(end: EndService): Promise<void> {
    for (const { provider, identifier } of this.made.splice(0).toReversed()) {
      const title = nameOfKey(classOf(provider) ?? provider.provide);
      await end(title, () => this.inner.unbindAsync(identifier), provider.provide);
    }
  }

  private bindTo(
    binding: BindToFluentSyntax<unknown>,
    provider: Provider,
    isModule: boolean,
  ): BindWhenFluentSyntax<unknown> {
    if ('useValue' in provider) return binding.toConstantValue(provider.useValue);
    if ('useExisting' in provider) {
      return binding.toResolvedValue((existing: unknown) => existing, [provider.useExisting]).inTransientScope();
    }
    if ('useFactory' in provider) {
      return this.watched(binding.toDynamicValue(callFactory(provider)), provider, provider.scope);
    }
    const { useClass: type } = provider;
    const standIn = this.standInFor(type, isModule);
    this.standIns.push([provider, standIn]);
    const stated = standIn.metadata.scope?.toLowerCase();
    return this.watched(binding.to(standIn.copy), provider, provider.scope ?? stated);
  }

  private watched(
    bound: BindInWhenOnFluentSyntax<unknown>,
    provider: Provider,
    scope = 'singleton',
  ): BindWhenFluentSyntax<unknown> {
    const isSingleton = scope === 'singleton';
    const scoped = isSingleton
      ? bound.inSingletonScope()
      : scope === 'request'
        ? bound.inRequestScope()
        : bound.inTransientScope();
    if (isSingleton) this.singletons.push(provider);
    const made = { provider, identifier: scoped.getIdentifier() };
    return scoped.onActivation((_context, instance) => {
      if (isSingleton) this.made.push(made);
      const type = classOf(provider);
      if (type === undefined) return instance;
      const at = this.unready.findIndex(([other]) => other === instance);
      if (at >= 0) this.unready.splice(at, 1);
      return this.hooks.ready(instance as object, type)?.then(() => instance) ?? instance;
    });
  }

  private standInFor(type: Class, isModule: boolean): StandIn {
    const construct = (args: readonly unknown[]): object => this.construct(type, args);
    if (!isModule) return standInFor(type, construct);
    return asItIs(type) ?? inheritingStandInFor(type, construct);
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
