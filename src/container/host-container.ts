import { isDeepStrictEqual } from 'node:util';
import { Container } from 'inversify';
import { closeLimitMs } from './ending.js';
import { Logger } from '../log/logger.js';
import type { Class } from '../metadata/metadata-store.js';
import { endingWithin } from './ending.js';
import { type InstanceHooks, ServiceContainer } from './service-container.js';

/** The services that the instances of a module with one configuration share. */
export interface SharedServices {
  readonly type: Class;
  readonly config: unknown;
  readonly services: ServiceContainer;
  readonly doubles: readonly unknown[];
  /** The instances of the module that were made with them and run. */
  readonly users: Set<object>;
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
    { rawConfig, doubles }: { readonly rawConfig: unknown; readonly doubles: readonly unknown[] },
    hooks: InstanceHooks,
    bind: (services: ServiceContainer) => void,
  ): SharedServices {
    const known = this.shared.find(
      (one) => one.type === type && isSame(one.doubles, doubles) && isDeepStrictEqual(one.config, rawConfig),
    );
    if (known !== undefined) return known;
    const services = new ServiceContainer(this.inner, hooks);
    const made = { type, config: rawConfig, doubles, services, users: new Set<object>() };
    bind(services);
    this.shared = [...this.shared, made];
    return made;
  }

  /** Ends the services of a class that no module runs with any more: it has been loaded anew. */
  async endUnused(type: Class): Promise<void> {
    for (const one of this.shared.filter((other) => other.type === type)) await this.giveUp(one);
  }

  /** Ends services of which one could not be made, unless a module runs with them: Inversify keeps the failure. */
  async giveUp(failed: SharedServices): Promise<void> {
    if (failed.users.size > 0) return;
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
    return services.close(endingWithin(this.log, type.name, this.limitMs), false);
  }
}

/** Tests that put the same in the place of services share them. */
function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === 0 && other.length === 0);
}
