import { ClassElementMetadataKind, InversifyCoreError, InversifyCoreErrorKind } from '@inversifyjs/core';
import { type BindingConstraints, LazyServiceIdentifier } from 'inversify';
import { ModuleApi } from '../module-api/module-api.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { SynapseError } from '../errors/synapse-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { closeLimitMs } from './ending.js';
import { Logger } from '../log/logger.js';
import { type AbstractClass, type Class, lineage } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';
import { CallScope, type CallServices } from './call-scope.js';
import { endingWithin } from './ending.js';
import { foreignInversify } from './foreign-inversify.js';
import type { HostContainer, SharedServices } from './host-container.js';
import { InjectionCheck } from './injection-check.js';
import { describeFailure, MakingError } from './making-error.js';
import type { ModuleDescription } from './module-description.js';
import { planProblem } from './plan-problem.js';
import {
  classOf,
  idOf,
  inPlaceOf,
  isCallScoped,
  isContainerModule,
  isMade,
  isShared,
  layered,
  noting,
  type Provider,
  providersIn,
  underId,
} from './provider.js';
import { type BindingOptions, type EndService, type InstanceHooks, ServiceContainer } from './service-container.js';
import { asItIs, standInFor, type StandIn } from './stand-in.js';

/** What a module is given by its host. */
export interface GivenValues {
  /** The name of the module among the running ones. */
  readonly name: string;
  /** What failures call it: `Guard (./guard.ts, vesicle.yaml:3:5)`. */
  readonly title: string;
  readonly api: ModuleApi;
  readonly log: Logger;
  /** The instance of its configuration class; the mapping, where it has none. */
  readonly config: unknown;
  /** The mapping. */
  readonly rawConfig: unknown;
  /** In the place of what the module brings for the same keys; tests give them. */
  readonly doubles: readonly ModuleService[];
  /** The module's own files, where the place of a failure is looked for. */
  readonly files: readonly string[] | undefined;
}

/** The container of one module, a child of its host's: what it is given, its services, and the module itself. */
export class ModuleContainer {
  /** Of a module with services that live for one question. */
  readonly callScope: CallScope | undefined;
  private bound: ServiceContainer | undefined;
  private readonly shared: SharedServices | undefined;
  private readonly api: Provider;
  private readonly module: Provider;
  /** The module's class as it is, where that is enough and no service can ask for anything. */
  private readonly alone: StandIn | undefined;
  /** The keys that it asks for; undefined where they are not as simple as that. */
  private readonly asked: readonly unknown[] | undefined;
  private readonly providers: readonly Provider[];
  private readonly boundByModules: ServiceKey[] = [];
  private readonly interceptors: [type: Class, made: Interceptor][] = [];

  constructor(
    private readonly description: ModuleDescription,
    private readonly given: GivenValues,
    private readonly host: HostContainer,
    private readonly hooks: InstanceHooks,
  ) {
    const { type, services, allInterceptors } = description;
    this.module = { provide: type, useClass: type, scope: 'singleton' };
    this.api = { provide: ModuleApi, useValue: given.api };
    const values = [this.api, ...valuesOf(description, given), ...providersIn(allInterceptors)];
    this.providers = layered(values, providersIn(services), providersIn(given.doubles));
    if (this.providers.some(isShared)) {
      this.shared = host.sharedOf(type, given, hooks, (container) => {
        this.bindShared(container);
      });
    }
    const ofCalls = this.providers.filter(isCallScoped);
    if (ofCalls.length > 0) this.callScope = new CallScope(given.name, ofCalls, () => this.openCall());
    const isAlone = services.length === 0 && allInterceptors.length === 0 && given.doubles.length === 0;
    this.alone = isAlone ? asItIs(type) : undefined;
    this.asked = keysAskedBy(this.alone);
  }

  /** The instances whose `@postConstruct` has not ended, with their classes. */
  get unready(): readonly (readonly [instance: object, type: Class])[] {
    return this.bound?.unready ?? [];
  }

  /** Made when it is needed: of a simple module, that is when it starts. */
  private get services(): ServiceContainer {
    return (this.bound ??= this.bindAll());
  }

