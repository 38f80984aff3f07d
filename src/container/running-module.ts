import type { ModuleApi } from '../api/module-api.js';
import type { Registrar } from '../api/registrar.js';
import type { CallbackCategory } from '../callbacks/registry.js';
import type { AnyHandler } from '../callbacks/rule.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { NewCallback } from '../dispatch/registration.js';
import { HostError } from '../errors/host-error.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Logger } from '../log/logger.js';
import type { ModuleService } from '../metadata/module-options.js';
import type { WebResources } from '../web/web-resources.js';
import { webResourceOf } from './described-web-resource.js';
import type { LoadedModule } from '../kernel/loaded-module.js';
import type { ModuleDescription } from './module-description.js';
import { ModuleRegistrar } from './module-registrar.js';
import { endInstance, ModuleScope, startInstance } from './module-scope.js';
import { closeLimitMs, isDoneWithin } from '../kernel/done-within.js';
import { throwMistakes } from './one-error.js';
import type { SharedServices } from './shared-services.js';
import { isStarted, slowStartMs, type StartLimits } from './started.js';

/** What a homeserver gives to its modules. */
export interface ModuleHost extends StartLimits {
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
  readonly log: Logger;
  /** The `ModuleApi` of one module, which registers with `registrar`; what it started ends with the module. */
  readonly createModuleApi: (registrar: Registrar, moduleName: string) => ModuleApi & Partial<Disposable>;
  /** Services that every module's container has; they go before a module's own. */
  readonly services?: readonly ModuleService[];
  /** Keeps the services that are made once for all instances of a module; without it each instance has its own. */
  readonly shared?: SharedServices;
}

/** Where a module stands among the others. */
export interface ModulePlace {
  /** Unique among the running ones. */
  readonly name: string;
  readonly rank: number;
  readonly isReplacement: boolean;
}

/** One instance of one module class, from construction to its end. */
export class RunningModule {
  readonly name: string;
  readonly rank: number;
  private readonly registrar: ModuleRegistrar;
  private readonly api: ModuleApi & Partial<Disposable>;
  private readonly scope: ModuleScope;
  private made: object | undefined;

  constructor(
    readonly loaded: LoadedModule,
    private readonly description: ModuleDescription,
    place: ModulePlace,
    private readonly host: ModuleHost,
  ) {
    this.name = place.name;
    this.rank = place.rank;
    const policy = { operator: loaded.policy, module: description.policy };
    this.registrar = new ModuleRegistrar(place.name, place.rank, policy, host, place.isReplacement);
    this.api = host.createModuleApi(this.registrar, place.name);
    const values = {
      name: place.name,
      api: this.api,
      log: host.log.child({ module: place.name }),
      config: loaded.config,
    };
    this.scope = new ModuleScope(
      description,
      values,
      [...(host.services ?? []), ...(loaded.services ?? [])],
      host.shared,
    );
  }

  /** Undefined until it was constructed. */
  get instance(): object | undefined {
    return this.made;
  }

  /** Makes the instance, registers what its decorators say, and waits for `@postConstruct`. */
  async open(): Promise<void> {
    throwMistakes(this.name, this.scope.check());
    const { name, host } = this;
    const saySlow = (): void => {
      const seconds = (host.slowStartMs ?? slowStartMs) / 1000;
      host.log.warn(
        `${name}: it has been starting for ${seconds} s; nothing is asked of it until its @postConstruct ends`,
        { module: name },
      );
    };
    if (await isStarted(this.start(), host, saySlow)) return;
    throw new VesicleError('KERNEL_START_FAILED', [this.title, 'it hangs, and nobody waits for it any more']);
  }

  /** Stands in for the module that is called the same. */
  takeOver(old: RunningModule): void {
    this.registrar.takeOver(old.registrar);
  }

  /** Takes back what was registered, runs `@preDestroy`, and ends the services; failures are logged, and so is who hangs. */
  async close(): Promise<void> {
    this.registrar.close();
    this.api[Symbol.dispose]?.();
    await this.ending('@preDestroy', () => endInstance(this.made));
    await this.ending('the end of its services', () => this.scope.close());
  }

  private async start(): Promise<void> {
    const instance = await this.naming('KERNEL_CONSTRUCTOR_FAILED', () => this.scope.make(this.loaded.type));
    this.made = instance;
    await this.naming('KERNEL_CONSTRUCTOR_FAILED', () => {
      this.register(instance);
    });
    await this.naming('KERNEL_START_FAILED', () => startInstance(instance));
  }

  private register(instance: object): void {
    const byCategory = new Map<CallbackCategory, NewCallback[]>();
    for (const { category, name, method, options, key } of this.description.callbacks) {
      const handler = (instance as Readonly<Record<string | symbol, AnyHandler>>)[method]?.bind(instance);
      if (handler === undefined) continue;
      const callbacks = byCategory.get(category) ?? [];
      callbacks.push({ name, handler, options, ...(key && { key }) });
      byCategory.set(category, callbacks);
    }
    for (const [category, callbacks] of byCategory) this.registrar.addCallbacks(category, callbacks);
    for (const described of this.description.webResources) {
      const resource = webResourceOf(instance, described, this.name);
      this.registrar.registerWebResource(described.path, resource, described.options);
    }
  }

  /** How failures name it. */
  private get title(): string {
    return `${this.name} (${this.loaded.name}, ${this.loaded.at})`;
  }

  /** A failure names the module; a mistake that Vesicle found names it already. */
  private async naming<T>(
    code: 'KERNEL_CONSTRUCTOR_FAILED' | 'KERNEL_START_FAILED',
    work: () => T,
  ): Promise<Awaited<T>> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof VesicleError) throw error;
      throw new VesicleError(code, [this.title, textOf(error)], { cause: error });
    }
  }

  private async ending(what: string, work: () => Promise<void>): Promise<void> {
    const { log, closeLimitMs: limit = closeLimitMs } = this.host;
    try {
      if (await isDoneWithin(work(), limit)) return;
      log.error(`${this.name}: ${what} took longer than ${limit} ms and is not waited for`, { module: this.name });
    } catch (err) {
      log.error(`${this.name}: closing it failed`, { module: this.name, err });
    }
  }
}

function textOf(error: unknown): string {
  if (error instanceof HostError) return `${error.type}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
