import type { BackgroundUpdateSlot } from '../../callbacks/background-update-controller.js';
import type { LoginCallback } from '../../callbacks/password-auth-provider.js';
import { HostError } from '../../errors/host-error.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { noteWork } from '../../dispatch/latest-work.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import type { CallbackRegistration } from '../../dispatch/registration.js';
import { type LoadedModule, openModules, type RunningModules } from '../../container/running-modules.js';
import type { HostContainer } from '../../container/host-container.js';
import type { Logger } from '../../log/logger.js';
import { domainOf, type UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { WebResources } from '../../web/web-resources.js';
import { CallbackInvoker } from './callback-invoker.js';
import { list, shape, textOf, wrongValue } from '../protocol/untrusted-values.js';
import { broken, type Connection } from '../transport/connection.js';
import { HandleTable } from '../transport/handle-table.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { RemoteModuleApi } from '../remote-api/remote-module-api.js';
import { SynapseServices } from '../remote-api/synapse-services.js';
import { WatchedDispatcher } from './watched-dispatcher.js';
import { WebRequests } from './web-requests.js';
import { anyValue } from '../protocol/wire-codec.js';
import { wireRegistrations, wireWebResources } from '../codecs/wire-registrations.js';
import type { WireHomeserver, WireRegistration, WireWebResource } from '../protocol/wire-values.js';

/** The running modules of a Synapse process, and what they registered. */
export interface ProcessParts {
  readonly modules: RunningModules;
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
}

/** The modules of one Synapse process: instances of their own, which know its `workerName`. */
export class ProcessModules {
  private readonly functions = new HandleTable<LoginCallback>();
  private readonly slots = new HandleTable<BackgroundUpdateSlot>();
  private readonly web: WebResources;
  private readonly webRequests: WebRequests;
  private readonly services: SynapseServices;
  private readonly dispatch: WatchedDispatcher;
  private readonly invoker: CallbackInvoker;
  private running: RunningModules | undefined;

  constructor(
    homeserver: WireHomeserver,
    private readonly connection: Connection,
    private readonly log: Logger,
    private readonly container: HostContainer,
  ) {
    this.dispatch = new WatchedDispatcher(
      { log, isLocalUser: (userId) => domainOf(userId as UserId) === homeserver.server_name },
      (registration) => {
        this.tell(registration);
      },
    );
    this.web = new WebResources({
      warn: (message) => {
        log.warn(message);
      },
      error: (message, fields) => {
        log.error(message, { ...fields });
      },
      asked: noteWork,
    });
    this.webRequests = new WebRequests(this.web, connection);
    this.services = new SynapseServices(homeserver, connection, log);
    const handles = {
      ofFunction: (callback: LoginCallback) => this.functions.add(callback),
      ofSlot: (slot: BackgroundUpdateSlot) => this.slots.add(slot),
    };
    this.invoker = new CallbackInvoker(this.dispatch, handles, connection);
  }

  /** Makes and starts the modules; answers with what Synapse is to register. When unwanted, those that hang are given up. */
  async open(
    modules: readonly LoadedModule[],
    unwanted: AbortSignal,
  ): Promise<{ readonly callbacks: readonly WireRegistration[]; readonly web: readonly WireWebResource[] }> {
    this.running = await openModules(modules, {
      dispatch: this.dispatch,
      webResources: this.web,
      log: this.log,
      container: this.container,
      unwanted,
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- HostBase is ModuleApi, typed as what it has
      createModuleApi: (registrar, owner) => new RemoteModuleApi(registrar, this.services, owner),
    });
    this.web.seal();
    return { callbacks: wireRegistrations(this.dispatch), web: wireWebResources(this.web) };
  }

  /** The modules once they are open. */
  parts(): ProcessParts {
    if (this.running === undefined) throw broken('it asked before the modules were open');
    return { modules: this.running, dispatch: this.dispatch, webResources: this.web };
  }

  /** Asks the modules. */
  invoke(callback: unknown, args: unknown, call: IncomingCall): Promise<unknown> {
    return this.invoker.invoke(callback, args, call);
  }

  /** The modules that registered a callback, and the callback: for messages. */
  placeOf(callback: unknown): string {
    const asked = this.dispatch.registered().filter(({ category, name }) => `${category}.${name}` === callback);
    return `${[...new Set(asked.map(({ module }) => module))].join(', ') || 'No module'}: ${textOf(callback)}`;
  }

  /** Answers what is not a callback. */
  answer(method: string, params: JsonObject, call: IncomingCall): unknown {
    switch (method) {
      case 'function.call':
        return this.callFunction(params);
      case 'slot.enter':
        return this.enterSlot(params);
      case 'slot.exit':
        return this.leaveSlot(params);
      case 'web.request':
        return this.webRequests.answer(params, call);
      case 'web.read':
        return this.webRequests.read(params);
      case 'db.run':
        return this.services.transactions.attempt(params['transaction']);
      default:
        throw wrongValue(`a request ${method}, which is unknown`);
    }
  }

  /** Takes a notice. */
  notice(method: string, params: JsonObject): void {
    switch (method) {
      case 'release':
        this.release(params['handles']);
        return;
      case 'web.gone':
        this.webRequests.gone(params['request']);
        return;
      case 'cache.invalidate':
        this.services.cacheInvalidated(params['cache'], params['keys']);
        return;
      default:
        throw wrongValue(`a notice ${method}, which is unknown`);
    }
  }

  /** Ends the modules, `@preDestroy` included. */
  async close(): Promise<void> {
    this.webRequests.close();
    await this.running?.close();
    this.services.close();
  }

  private async callFunction(params: JsonObject): Promise<JsonObject> {
    const run = this.functions.get(params['function']);
    if (run === undefined) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A function' });
    const response = { ...shape<JsonObject>(params['response']) };
    await run(response);
    return { response };
  }

  private slot(params: JsonObject): BackgroundUpdateSlot {
    const slot = this.slots.get(params['slot']);
    if (slot === undefined) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what: 'A slot' });
    return slot;
  }

  private async enterSlot(params: JsonObject): Promise<number> {
    return anyValue(await this.slot(params).enter());
  }

  private async leaveSlot(params: JsonObject): Promise<null> {
    const slot = this.slot(params);
    this.slots.release(params['slot']);
    const { error } = params;
    await (typeof error === 'string' ? slot.exit(new HostError('Exception', error)) : slot.exit());
    return null;
  }

  private release(handles: unknown): void {
    for (const handle of list(handles)) {
      this.functions.release(handle);
      this.slots.release(handle);
    }
  }

  /** Tells Synapse of callbacks that are registered after the start. */
  private tell({ category, callbacks }: CallbackRegistration): void {
    if (this.running === undefined) return;
    const names = callbacks.map(({ name }) => name);
    for (const row of wireRegistrations(this.dispatch)) {
      if (row.category === category && names.includes(row.name)) this.connection.notify('callback.register', row);
    }
  }
}
