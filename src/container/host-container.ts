import { isDeepStrictEqual } from 'node:util';
import { Container } from 'inversify';
import { closeLimitMs } from '../kernel/done-within.js';
import { Logger } from '../log/logger.js';
import type { Class } from '../metadata/metadata-store.js';
import { endingWithin } from './ending.js';
import { type InstanceHooks, ServiceContainer } from './service-container.js';

/** The services that the instances of a module with one configuration share. */
export interface SharedServices {
  readonly type: Class;
  readonly config: unknown;
  readonly services: ServiceContainer;
  /** An instance of the module has been made with them. */
  isInUse: boolean;
}

/** The container above those of all modules of a homeserver, with the services that instances of one module share. */
export class HostContainer implements AsyncDisposable {
  readonly inner = new Container();
  private shared: readonly SharedServices[] = [];

  constructor(
    private readonly log: Logger,
    private readonly limitMs = closeLimitMs,
  ) {
    this.inner.bind(Logger).toConstantValue(log);
  }

  /** The services that the instances of a module with one configuration share; who makes them first binds what is in them. */
  sharedOf(
    type: Class,
    config: unknown,
    hooks: InstanceHooks,
    bind: (services: ServiceContainer) => void,
  ): SharedServices {
    const known = this.shared.find((one) => one.type === type && isDeepStrictEqual(one.config, config));
    if (known !== undefined) return known;
    const made = { type, config, services: new ServiceContainer(this.inner, hooks), isInUse: false };
    bind(made.services);
    this.shared = [...this.shared, made];
    return made;
  }

  /** Ends services of which one could not be made, unless a module runs with them: Inversify keeps the failure. */
  async giveUp(failed: SharedServices): Promise<void> {
    if (failed.isInUse) return;
    this.shared = this.shared.filter((one) => one !== failed);
    await this.end(failed);
  }

  /** Ends all shared services, the last first; failures are logged, and so is what hangs. */
  async close(): Promise<void> {
    const { shared } = this;
    this.shared = [];
    for (const one of shared.toReversed()) await this.end(one);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private end({ type, services }: SharedServices): Promise<void> {
    return services.close(endingWithin(this.log, type.name, this.limitMs));
  }
}
