import type { CallbacksOf, Registrar } from '../module-api/registrar.js';
import type { CallbackCategory } from '../callbacks/registry.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { type CallbackRegistration, type NewCallback, parseCallbacks } from '../dispatch/registration.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { WebResourceLike, WebResourceOptions } from '../web/web-resource.js';
import type { WebResources } from '../web/web-resources.js';
import type { ModuleCalls } from './module-calls.js';
import { optionsFor, type PolicySources } from './callback-options.js';

interface WebRegistration {
  readonly path: string;
  readonly resource: WebResourceLike;
  readonly options: WebResourceOptions | undefined;
}

/** Where registrations end up. */
export interface RegistrationTargets {
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
}

/** Takes what one module registers, whether by decorators or through its `ModuleApi`. */
export class ModuleRegistrar implements Registrar {
  private state: 'waiting' | 'live' | 'closed';
  private readonly callbacks: CallbackRegistration[] = [];
  private readonly webResources: WebRegistration[] = [];

  constructor(
    private readonly module: string,
    /** The place of the module in the configuration. */
    private readonly rank: number,
    private readonly policy: PolicySources,
    private readonly targets: RegistrationTargets,
    /** What runs around what it registers. */
    private readonly calls: ModuleCalls,
    /** A module that replaces a running one registers everything at once, when it is ready. */
    isReplacement: boolean,
  ) {
    this.state = isReplacement ? 'waiting' : 'live';
    if (!isReplacement) targets.dispatch.hold(module);
  }

  /** Lets what is registered be asked: the module is ready. */
  release(): void {
    if (this.state === 'live') this.targets.dispatch.release(this.module);
  }

  registerCallbacks<C extends CallbackCategory>(category: C, callbacks: CallbacksOf<C>): void {
    this.addCallbacks(category, parseCallbacks(this.module, category, callbacks));
  }

  registerWebResource(path: string, resource: WebResourceLike, options?: WebResourceOptions): void {
    this.refuseIfClosed(`web resource ${path}`);
    const around = this.calls.webResource(resource, path);
    this.webResources.push({ path, resource: around, options });
    if (this.state === 'live') this.targets.webResources.register(this.module, path, around, options);
  }

  /** Registers callbacks of one category together. */
  addCallbacks(category: CallbackCategory, callbacks: readonly NewCallback[]): void {
    this.refuseIfClosed(`callbacks of ${category}`);
    const registration = {
      module: this.module,
      category,
      rank: this.rank,
      isScoped: this.calls.hasCallScope,
      callbacks: callbacks.map((callback) => ({
        ...callback,
        handler: this.calls.callback(callback.handler, { category, name: callback.name }),
        options: optionsFor(this.policy, category, callback.name, callback.options),
      })),
    };
    this.callbacks.push(registration);
    if (this.state === 'live') this.targets.dispatch.register(registration);
  }

  /** Puts everything in the place of what `old` had registered; leaves all as it was when something is refused. */
  takeOver(old: ModuleRegistrar): void {
    const { dispatch, webResources } = this.targets;
    dispatch.replaceModule(this.module, this.callbacks);
    try {
      webResources.replace(this.module, () => {
        this.registerWebResources();
      });
    } catch (error) {
      dispatch.replaceModule(this.module, old.callbacks);
      webResources.replace(this.module, () => {
        old.registerWebResources();
      });
      throw error;
    }
    this.state = 'live';
    old.state = 'closed';
  }

  /** Takes back everything; what the module registers from now on is refused. */
  close(): void {
    if (this.state === 'live') {
      this.targets.dispatch.removeModule(this.module);
      this.targets.dispatch.release(this.module);
      this.targets.webResources.replace(this.module, () => undefined);
    }
    this.state = 'closed';
  }

  private registerWebResources(): void {
    for (const { path, resource, options } of this.webResources) {
      this.targets.webResources.register(this.module, path, resource, options);
    }
  }

  private refuseIfClosed(what: string): void {
    if (this.state === 'closed')
      throw new VesicleError('KERNEL_MODULE_CLOSED', { module: this.module, registered: what });
  }
}
