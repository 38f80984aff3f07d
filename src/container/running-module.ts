import { dirname } from 'node:path';
import type { ModuleApi } from '../module-api/module-api.js';
import type { Registrar } from '../module-api/registrar.js';
import type { CallbackCategory } from '../callbacks/registry.js';
import type { AnyHandler } from '../callbacks/rule.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { noteWork } from '../dispatch/latest-work.js';
import type { NewCallback } from '../dispatch/registration.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { closeLimitMs } from './ending.js';
import type { LoadedModule } from '../loader/loaded-module.js';
import type { Logger } from '../log/logger.js';
import { readModuleFile } from '../metadata/module-options.js';
import type { WebResources } from '../web/web-resources.js';
import { webResourceOf } from './described-web-resource.js';
import { endingWithin } from './ending.js';
import type { HostContainer } from './host-container.js';
import { ModuleCalls } from './module-calls.js';
import { MethodCaches } from './method-caches.js';
import { ModuleContainer } from './module-container.js';
import type { ModuleDescription } from './module-description.js';
import { ModuleRegistrar } from './module-registrar.js';
import { mistakesIn } from './one-error.js';
import type { InstanceHooks } from './service-container.js';
import { awaitStart, type SlowStartNotice, type StartLimits } from './start.js';

/** The module that a `ModuleApi` is for. */
export interface ModuleOwner {
  /** What the log calls it. */
  readonly name: string;
  /** Where relative paths in its code start: the folder of its file, or the working directory when that is not known. */
  readonly folder: string;
}

/** What a homeserver gives to its modules. */
export interface ModuleHost extends StartLimits {
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
  readonly log: Logger;
  /** The `ModuleApi` of one module, which registers with `registrar`; what it started ends with the module. */
  readonly createModuleApi: (registrar: Registrar, owner: ModuleOwner) => ModuleApi & Partial<Disposable>;
  /** Above the containers of the modules; who gives it closes it. Absent: one of their own. */
  readonly container?: HostContainer;
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
  private readonly calls: ModuleCalls;
  private readonly container: ModuleContainer;
  private made: object | undefined;
  /** `@postConstruct` of the module has ended, and what its decorators say is registered. */
  private isReady = false;

  constructor(
    readonly loaded: LoadedModule,
    private readonly description: ModuleDescription,
    place: ModulePlace,
    private readonly host: ModuleHost & { readonly container: HostContainer },
  ) {
    const { name, rank } = place;
    const { config, rawConfig = config, policy, services = [] } = loaded;
    this.name = name;
    this.rank = rank;
    this.calls = new ModuleCalls(name, description.interceptors, () => this.container);
    const policies = { operator: policy, module: description.policy };
    this.registrar = new ModuleRegistrar(name, rank, policies, host, this.calls, place.isReplacement);
    const file = readModuleFile(loaded.type);
    const folder = file === undefined ? process.cwd() : dirname(file);
    this.api = host.createModuleApi(this.registrar, { name, folder });
    const log = host.log.child({ module: name });
    const { files } = loaded;
    const given = { name, title: this.title, api: this.api, log, config, rawConfig, doubles: services, files };
    this.container = new ModuleContainer(description, given, host.container, this.instanceHooks);
  }

  /** Undefined until it was constructed. */
  get instance(): object | undefined {
    return this.made;
  }

  /** Binds what its `ContainerModule`s bring, and says what cannot be injected; nothing is made yet. */
  check(): readonly VesicleError[] | Promise<readonly VesicleError[]> {
    if (!this.container.hasModules) return this.checkContainer();
    return this.container.load().then(
      () => this.checkContainer(),
      (error: unknown) => mistakesIn(error),
    );
  }

  /** Reading metadata runs code of authors: functions of lazy identifiers, static names. */
  private checkContainer(): readonly VesicleError[] {
    try {
      return this.container.check();
    } catch (error) {
      return [new VesicleError('KERNEL_UNRESOLVABLE', { class: this.title, problem: String(error) }, { cause: error })];
    }
  }

  /** Makes the instance, waits for `@postConstruct`, and registers what its decorators say; then it may be asked. */
  async open(notice: SlowStartNotice): Promise<void> {
    notice.begin((elapsedMs) => {
      this.saySlow(elapsedMs / 1000);
    });
    noteWork(this.name, 'its start');
    if (!(await awaitStart(this.container.open(), this.host))) {
      const { waitedFor } = this;
      const phase = waitedFor === '' ? 'its start' : 'a method with @postConstruct';
      const problem = `start timed out${waitedFor}`;
      throw new VesicleError('KERNEL_START_FAILED', { module: this.title, phase, problem });
    }
    this.registrar.release();
  }

  /** Stands in for the module that is called the same. */
  takeOver(old: RunningModule): void {
    this.registrar.takeOver(old.registrar);
  }

  /** Takes back what was registered, runs `@preDestroy`, and ends the services; failures are logged, and so is what hangs. */
  async close(): Promise<void> {
    this.registrar.close();
    this.api[Symbol.dispose]?.();
    const { log, closeLimitMs: limit = closeLimitMs } = this.host;
    const end = endingWithin(log, this.name, limit);
    const { made } = this;
    if (made !== undefined && !this.isReady) await end('', () => this.container.endUnready(made));
    await this.container.close(end);
  }

  private register(instance: object): void {
    const byCategory = new Map<CallbackCategory, NewCallback[]>();
    for (const { category, name, method, options, key, interceptors } of this.description.callbacks) {
      const member: unknown = Reflect.get(instance, method);
      if (typeof member !== 'function') {
        const callback = `${category}.${name}`;
        const what = { where: `${this.name}.${String(method)}`, callback, kind: `${typeof member} in its instance` };
        throw new VesicleError('CALLBACK_NOT_A_FUNCTION', what);
      }
      const bound = member.bind(instance) as AnyHandler;
      const handler = this.calls.intercepted(bound, { category, name }, interceptors);
      const callbacks = byCategory.get(category) ?? [];
      callbacks.push({ name, handler, options, ...(key && { key }) });
      byCategory.set(category, callbacks);
    }
    for (const [category, callbacks] of byCategory) this.registrar.addCallbacks(category, callbacks);
    for (const described of this.description.webResources) {
      const { path, options } = described;
      const resource = webResourceOf(instance, described, this.name, (member, record) =>
        this.calls.webMember(member, path, record.options.interceptors),
      );
      this.registrar.registerWebResource(path, resource, options);
    }
  }

  private get instanceHooks(): InstanceHooks {
    const { type } = this.description;
    const caches = new MethodCaches((at) => (at === type ? this.name : `${this.name}.${at.name}`), this.api);
    return {
      constructed: (instance, at) => {
        if (at === type) this.made = instance;
        caches.constructed(instance, at);
      },
      ready: (instance, at) => {
        if (at === type && !this.isReady) {
          this.register((this.made = instance));
          this.isReady = true;
        }
        return caches.ready(instance);
      },
      foreign: (instance, at) => {
        caches.constructed(instance, at);
        return caches.ready(instance);
      },
    };
  }

  private saySlow(seconds: number): void {
    const { name, host } = this;
    const text = `still starting after ${seconds} s${this.waitedFor}; its callbacks are not active yet`;
    host.log.warn(`${name}: ${text}`, { module: name });
  }

  /** What failures call it. */
  private get title(): string {
    return `${this.name} (${this.loaded.name}, ${this.loaded.at})`;
  }

  /** The classes that its start waits for. */
  private get waitedFor(): string {
    const names = this.container.unready.map(([, { name }]) => name);
    return names.length === 0 ? '' : ` (@postConstruct of ${names.join(', ')})`;
  }
}
