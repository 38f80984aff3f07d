import { ModuleApi } from '../api/module-api.js';
import type { VesicleError } from '../errors/vesicle-error.js';
import { Logger } from '../log/logger.js';
import {
  type ConstructorParameter,
  type Dependency,
  readInjectedProperties,
  readLifeCycle,
  readParameters,
} from '../metadata/injection.js';
import { type AbstractClass, type Class, lineage } from '../metadata/metadata-store.js';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';
import { cacheMethods } from './cached-methods.js';
import { checkInjection, takesRawConfig } from './injection-check.js';
import type { ModuleDescription } from './module-description.js';
import { classOfService, isSharedService, keyOfService } from './service-key.js';
import { checkSharedServices } from './shared-injection-check.js';
import type { SharedServices } from './shared-services.js';

/** Gives services by key. */
export interface ServiceSource {
  readonly get: (key: ServiceKey) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** What the kernel gives to every module. */
export interface ScopeValues {
  /** The name of the module among the running ones. */
  readonly name: string;
  readonly api: ModuleApi;
  readonly log: Logger;
  readonly config: unknown;
}

/** The key of a module's configuration as it stands in the file. */
const rawConfigKey = 'config';

/**
 * What one module's constructor can ask for. The Inversify container is made only for modules with services of their own,
 * since importing it takes longer than starting everything else.
 */
export class ModuleScope {
  private readonly values = new Map<ServiceKey, unknown>();
  private readonly services: ReadonlyMap<ServiceKey, ModuleService>;
  private source: Promise<ServiceSource> | undefined;

  constructor(
    private readonly description: ModuleDescription,
    private readonly given: ScopeValues,
    hostServices: readonly ModuleService[],
    private readonly shared?: SharedServices,
  ) {
    this.values.set(ModuleApi, given.api).set(Logger, given.log).set(rawConfigKey, given.config);
    for (const type of description.config === undefined ? [] : lineage(description.config)) {
      this.values.set(type as AbstractClass, given.config);
    }
    // The host's come last: tests replace what a module brings.
    const services = [...description.services, ...hostServices];
    this.services = new Map(services.map((service) => [keyOfService(service), service]));
  }

  /** Every dependency that cannot be met, of the module's class and of the services that it asks for. */
  check(): readonly VesicleError[] {
    const { type, config } = this.description;
    const known = (key: ServiceKey): boolean => this.values.has(key) || this.services.has(key);
    const classOf = (key: ServiceKey): Class | undefined => {
      const service = this.services.get(key);
      return service && classOfService(service);
    };
    const mistakes = checkInjection(type, { isKnown: known, classOf, hasConfigClass: config !== undefined });
    return [...mistakes, ...checkSharedServices(this.services)];
  }

  /** Makes an instance with everything it asks for. */
  async make(type: Class): Promise<object> {
    const parameters = readParameters(type);
    const args: unknown[] = [];
    for (const parameter of parameters) args.push(await this.resolve(this.withRawConfig(type, parameter)));
    const instance = new type(...args);
    for (const [property, dependency] of readInjectedProperties(type)) {
      Reflect.set(instance, property, await this.resolve(dependency));
    }
    await cacheMethods(instance, this.cacheOwner(type), this.given.api);
    return instance;
  }

  /** Ends the services. */
  async close(): Promise<void> {
    const source = await this.source;
    await source?.close();
  }

  /** Whose caches are meant, for all processes of the homeserver. */
  private cacheOwner(type: Class): string {
    const { name } = this.given;
    return type === this.description.type ? name : `${name}.${type.name}`;
  }

  private withRawConfig(type: Class, parameter: ConstructorParameter): Dependency {
    const isRaw = type === this.description.type && takesRawConfig(parameter, this.description.config !== undefined);
    return isRaw ? { key: rawConfigKey, isOptional: false } : parameter;
  }

  private async resolve({ key, isOptional }: Dependency): Promise<unknown> {
    if (key === undefined) return undefined;
    if (this.values.has(key) && !this.services.has(key)) return this.values.get(key);
    if (isOptional && !this.services.has(key)) return undefined;
    return (await (this.source ??= this.open())).get(key);
  }

  private async open(): Promise<ServiceSource> {
    const { ServiceContainer } = await import('./service-container.js');
    const own = [...this.values].filter(([key]) => !this.services.has(key));
    return new ServiceContainer(new Map(own), [...this.services.values()], {
      make: (service) => this.makeService(service),
      end: (instance, service) => (this.isShared(service) ? Promise.resolve() : endInstance(instance)),
    });
  }

  private isShared(service: ModuleService): boolean {
    return this.shared !== undefined && isSharedService(service);
  }

  private async makeService(service: ModuleService): Promise<unknown> {
    const type = classOfService(service);
    if (type === undefined) return undefined;
    if (this.shared === undefined || !isSharedService(service)) return await this.makeStarted(type);
    return await this.shared.get(type, this.given.config, () => this.makeStarted(type), endInstance);
  }

  private async makeStarted(type: Class): Promise<object> {
    const instance = await this.make(type);
    await startInstance(instance);
    return instance;
  }
}

/** Runs the `@postConstruct` methods of an instance. */
export async function startInstance(instance: object): Promise<void> {
  for (const method of readLifeCycle(instance.constructor, 'post_construct')) await call(instance, method);
}

/** Runs the `@preDestroy` methods of an instance. */
export async function endInstance(instance: unknown): Promise<void> {
  if (typeof instance !== 'object' || instance === null) return;
  for (const method of readLifeCycle(instance.constructor, 'pre_destroy')) await call(instance, method);
}

async function call(instance: object, method: string | symbol): Promise<void> {
  await (instance as Readonly<Record<string | symbol, () => unknown>>)[method]?.();
}
