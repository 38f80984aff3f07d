import { noteWork } from '../../dispatch/latest-work.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import type { CallbackRegistration } from '../../dispatch/registration.js';
import { type LoadedModule, openModules, type RunningModules } from '../../container/running-modules.js';
import type { HostContainer } from '../../container/host-container.js';
import type { Logger } from '../../log/logger.js';
import { domainOf, type UserId } from '../../matrix/ids.js';
import { WebResources } from '../../web/web-resources.js';
import { AnswersHeld } from './answers-held.js';
import { CallbackInvoker } from './callback-invoker.js';
import type { NoticeHandlers } from '../protocol/received-messages.js';
import { textOf } from '../protocol/untrusted-values.js';
import { broken, type Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import { RemoteModuleApi } from '../remote-api/remote-module-api.js';
import { SynapseServices } from '../remote-api/synapse-services.js';
import { WatchedDispatcher } from './watched-dispatcher.js';
import { WebRequests } from './web-requests.js';
import { wireRegistrations, wireWebResources } from '../codecs/wire-registrations.js';
import type { Handle, WireHomeserver, WireRegistration, WireWebResource } from '../protocol/wire-values.js';

/** The running modules of a Synapse process, and what they registered. */
export interface ProcessParts {
  readonly modules: RunningModules;
  readonly dispatch: Dispatcher;
  readonly webResources: WebResources;
}

/** The modules of one Synapse process: instances of their own, which know its `workerName`. */
export class ProcessModules {
  /** What Synapse was given handles of. */
  readonly held = new AnswersHeld();
  private readonly web: WebResources;
  /** Requests to the web resources of the modules. */
  readonly webRequests: WebRequests;
  private readonly services: SynapseServices;
  private readonly dispatch: WatchedDispatcher;
  private readonly invoker: CallbackInvoker;
  private running: RunningModules | undefined;
  /** Takes the notices of Synapse. */
  readonly notices: NoticeHandlers = {
    release: ({ handles }) => {
      this.held.release(handles);
    },
    'web.gone': ({ request }) => {
      this.webRequests.gone(request);
    },
    'cache.invalidate': ({ cache, keys }) => {
      this.services.cacheInvalidated(cache, keys);
    },
  };

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
    this.invoker = new CallbackInvoker(this.dispatch, this.held, connection);
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
  invoke(callback: string, args: readonly unknown[], call: IncomingCall): Promise<unknown> {
    return this.invoker.invoke(callback, args, call);
  }

  /** The modules that registered a callback, and the callback: for messages. */
  placeOf(callback: unknown): string {
    const asked = this.dispatch.registered().filter(({ category, name }) => `${category}.${name}` === callback);
    return `${[...new Set(asked.map(({ module }) => module))].join(', ') || 'No module'}: ${textOf(callback)}`;
  }

  /** The transaction is open: runs its function. */
  runTransaction(handle: Handle): Promise<null> {
    return this.services.transactions.attempt(handle);
  }

  /** Ends the modules, `@preDestroy` included. */
  async close(): Promise<void> {
    this.webRequests.close();
    await this.running?.close();
    this.services.close();
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
