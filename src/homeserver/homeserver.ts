import type { HomeserverConfig } from '../config/homeserver/homeserver-config.js';
import { EmailConfig } from '../config/homeserver/email-config.js';
import { noteWork } from '../dispatch/latest-work.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { type LoadedModule, openModules, type RunningModules } from '../container/running-modules.js';
import type { Logger } from '../log/logger.js';
import { isOnServer, type ServerName } from '../matrix/ids.js';
import { WebResources } from '../web/web-resources.js';
import { type AroundWork, type BackgroundFailure, BackgroundWork } from '../module-api/shared/background-work.js';
import { type Clock, systemClock } from './runtime/clock.js';
import type { HomeserverContext } from './runtime/context.js';
import { EmbeddedModuleApi } from './module-api/embedded-module-api.js';
import type { Fetch } from '../module-api/shared/fetch.js';
import { type Listener, openListener } from './http/server/listener.js';
import { HttpServer, maxBodySizeOf } from './http/server/server.js';
import type { Mailer } from './runtime/mailer.js';
import { Notifier } from './runtime/notifier.js';
import type { PushGateway } from './runtime/push-gateway.js';
import { schemas, Services } from './compose/services.js';
import { callInPlace, outsideOfChanges } from './rooms/sending/membership-change-place.js';
import { Database } from './store/database/database.js';
import { SmtpMailer } from './runtime/smtp-mailer.js';
import { Stream } from './store/database/stream.js';

/** How long requests in flight and background work are waited for at the end, in milliseconds. */
const usualGraceMs = 10_000;

/** What a homeserver is opened with. */
export interface HomeserverOptions {
  readonly config: HomeserverConfig;
  /** In the order of the configuration. */
  readonly modules: readonly LoadedModule[];
  /** A file or `:memory:`, in place of the configured one. */
  readonly databasePath?: string;
  readonly log: Logger;
  /** The machine's own when absent. */
  readonly clock?: Clock;
  /** Sends mail; the configured SMTP server when absent. */
  readonly mailer?: Mailer;
  /** Asks other servers over HTTP; node's own when absent. */
  readonly fetch?: Fetch;
  /** Takes the notifications of modules; over HTTP when absent. */
  readonly pushGateway?: PushGateway;
  /** Runs each piece of background work; tests follow what is going on. */
  readonly aroundWork?: AroundWork;
  /** Told of each piece of background work that failed; it is logged, too. */
  readonly onBackgroundFailure?: (failure: BackgroundFailure) => void;
  /** Aborted when nobody waits for the modules any more: one that goes on starting is given up then. */
  readonly unwanted?: AbortSignal;
}

/** An embedded homeserver: its modules run, its database is open; it takes requests in process, and over HTTP once it listens. */
export class Homeserver implements AsyncDisposable {
  private listeners: readonly Listener[] = [];
  private closing: Promise<void> | undefined;

  constructor(
    readonly context: HomeserverContext,
    readonly services: Services,
    readonly modules: RunningModules,
    readonly webResources: WebResources,
    private readonly server: HttpServer,
    private readonly background: BackgroundWork,
  ) {}

  /** The dispatcher that asks the modules. */
  get dispatch(): Dispatcher {
    return this.context.dispatch;
  }

  /** Answers a request without a socket. */
  async fetch(request: Request, info: { readonly ip?: string } = {}): Promise<Response> {
    return await this.server.fetch(request, { ip: info.ip ?? '127.0.0.1' });
  }

  /** Opens the configured listeners; all or none. */
  async listen(): Promise<readonly { readonly url: string; readonly port: number }[]> {
    const places = this.context.config.listeners.filter((listener) => listener.type === 'http');
    const listeners: Listener[] = [];
    try {
      for (const { port, path, bindAddresses, xForwarded } of places) {
        for (const address of path === undefined ? bindAddresses : ['']) {
          const listen = { port, address, xForwarded, ...(path !== undefined && { path }) };
          listeners.push(await openListener(listen, (request, peer) => this.server.fetch(request, peer)));
        }
      }
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close(0)));
      throw error;
    }
    this.listeners = listeners;
    return listeners;
  }

  /** Resolves when nothing that requests set off is still running. */
  async idle(): Promise<void> {
    await this.background.idle();
  }

  /**
   * Takes no more requests, finishes those in flight and the work in the background, at most for so long, stops the modules,
   * closes the database.
   */
  async close(graceMs = usualGraceMs): Promise<void> {
    await (this.closing ??= this.shutDown(graceMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async shutDown(graceMs: number): Promise<void> {
    await Promise.all([...this.listeners.map((listener) => listener.close(graceMs)), this.server.close(graceMs)]);
    this.services.backgroundUpdates.stop();
    await this.background.idle(graceMs);
    this.services.transactions.interrupt();
    await this.modules.close();
    this.services.transactions.interrupt();
    await this.services[Symbol.asyncDispose]();
    this.context.database[Symbol.dispose]();
  }
}

/** Opens a homeserver. What was opened is closed again when something fails. */
export async function openHomeserver(options: HomeserverOptions): Promise<Homeserver> {
  const { config, log, clock = systemClock } = options;
  const serverName = config.serverName as ServerName;
  const background = new BackgroundWork(log, options.aroundWork, options.onBackgroundFailure);
  const dispatch = new Dispatcher({
    log,
    now: clock.now,
    after: clock.after,
    aroundCall: callInPlace,
    isLocalUser: (userId) => isOnServer(userId, serverName),
  });
  const database = new Database(options.databasePath ?? config.databasePath, schemas, (err) => {
    log.error('The database lost what clients were told is stored: look at the space and the health of its disk', {
      err,
    });
  });
  const context: HomeserverContext = {
    config,
    serverName,
    clock,
    log,
    dispatch,
    database,
    stream: new Stream(database),
    notifier: new Notifier(clock),
    mailer: options.mailer ?? new SmtpMailer(config.email ?? new EmailConfig()),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    ...(options.pushGateway && { pushGateway: options.pushGateway }),
    inBackground: (name, work, module) => {
      // A module may await what it runs in the background.
      if (module !== undefined) background.start(name, work, module);
      else
        outsideOfChanges(() => {
          background.start(name, work);
        });
    },
  };
  const services = new Services(context);
  const webResources = new WebResources({
    warn: (message) => {
      log.warn(message);
    },
    error: (message, fields) => {
      log.error(message, { ...fields });
    },
    asked: noteWork,
  });
  const server = new HttpServer({
    routes: services.routes,
    web: webResources,
    authenticate: (credentials, requesterOptions) =>
      services.users.authenticator.requester(credentials, requesterOptions),
    log,
    clock,
    maxBodySize: maxBodySizeOf(config),
  });
  const modules = await openModules(options.modules, {
    ...(options.unwanted && { unwanted: options.unwanted }),
    dispatch,
    webResources,
    log,
    createModuleApi: (registrar, owner) =>
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- HostBase is ModuleApi, typed as what it has
      new EmbeddedModuleApi(registrar, services, owner, log.child({ module: owner.name })),
  }).catch(async (error: unknown) => {
    await services[Symbol.asyncDispose]();
    database[Symbol.dispose]();
    throw error;
  });
  webResources.seal();
  services.users.resume();
  services.rooms.resume();
  services.backgroundUpdates.start();
  return new Homeserver(context, services, modules, webResources, server, background);
}
