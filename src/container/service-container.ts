import { type BindToFluentSyntax, Container } from 'inversify';
import type { ModuleService, ServiceKey } from '../metadata/module-options.js';
import { keyOfService } from './service-key.js';
import type { ServiceSource } from './module-scope.js';

/** How an instance of a service is made and ended. */
export interface ServiceLife {
  readonly make: (service: ModuleService) => Promise<unknown>;
  readonly end: (instance: unknown, service: ModuleService) => Promise<void>;
}

/** The Inversify container of one module: what the host gives it, and its services, each made once when first asked for. */
export class ServiceContainer implements ServiceSource {
  private readonly container: Container;

  constructor(
    values: ReadonlyMap<ServiceKey, unknown>,
    services: readonly ModuleService[],
    life: ServiceLife,
    parent: Container = new Container(),
  ) {
    this.container = new Container({ parent, defaultScope: 'Singleton' });
    for (const [key, value] of values) this.bind(key).toConstantValue(value);
    for (const service of services) this.bindService(service, life);
  }

  get(key: ServiceKey): Promise<unknown> {
    return this.container.getAsync(key);
  }

  /** Ends the services that were made, their `@preDestroy` methods included. */
  async close(): Promise<void> {
    await this.container.unbindAllAsync();
  }

  private bindService(service: ModuleService, life: ServiceLife): void {
    const key = keyOfService(service);
    if (typeof service === 'object' && 'useValue' in service) {
      this.bind(key).toConstantValue(service.useValue);
      return;
    }
    this.bind(key)
      .toDynamicValue(() => life.make(service))
      .inSingletonScope()
      .onDeactivation((instance) => life.end(instance, service));
  }

  private bind(key: ServiceKey): BindToFluentSyntax<unknown> {
    return this.container.bind<unknown>(key);
  }
}
