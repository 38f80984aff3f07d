import { ModuleApi } from '../api/module-api.js';
import type { Interceptor } from '../callbacks/interceptor.js';
import { SynapseError } from '../errors/synapse-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { closeLimitMs } from '../kernel/done-within.js';
import { Logger } from '../log/logger.js';
import { type AbstractClass, type Class, lineage } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';
import { CallScope, type CallServices } from './call-scope.js';
import { endingWithin } from './ending.js';
import type { HostContainer, SharedServices } from './host-container.js';
import { InjectionCheck } from './injection-check.js';
import { describeFailure, MakingError } from './making-error.js';
import type { ModuleDescription } from './module-description.js';
import { planProblem } from './plan-problem.js';
import {
  asSingleton,
  classOf,
  isCallScoped,
  isContainerModule,
  isMade,
  isShared,
  layered,
  noting,
  optionsOf,
  type Provider,
  providersIn,
} from './provider.js';
import { type EndService, type InstanceHooks, ServiceContainer } from './service-container.js';
import { standInFor, type StandIn } from './stand-in.js';

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
}

/** The container of one module, a child of its host's: what it is given, its services, and the module itself. */
export class ModuleContainer {
  /** Of a module with services that live for one question. */
  readonly callScope: CallScope | undefined;
  private readonly services: ServiceContainer;
  private readonly shared: SharedServices | undefined;
  private readonly api: Provider;
  private readonly module: Provider;
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
      this.shared = host.sharedOf(type, given.rawConfig, hooks, (container) => {
        for (const provider of this.providers) if (!this.isPerInstance(provider)) container.bind(asSingleton(provider));
      });
    }
    this.services = new ServiceContainer(this.shared?.services.inner ?? host.inner, hooks);
    if (this.providers.some(isCallScoped)) {
      const ofCalls = this.providers.filter(isCallScoped);
      this.callScope = new CallScope(given.name, ofCalls, () => this.openCall(ofCalls));
    }
    for (const provider of this.providers) this.services.bind(this.boundHere(provider));
    this.services.bind(this.module, true);
  }

  /** The instances whose `@postConstruct` has not ended, with their classes. */
  get unready(): readonly (readonly [instance: object, type: Class])[] {
    return this.services.unready;
  }

  /** Whether there is something to {@link load}. */
  get hasModules(): boolean {
    return this.description.services.some(isContainerModule);
  }

  /** Lets the module's `ContainerModule`s bind what they bring. */
  async load(): Promise<void> {
    const { inner } = this.services;
    for (const module of this.description.services.filter(isContainerModule)) {
      try {
        await inner.loadAsync(noting(module, (key) => this.boundByModules.push(key)));
      } catch (error) {
        throw this.failure(new MakingError('a ContainerModule', 'its load function', error));
      }
    }
    for (const key of new Set(this.boundByModules)) {
      inner.onActivation(key, (_context, made: unknown) => {
        if (typeof made !== 'object' || made === null) return made;
        this.hooks.constructed(made, made.constructor as Class);
        return this.hooks.ready(made, made.constructor as Class)?.then(() => made) ?? made;
      });
    }
  }

  /** Everything that cannot be injected, in the module's class and its services, before any of them is made. */
  check(): readonly VesicleError[] {
    const { providers, module } = this;
    const check = new InjectionCheck({
      providers,
      standInOf: (provider) => this.standInOf(provider),
      isBoundElsewhere: (key) => this.boundByModules.includes(key as ServiceKey),
      isPerInstance: (provider) => this.isPerInstance(provider),
    });
    // What nothing needs to ask for: it is made all the same, or elsewhere, or cannot be made at all.
    const isRoot = (one: Provider): boolean => isShared(one) || isCallScoped(one) || this.isInterceptor(one);
    const roots = [module, ...providers.filter(isRoot)];
    for (const provider of [...roots, ...providers.filter((one) => isBroken(this.standInOf(one)))])
      check.check(provider);
    if (check.mistakes.length > 0 || this.description.services.length === 0) return check.mistakes;
    const problem = planProblem(
      this.services.inner,
      roots.map(({ provide }) => provide),
    );
    if (problem === undefined) return [];
    return [new VesicleError('KERNEL_UNRESOLVABLE', [this.description.type.name, problem.message], { cause: problem })];
  }

  /** Makes the module and what it asks for; `@postConstruct` of all of them has ended then. */
  async open(): Promise<void> {
    const { inner } = this.services;
    try {
      // What a question's services asked for first would be made among them, and keep them.
      if (this.callScope !== undefined) await this.services.makeSingletons();
      for (const type of this.description.allInterceptors) {
        this.interceptors.push([type, asInterceptor(await inner.getAsync(type), type, this.description.type)]);
      }
      await inner.getAsync(this.module.provide);
      if (this.shared !== undefined) this.shared.isInUse = true;
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
    await this.services.close((title, work, key) => end(key === this.module.provide ? '' : title, work));
    if (this.boundByModules.length > 0) await end('a ContainerModule', () => this.services.inner.unbindAllAsync());
  }

  /** What stands here for a provider that is made elsewhere. */
  private boundHere(provider: Provider): Provider {
    const { provide, name, tags } = provider;
    const place = { provide, ...(name !== undefined && { name }), ...(tags && { tags }) };
    if (isCallScoped(provider)) return { ...place, useValue: this.callScope?.forwarder(provider) };
    if (!isShared(provider)) return provider;
    return { ...place, useFactory: () => this.getShared(provider), scope: 'transient' };
  }

  private async getShared(provider: Provider): Promise<unknown> {
    const { shared } = this;
    try {
      return await shared?.services.inner.getAsync(provider.provide, optionsOf(provider));
    } catch (error) {
      const explained = shared?.services.explain(error);
      if (shared !== undefined) await this.host.giveUp(shared);
      throw explained;
    }
  }

  private openCall(providers: readonly Provider[]): CallServices {
    const services = new ServiceContainer(this.services.inner, this.hooks);
    for (const provider of providers) services.bind(asSingleton(provider));
    return {
      get: async (provider) => {
        try {
          return await services.inner.getAsync(provider.provide, optionsOf(provider));
        } catch (error) {
          const explained = services.explain(error);
          // A question that a service is made for is answered by what that throws.
          const { cause } = explained instanceof MakingError ? explained : {};
          throw cause instanceof SynapseError ? cause : this.failure(explained);
        }
      },
      close: () => services.close(endingWithin(this.given.log, this.given.name, closeLimitMs)),
    };
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
    const isOther = this.boundByModules.length > 0;
    return new MakingError(
      isOther ? 'a class of a ContainerModule' : this.module.provide,
      'its constructor',
      explained,
    );
  }

  private failure(error: unknown): unknown {
    return describeFailure(error, { title: this.given.title, type: this.description.type });
  }
}

function valuesOf({ config }: ModuleDescription, given: GivenValues): readonly Provider[] {
  const configClasses = config === undefined ? [] : (lineage(config) as readonly AbstractClass[]);
  return [
    { provide: Logger, useValue: given.log },
    { provide: 'config', useValue: given.rawConfig },
    ...configClasses.map((provide) => ({ provide, useValue: given.config })),
  ];
}

/** Whether something of the metadata of a class is missing. */
function isBroken(standIn: StandIn | undefined): boolean {
  return standIn !== undefined && (standIn.gaps.length > 0 || standIn.problem !== undefined);
}

function asInterceptor(made: Partial<Interceptor>, type: Class, module: Class): Interceptor {
  if (typeof made.intercept === 'function') return made as Interceptor;
  const problem = `the interceptor ${type.name} has no method intercept(call, next)`;
  throw new VesicleError('MODULE_OPTION_INVALID', [`@Module of ${module.name}`, problem]);
}
