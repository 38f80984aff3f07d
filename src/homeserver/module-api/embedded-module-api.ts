import type { ModuleOwner } from '../../container/running-modules.js';
import type { Logger } from '../../log/logger.js';
import { domainOf, type ServerName } from '../../matrix/ids.js';
import { asCachedFunction } from '../../module-api/cached-function.js';
import type { DbTransaction } from '../../module-api/db-transaction.js';
import { type HostApi, HostBase, type ModuleApi } from '../../module-api/module-api.js';
import type { Registrar } from '../../module-api/registrar.js';
import { BackgroundCalls } from '../../module-api/shared/background-calls.js';
import { FetchHttpClient } from '../../module-api/shared/fetch-http-client.js';
import type { ModuleTransactions } from '../store/database/module-transactions.js';
import { type AccountDataParts, ModuleAccountData } from './embedded-module-api-account-data.js';
import { type MessagingParts, ModuleMessaging } from './embedded-module-api-messaging.js';
import { ModulePublicRooms, ModuleRooms, type RoomsParts } from './embedded-module-api-rooms.js';
import { ModuleUsers, type UsersParts } from './embedded-module-api-users.js';
import { asOverBridge } from './module-api-methods.js';

/** The parts of a homeserver that the areas of the API need. */
interface HomeserverParts {
  readonly context: RoomsParts['context'];
  readonly userStore: UsersParts['userStore'];
  readonly users: AccountDataParts['users'] & MessagingParts['users'] & RoomsParts['users'] & UsersParts['users'];
  readonly rooms: RoomsParts['rooms'];
  readonly live: MessagingParts['live'];
  readonly transactions: ModuleTransactions;
}

type Args<Name extends keyof ModuleApi> = Parameters<Extract<ModuleApi[Name], (...args: never) => unknown>>;
type Returned<Name extends keyof ModuleApi> = ReturnType<Extract<ModuleApi[Name], (...args: never) => unknown>>;

/** {@link ModuleApi} of the embedded homeserver: one for each module, since its background calls end with the module. */
export class EmbeddedModuleApi extends HostBase implements HostApi, Disposable {
  readonly serverName: ServerName;
  readonly publicBaseurl: string;
  readonly emailAppName: string;
  readonly workerName: string | null;
  readonly workerApp: string | null;
  readonly customTemplateDir: string | null;
  readonly httpClient: ModuleApi['httpClient'];
  readonly publicRoomListManager: ModuleApi['publicRoomListManager'];
  readonly accountDataManager: ModuleApi['accountDataManager'];
  private readonly users: ModuleUsers;
  private readonly rooms: ModuleRooms;
  private readonly messaging: ModuleMessaging;
  private readonly background: BackgroundCalls;

  constructor(
    registrar: Registrar,
    private readonly services: HomeserverParts,
    owner: ModuleOwner,
    log: Logger,
  ) {
    super(registrar);
    const { config, serverName, fetch } = services.context;
    this.serverName = serverName;
    this.publicBaseurl = config.publicBaseurl;
    this.emailAppName = config.email?.appName ?? 'Matrix';
    this.workerName = config.workerName ?? null;
    this.workerApp = config.workerApp ?? null;
    this.customTemplateDir = config.templates.customTemplateDirectory ?? null;
    this.publicRoomListManager = asOverBridge(new ModulePublicRooms(services.rooms.roomStore));
    this.accountDataManager = asOverBridge(new ModuleAccountData(services));
    this.users = new ModuleUsers(services);
    this.rooms = new ModuleRooms(services);
    this.httpClient = new FetchHttpClient(fetch);
    this.messaging = new ModuleMessaging(services, owner.folder, this.httpClient, log);
    this.background = new BackgroundCalls(services.context, owner.name);
  }

  /** Ends the module's background calls. */
  [Symbol.dispose](): void {
    this.background[Symbol.dispose]();
  }

  // users

  async getUserinfoById(...args: Args<'getUserinfoById'>): Returned<'getUserinfoById'> {
    return this.users.find(...args);
  }

  getUserByReq(...args: Args<'getUserByReq'>): Returned<'getUserByReq'> {
    return this.users.authenticate(...args);
  }

  async isUserAdmin(...args: Args<'isUserAdmin'>): Returned<'isUserAdmin'> {
    return this.users.isAdmin(...args);
  }

  async setUserAdmin(...args: Args<'setUserAdmin'>): Returned<'setUserAdmin'> {
    this.users.setAdmin(...args);
  }

  async getQualifiedUserId(...args: Args<'getQualifiedUserId'>): Returned<'getQualifiedUserId'> {
    return this.users.qualify(...args);
  }

  async getProfileForUser(...args: Args<'getProfileForUser'>): Returned<'getProfileForUser'> {
    return this.users.profileOf(...args);
  }

  async getThreepidsForUser(...args: Args<'getThreepidsForUser'>): Returned<'getThreepidsForUser'> {
    return this.users.threepidsOf(...args);
  }

  async checkUserExists(...args: Args<'checkUserExists'>): Returned<'checkUserExists'> {
    return this.users.findForLogin(...args);
  }

  async checkUsername(...args: Args<'checkUsername'>): Returned<'checkUsername'> {
    this.users.checkUsername(...args);
  }

  registerUser(...args: Args<'registerUser'>): Returned<'registerUser'> {
    return this.users.register(...args);
  }

  async registerDevice(...args: Args<'registerDevice'>): Returned<'registerDevice'> {
    return this.users.addDevice(...args);
  }