  /** Whether there is something to {@link load}. */
  get hasModules(): boolean {
    return this.description.services.some(isContainerModule);
  }

  /** Lets the module's `ContainerModule`s bind what they bring. */
  async load(): Promise<void> {
    const { inner } = this.services;
    const replaced = new Set<unknown>(providersIn(this.given.doubles).map(({ provide }) => provide));
    const isReplaced = (key: unknown): boolean => replaced.has(key);
    for (const module of this.description.services.filter(isContainerModule)) {
      try {
        await inner.loadAsync(noting(module, (key) => this.boundByModules.push(key), isReplaced));
      } catch (error) {
        throw this.failure(new MakingError('a ContainerModule', 'its load function', error));
      }
    }
    for (const key of new Set(this.boundByModules)) {
      inner.onActivation(key, (_context, made: unknown) => {
        this.services.noteMade(key);
        const type = classOfInstance(made);
        if (type === undefined) return made;
        const foreign = foreignInversify(type, false);
        if (foreign !== undefined) throw foreign;
        return this.hooks.foreign(made as object, type)?.then(() => made) ?? made;
      });
    }
  }

  /** Everything that cannot be injected, in the module's class and its services, before any of them is made. */
  check(): readonly VesicleError[] {
    const { providers, module, callScope } = this;
    if (this.isPlainlyInjectable()) return [];
    const check = new InjectionCheck({
      providers: [...providers, module],
      standInOf: (provider) => this.standInOf(provider),
      isBoundElsewhere: (key) => this.boundByModules.includes(key as ServiceKey),
      isPerInstance: (provider) => this.isPerInstance(provider),
    });
    check.check(module);
    // What nothing needs to ask for: it is made all the same, or elsewhere.
    const isRoot = (one: Provider): boolean => isShared(one) || callScope !== undefined || this.isInterceptor(one);
    for (const provider of providers.filter((one) => isMade(one) && isRoot(one))) check.check(provider);
    for (const provider of providers) check.checkMetadata(provider);
    if (check.mistakes.length > 0 || this.description.services.length === 0) return check.mistakes;
    const problem = this.planProblem();
    if (problem === undefined) return [];
    return [
      new VesicleError(
        'KERNEL_UNRESOLVABLE',
        { class: this.description.type.name, problem: problem.message },
        { cause: problem },
      ),
    ];
  }

  /** Whether all that the only class asks for is there, in the simplest way. */
  private isPlainlyInjectable(): boolean {
    const areKnown = this.asked?.every((key) => this.providers.some(({ provide }) => provide === key)) === true;
    return areKnown && foreignInversify(this.description.type, false) === undefined;
  }

  private planProblem(): Error | undefined {
    const { providers, shared, callScope } = this;
    const interceptors = providers.filter((one) => this.isInterceptor(one)).map(({ provide }) => provide);
    return (
      planProblem(this.services.inner, [this.module.provide, ...interceptors]) ??
      (shared && planProblem(shared.services.inner, providers.filter(isShared).map(idOf))) ??
      (callScope && planProblem(this.servicesOfCall().inner, providers.filter(isCallScoped).map(idOf)))
    );
  }

  /** Makes the module and what it asks for; `@postConstruct` of all of them has ended then. */
  async open(): Promise<void> {
    const { inner } = this.services;
    try {
      // What a question's services asked for first would be made among them, and keep them.
      if (this.callScope !== undefined) await this.services.makeSingletons();
      for (const type of this.description.allInterceptors) {
        const made = await inner.getAsync<Interceptor>(type);
        // Of one for each question, there is nothing to be seen yet.
        const isOfCall = this.providers.some((one) => one.provide === type && isCallScoped(one));
        this.interceptors.push([type, isOfCall ? made : asInterceptor(made, type, this.description.type)]);
      }
      await inner.getAsync(this.module.provide);
      this.shared?.users.add(this);
    } catch (error) {
      throw this.failure(this.explain(error));
    }
  }

