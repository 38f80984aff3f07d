import { resolve } from 'node:path';
import type { ModuleOwner } from '../../container/running-modules.js';
import type { ServerName } from '../../matrix/ids.js';
import type { AccountDataManager } from '../../module-api/account-data-manager.js';
import { apiMethods } from '../../module-api/api-methods.js';
import type { BackgroundCall } from '../../module-api/background-call.js';
import { asCachedFunction, type CachedFunction } from '../../module-api/cached-function.js';
import type { DbTransaction } from '../../module-api/db-transaction.js';
import type { HttpClient } from '../../module-api/http-client.js';
import type { HostApi, ModuleApi } from '../../module-api/module-api.js';
import type { PublicRoomListManager } from '../../module-api/public-room-list-manager.js';
import type { Registrar } from '../../module-api/registrar.js';
import { BackgroundCalls } from '../../module-api/shared/background-calls.js';
import { FetchHttpClient } from '../../module-api/shared/fetch-http-client.js';
import type { Template } from '../../module-api/template.js';
import { sentManager, SentMethods } from './sent-methods.js';
import type { SynapseServices } from './synapse-services.js';
import { templateFiles } from './template-files.js';

/**
 * {@link ModuleApi} of a real Synapse. What Synapse runs is sent as the rows of `module-api/` say; here stands what the host does
 * itself: time, HTTP, transactions, caches.
 */
export class RemoteModuleApi extends SentMethods implements HostApi, Disposable {
  readonly serverName: ServerName;
  readonly publicBaseurl: string;
  readonly emailAppName: string;
  readonly workerName: string | null;
  readonly workerApp: string | null;
  readonly customTemplateDir: string | null;
  readonly httpClient: HttpClient = new FetchHttpClient((url, init) => fetch(url, init));
  readonly publicRoomListManager: PublicRoomListManager;
  readonly accountDataManager: AccountDataManager;
  private readonly background: BackgroundCalls;

  constructor(
    registrar: Registrar,
    services: SynapseServices,
    private readonly owner: ModuleOwner,
  ) {
    super(registrar, services);
    const { homeserver } = services;
    this.serverName = homeserver.server_name as ServerName;
    this.publicBaseurl = homeserver.public_baseurl;
    this.emailAppName = homeserver.email_app_name;
    this.workerName = homeserver.worker_name;
    this.workerApp = homeserver.worker_app;
    this.customTemplateDir = homeserver.custom_template_dir;
    this.background = new BackgroundCalls(services, owner.name);
    const send: Parameters<typeof sentManager>[1] = (row, given) => services.call(row, given);
    this.publicRoomListManager = sentManager('publicRoomListManager', send);
    this.accountDataManager = sentManager('accountDataManager', send);
  }

  /** Ends the module's background calls. */
  [Symbol.dispose](): void {
    this.background[Symbol.dispose]();
  }

  async readTemplates(...[filenames, options]: Parameters<ModuleApi['readTemplates']>): Promise<readonly Template[]> {
    const directory = options?.customTemplateDirectory;
    // Synapse, which may run on another machine, gets the files; it takes an empty path for none.
    const files = directory ? await templateFiles(resolve(this.owner.folder, directory)) : undefined;
    return await this.services.call(apiMethods.readTemplates, [filenames, { customTemplateDirectory: files }]);
  }

  runDbInteraction<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    return this.services.transact(desc, work);
  }

  registerCachedFunction<Keys extends readonly unknown[], Result>(
    cachedFunction: CachedFunction<Keys, Result>,
  ): Promise<void> {
    return this.services.registerCache(cachedFunction);
  }

  async invalidateCache<Keys extends readonly unknown[]>(
    cachedFunction: (...keys: Keys) => Promise<unknown>,
    keys: Keys,
  ): Promise<void> {
    await this.services.invalidateCache(asCachedFunction(cachedFunction), keys);
  }

  async loopingBackgroundCall(...args: Parameters<ModuleApi['loopingBackgroundCall']>): Promise<void> {
    const [call, msec, { desc = call.name, runOnAllInstances = false } = {}] = args;
    if (runOnAllInstances || (await this.shouldRunBackgroundTasks())) this.background.loop(desc, msec, call);
    else this.services.notRunHere(desc);
  }

  async delayedBackgroundCall(...args: Parameters<ModuleApi['delayedBackgroundCall']>): Promise<BackgroundCall> {
    const [msec, call, { desc } = {}] = args;
    return this.background.delay(desc ?? call.name, msec, call);
  }

  runAsBackgroundProcess<Result>(desc: string, work: () => Promise<Result>): Promise<Result | undefined> {
    return this.background.run(desc, work);
  }

  async shouldRunBackgroundTasks(): Promise<boolean> {
    return this.services.homeserver.run_background_tasks;
  }

  sleep(seconds: number): Promise<void> {
    return this.background.sleep(seconds * 1000);
  }

  deferToThread<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    return this.background.later(work);
  }

  deferToThreadpool<Result>(_threadpool: unknown, work: () => Result | Promise<Result>): Promise<Result> {
    return this.background.later(work);
  }

  async getCurrentTimeMsec(): Promise<number> {
    return this.services.clock.now();
  }
}