  async register(...args: Args<'register'>): Returned<'register'> {
    const userId = await this.users.register(...args);
    return [userId, this.users.addDevice(userId)[1]];
  }

  async recordUserExternalId(...args: Args<'recordUserExternalId'>): Returned<'recordUserExternalId'> {
    this.users.recordExternalId(...args);
  }

  async createLoginToken(...args: Args<'createLoginToken'>): Returned<'createLoginToken'> {
    return this.users.createLoginToken(...args);
  }

  invalidateAccessToken(...args: Args<'invalidateAccessToken'>): Returned<'invalidateAccessToken'> {
    return this.users.endToken(...args);
  }

  async getUserIpAndAgents(...args: Args<'getUserIpAndAgents'>): Returned<'getUserIpAndAgents'> {
    return this.users.sightingsOf(...args);
  }

  setDisplayname(...args: Args<'setDisplayname'>): Returned<'setDisplayname'> {
    return this.users.setDisplayName(...args);
  }

  /** Nobody is counted here, as in a Synapse without `limit_usage_by_mau`. */
  async getMonthlyActiveUsersByService(): Returned<'getMonthlyActiveUsersByService'> {
    return [];
  }

  async storeRemote3pidAssociation(
    ...args: Args<'storeRemote3pidAssociation'>
  ): Returned<'storeRemote3pidAssociation'> {
    this.users.bindThreepid(...args);
  }

  completeSsoLoginAsync(...args: Args<'completeSsoLoginAsync'>): Returned<'completeSsoLoginAsync'> {
    return this.users.completeSso(...args);
  }

  // rooms

  async isMine(...args: Args<'isMine'>): Returned<'isMine'> {
    return domainOf(...args) === this.serverName;
  }

  createRoom(...args: Args<'createRoom'>): Returned<'createRoom'> {
    return this.rooms.create(...args);
  }

  async deleteRoom(...args: Args<'deleteRoom'>): Returned<'deleteRoom'> {
    this.rooms.delete(...args);
  }

  updateRoomMembership(...args: Args<'updateRoomMembership'>): Returned<'updateRoomMembership'> {
    return this.rooms.updateMembership(...args);
  }

  createAndSendEventIntoRoom(...args: Args<'createAndSendEventIntoRoom'>): Returned<'createAndSendEventIntoRoom'> {
    return this.rooms.send(...args);
  }

  async getRoomState(...args: Args<'getRoomState'>): Returned<'getRoomState'> {
    return this.rooms.state(...args);
  }

  async getStateEventsInRoom(...args: Args<'getStateEventsInRoom'>): Returned<'getStateEventsInRoom'> {
    return this.rooms.stateEvents(...args);
  }

  lookupRoomAlias(...args: Args<'lookupRoomAlias'>): Returned<'lookupRoomAlias'> {
    return this.rooms.lookUpAlias(...args);
  }

  async getCanonicalRoomAlias(...args: Args<'getCanonicalRoomAlias'>): Returned<'getCanonicalRoomAlias'> {
    return this.rooms.canonicalAlias(...args);
  }

  // presence, push, mail

  sendLocalOnlinePresenceTo(...args: Args<'sendLocalOnlinePresenceTo'>): Returned<'sendLocalOnlinePresenceTo'> {
    return this.messaging.sendPresenceTo(...args);
  }

  setPresenceForUsers(...args: Args<'setPresenceForUsers'>): Returned<'setPresenceForUsers'> {
    return this.messaging.setPresence(...args);
  }

  sendHttpPushNotification(...args: Args<'sendHttpPushNotification'>): Returned<'sendHttpPushNotification'> {
    return this.messaging.push(...args);
  }

  async checkPushRuleActions(...args: Args<'checkPushRuleActions'>): Returned<'checkPushRuleActions'> {
    this.messaging.checkActions(...args);
  }

  async setPushRuleAction(...args: Args<'setPushRuleAction'>): Returned<'setPushRuleAction'> {
    this.messaging.setActions(...args);
  }

  sendMail(...args: Args<'sendMail'>): Returned<'sendMail'> {
    return this.messaging.sendMail(...args);
  }

  async readTemplates(...args: Args<'readTemplates'>): Returned<'readTemplates'> {
    return this.messaging.readTemplates(...args);
  }

  // database, caches, time, background

  runDbInteraction<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    return this.services.transactions.run(desc, work);
  }

  /** There is one process: nobody else is to be told. */
  async registerCachedFunction(): Promise<void> {
    return Promise.resolve();
  }

  async invalidateCache<Keys extends readonly unknown[]>(
    cachedFunction: (...keys: Keys) => Promise<unknown>,
    keys: Keys,
  ): Promise<void> {
    asCachedFunction(cachedFunction).invalidate(keys);
  }

  async loopingBackgroundCall(...args: Args<'loopingBackgroundCall'>): Returned<'loopingBackgroundCall'> {
    const [call, msec, { desc } = {}] = args;
    this.background.loop(desc ?? call.name, msec, call);
  }

  async delayedBackgroundCall(...args: Args<'delayedBackgroundCall'>): Returned<'delayedBackgroundCall'> {
    const [msec, call, { desc } = {}] = args;
    return this.background.delay(desc ?? call.name, msec, call);
  }

  runAsBackgroundProcess<Result>(desc: string, work: () => Promise<Result>): Promise<Result | undefined> {
    return this.background.run(desc, work);
  }

  async shouldRunBackgroundTasks(): Promise<boolean> {
    return true;
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
    return this.services.context.clock.now();
  }
}

asOverBridge(EmbeddedModuleApi.prototype);