  /** The instance of an interceptor's class; there when the module is. */
  readonly interceptor = (type: Class<Interceptor>): Interceptor => {
    const [, made] = this.interceptors.find(([of]) => of === type) ?? [];
    return made ?? this.services.inner.get<Interceptor>(type);
  };

  /** Runs `@preDestroy` of the module although its start has not ended, which Inversify does not do. */
  async endUnready(module: object): Promise<void> {
    const { metadata } = this.services.standInOf(this.module) ?? standInFor(this.description.type);
    for (const method of metadata.lifecycle.preDestroyMethodNames) {
      await (module as Readonly<Record<string | symbol, (() => unknown) | undefined>>)[method]?.();
    }
  }

  /** Ends the module, then its services, the last made first. */
  async close(end: EndService): Promise<void> {
    this.shared?.users.delete(this);
    await this.bound?.close((title, work, key) => end(key === this.module.provide ? '' : title, work), this.hasModules);
    if (this.boundByModules.length > 0) await end('a ContainerModule', () => this.services.inner.unbindAllAsync());
  }

  private bindAll(): ServiceContainer {
    const services = new ServiceContainer(this.shared?.services.inner ?? this.host.inner, this.hooks);
    // What nobody can ask for needs no binding: with many modules, that is a good part of their start.
    for (const one of this.providers) if (this.asked?.includes(one.provide) !== false) this.bindHere(one, services);
    services.bind(this.module, { isModule: true, standIn: this.alone });
    return services;
  }

  /** Binds a provider, or what stands here for one that is made elsewhere. */
  private bindHere(provider: Provider, services: ServiceContainer): void {
    if (isCallScoped(provider)) services.bind(this.forwarderFor(provider));
    else if (isShared(provider)) {
      services.bind(inPlaceOf(provider, { useFactory: () => this.getShared(provider), scope: 'transient' }));
    } else if (isMade(provider) && this.isKeyOfCall(provider.provide)) {
      // A question's services ask for it among others of the same key.
      bindUnderId(services, provider);
    } else services.bind(provider);
  }

  private bindShared(services: ServiceContainer): void {
    for (const provider of this.providers) {
      if (isShared(provider)) {
        bindUnderId(services, provider, { scope: 'singleton' });
      } else if (!this.isPerInstance(provider)) services.bind(provider);
    }
  }

  private async getShared(provider: Provider): Promise<unknown> {
    const { shared } = this;
    try {
      return await shared?.services.inner.getAsync(idOf(provider));
    } catch (error) {
      const explained = shared?.services.explain(error);
      if (shared !== undefined) await this.host.giveUp(shared);
      throw explained;
    }
  }

  private openCall(): CallServices {
    const services = this.servicesOfCall();
    return {
      get: async (provider) => {
        try {
          return await services.inner.getAsync(idOf(provider));
        } catch (error) {
          // What a question's services ask for may be the module's.
          const explained = this.services.explain(services.explain(error));
          // A question that a service is made for is answered by what that throws.
          const { cause } = explained instanceof MakingError ? explained : {};
          throw cause instanceof SynapseError ? cause : this.failure(explained);
        }
      },
      close: () => services.close(endingWithin(this.given.log, this.given.name, closeLimitMs), this.hasModules),
    };
  }

  /**
   * The container of one question. Only its own services get each other; what else is made meanwhile gets what stands for
   * them, since it may live longer.
   */
  private servicesOfCall(): ServiceContainer {
    const services = new ServiceContainer(this.services.inner, this.hooks);
    const ids: readonly unknown[] = this.providers.filter(isCallScoped).map(idOf);
    const isOfCall = (asked: BindingConstraints): boolean => {
      const asking = asked.getAncestor();
      return asking === undefined || ids.includes(asking.serviceIdentifier);
    };
    for (const provider of this.providers.filter(({ provide }) => this.isKeyOfCall(provide))) {
      if (isCallScoped(provider)) {
        bindUnderId(services, provider, { scope: 'singleton', isAlsoFor: isOfCall });
        services.bind(this.forwarderFor(provider), { isAlsoFor: (asked) => !isOfCall(asked) });
      } else if (!isMade(provider)) services.bind(provider);
      else services.bind(inPlaceOf(provider, { useFactory: () => this.getExactly(provider), scope: 'transient' }));
    }
    return services;
  }

  private getExactly(provider: Provider): Promise<unknown> {
    return isShared(provider) ? this.getShared(provider) : this.services.inner.getAsync(idOf(provider));
  }

  private forwarderFor(provider: Provider): Provider {
    return inPlaceOf(provider, { useValue: this.callScope?.forwarder(provider) });
  }

  private isKeyOfCall(key: ServiceKey): boolean {
    return this.callScope !== undefined && this.providers.some((one) => isCallScoped(one) && one.provide === key);
  }

  private isPerInstance(provider: Provider): boolean {
    return provider === this.api || (isMade(provider) && !isShared(provider));
  }

  private isInterceptor({ provide }: Provider): boolean {
    return this.description.allInterceptors.some((type) => type === provide);
  }

  private standInOf(provider: Provider): StandIn | undefined {
    const type = classOf(provider);
    return type && (this.services.standInOf(provider) ?? standInFor(type));
  }

  /** What comes without a name is of the module itself, or of a class that a `ContainerModule` binds. */
  private explain(error: unknown): unknown {
    const explained = this.services.explain(error);
    if (explained instanceof MakingError || explained instanceof VesicleError) return explained;
    const subject = this.boundByModules.length > 0 ? 'a class of a ContainerModule' : this.module.provide;
    const isOfStart = InversifyCoreError.isErrorOfKind(explained, InversifyCoreErrorKind.resolution);
    if (isOfStart && 'cause' in explained) return new MakingError(subject, '@postConstruct', explained.cause);
    return new MakingError(subject, 'its constructor', explained);
  }

  private failure(error: unknown): unknown {
    return describeFailure(error, { title: this.given.title, type: this.description.type, files: this.given.files });
  }
}

/** Binds a provider under a key of its own, and that as what it is asked for by. */
function bindUnderId(
  services: ServiceContainer,
  provider: Provider,
  { scope, ...options }: { readonly scope?: 'singleton' } & Pick<BindingOptions, 'isAlsoFor'> = {},
): void {
  services.bind(underId(provider, scope));
  services.bind(inPlaceOf(provider, { useExisting: idOf(provider) }), options);
}

function valuesOf({ config }: ModuleDescription, given: GivenValues): readonly Provider[] {
  const configClasses = config === undefined ? [] : (lineage(config) as readonly AbstractClass[]);
  return [
    { provide: Logger, useValue: given.log },
    { provide: 'config', useValue: given.rawConfig },
    ...configClasses.map((provide) => ({ provide, useValue: given.config })),
  ];
}

/** The keys that a class asks for; undefined where it is not as simple as that. */
function keysAskedBy(standIn: StandIn | undefined): readonly unknown[] | undefined {
  if (standIn === undefined || standIn.gaps.length > 0 || standIn.problem !== undefined) return undefined;
  const { constructorArguments, properties } = standIn.metadata;
  const elements = properties.size === 0 ? constructorArguments : [...constructorArguments, ...properties.values()];
  const keys = elements.map((element) =>
    element.kind === ClassElementMetadataKind.singleInjection ? element.value : undefined,
  );
  return keys.includes(undefined) || keys.some((key) => LazyServiceIdentifier.is(key)) ? undefined : keys;
}

/** The class of an instance, if it has one. */
function classOfInstance(made: unknown): Class | undefined {
  if (typeof made !== 'object' || made === null) return undefined;
  const { constructor } = (Object.getPrototypeOf(made) ?? {}) as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor !== Object ? (constructor as Class) : undefined;
}

function asInterceptor(made: Partial<Interceptor> | null | undefined, type: Class, module: Class): Interceptor {
  if (typeof made?.intercept === 'function') return made as Interceptor;
  const problem = `the interceptor ${type.name} has no method intercept(call, next)`;
  throw new VesicleError('MODULE_OPTION_INVALID', { where: `@Module of ${module.name}`, problem });
}
