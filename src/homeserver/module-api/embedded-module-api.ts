import type { AccountDataManager } from '../../module-api/account-data-manager.js';
import { resolve } from 'node:path';
import type { BackgroundCall } from '../../module-api/background-call.js';
import { asCachedFunction } from '../../module-api/cached-function.js';
import type { DbTransaction } from '../../module-api/db-transaction.js';
import type { HttpClient } from '../../module-api/http-client.js';
import type { PushRuleAction } from '../../module-api/messaging-api.js';
import { type HostApi, HostBase, type ModuleApi } from '../../module-api/module-api.js';
import type { PresenceUpdate } from '../../module-api/presence-api.js';
import type { PublicRoomListManager } from '../../module-api/public-room-list-manager.js';
import type { RegisteredDevice } from '../../module-api/registered-device.js';
import type { Registrar } from '../../module-api/registrar.js';
import type { StateFilter } from '../../module-api/rooms-api.js';
import type { Template } from '../../module-api/template.js';
import type { ThreepidOfUser, UserInfo, UserIpAndAgent } from '../../module-api/user-info.js';
import type { ProfileInfo } from '../../callbacks/profile-info.js';
import { HostError } from '../../errors/host-error.js';
import type { Logger } from '../../log/logger.js';
import type { MatrixEvent, StateMap } from '../../matrix/event.js';
import { domainOf, type RoomAlias, type RoomId, type ServerName, type UserId, userIdOf } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import { ModuleAccountData } from './embedded-module-api-account-data.js';
import type { ModuleOwner } from '../../container/running-modules.js';
import { BackgroundCalls } from '../../module-api/shared/background-calls.js';
import { FetchHttpClient } from '../../module-api/shared/fetch-http-client.js';
import { ModulePush } from './embedded-module-api-push.js';
import { ModulePublicRooms, ModuleRooms } from './embedded-module-api-rooms.js';
import { ModuleUsers } from './embedded-module-api-users.js';
import { asOverBridge } from './module-api-methods.js';
import { HttpPushGateway } from '../runtime/push-gateway.js';
import { toRoomAlias, toUserId } from '../rooms/model/untrusted-ids.js';
import { readTemplates } from '../parity/module-templates.js';
import { parseActions, type PushRules } from '../users/push-rules.js';
import type { RoomStore } from '../store/room-store.js';
import type { Rooms } from '../rooms/model/rooms.js';
import type { EventSender } from '../rooms/sending/event-sender.js';
import type { Memberships } from '../rooms/sending/memberships.js';
import type { Directory } from '../rooms/reading/directory.js';
import type { RoomCreation } from '../rooms/lifecycle/room-creation.js';
import type { RoomShutdown } from '../rooms/lifecycle/room-shutdown.js';
import type { DeviceStore } from '../store/device-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { PusherStore } from '../store/pusher-store.js';
import type { Authenticator } from '../users/authenticator.js';
import type { Devices } from '../users/devices.js';
import type { Registration } from '../users/registration.js';
import type { LoginTokens } from '../users/login-tokens.js';
import type { SingleSignOn } from '../users/sso.js';
import type { Profiles } from '../users/profiles.js';
import type { AccountData } from '../users/account-data.js';
import type { PresenceService } from '../ephemeral/presence.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { UserStore } from '../store/user-store.js';
import type { ModuleTransactions } from '../store/database/module-transactions.js';

interface RoomParts {
  readonly roomStore: RoomStore;
  readonly rooms: Rooms;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly directory: Directory;
  readonly roomCreation: RoomCreation;
  readonly shutdown: RoomShutdown;
}

interface UserParts {
  readonly deviceStore: DeviceStore;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
  readonly authenticator: Authenticator;
  readonly devices: Devices;
  readonly registration: Registration;
  readonly loginTokens: LoginTokens;
  readonly sso: SingleSignOn;
  readonly profiles: Profiles;
  readonly pushRules: PushRules;
  readonly accountData: AccountData;
}

interface LiveParts {
  readonly presence: PresenceService;
}

interface HomeserverParts {
  readonly context: HomeserverContext;
  readonly userStore: UserStore;
  readonly users: UserParts;
  readonly rooms: RoomParts;
  readonly live: LiveParts;
  readonly transactions: ModuleTransactions;
}

/** {@link ModuleApi} of the embedded homeserver: one for each module, since its background calls end with the module. */
export class EmbeddedModuleApi extends HostBase implements HostApi, Disposable {
  readonly serverName: ServerName;
  readonly publicBaseurl: string;
  readonly emailAppName: string;
  readonly workerName: string | null;
  readonly workerApp: string | null;
  readonly customTemplateDir: string | null;
  readonly httpClient: HttpClient;
  readonly publicRoomListManager: PublicRoomListManager;
  readonly accountDataManager: AccountDataManager;
  private readonly users: ModuleUsers;
  private readonly rooms: ModuleRooms;
  private readonly push: ModulePush;
  private readonly background: BackgroundCalls;

  constructor(
    registrar: Registrar,
    private readonly services: HomeserverParts,
    private readonly owner: ModuleOwner,
    log: Logger,
  ) {
    super(registrar);
    const { config, serverName, fetch, pushGateway } = services.context;
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
    this.push = new ModulePush(services.users.pusherStore, pushGateway ?? new HttpPushGateway(this.httpClient), log);
    this.background = new BackgroundCalls(services.context, owner.name);
  }

  /** Ends the module's background calls. */
  [Symbol.dispose](): void {
    this.background[Symbol.dispose]();
  }

  // users

  async getUserinfoById(userId: UserId): Promise<UserInfo | null> {
    return this.users.find(userId);
  }

  getUserByReq(...args: Parameters<ModuleApi['getUserByReq']>): Promise<Requester> {
    return this.users.authenticate(...args);
  }

  async isUserAdmin(userId: UserId): Promise<boolean> {
    return this.services.userStore.isAdmin(userId);
  }

  async setUserAdmin(userId: UserId, admin: boolean): Promise<void> {
    this.services.userStore.setFlag(toUserId(userId), 'admin', admin);
  }

  async getQualifiedUserId(username: string): Promise<UserId> {
    return (username.startsWith('@') ? username : `@${username}:${this.serverName}`) as UserId;
  }

  async getProfileForUser(localpart: string): Promise<ProfileInfo> {
    return this.services.userStore.profileOf(userIdOf(localpart, this.serverName));
  }

  async getThreepidsForUser(userId: UserId): Promise<readonly ThreepidOfUser[]> {
    return this.users.threepidsOf(userId);
  }

  async checkUserExists(userId: UserId): Promise<UserId | null> {
    return this.services.userStore.findForLogin(userId)?.userId ?? null;
  }

  async checkUsername(username: string): Promise<void> {
    this.services.users.registration.checkUsername({ localpart: username });
  }

  registerUser(...args: Parameters<ModuleApi['registerUser']>): Promise<UserId> {
    return this.users.register(...args);
  }

  async registerDevice(...args: Parameters<ModuleApi['registerDevice']>): Promise<RegisteredDevice> {
    return this.users.addDevice(...args);
  }

  async register(...args: Parameters<ModuleApi['register']>): Promise<readonly [UserId, string]> {
    const userId = await this.users.register(...args);
    return [userId, this.users.addDevice(userId)[1]];
  }

  async recordUserExternalId(authProviderId: string, remoteUserId: string, registeredUserId: UserId): Promise<void> {
    this.users.recordExternalId(authProviderId, remoteUserId, registeredUserId);
  }

  async createLoginToken(...args: Parameters<ModuleApi['createLoginToken']>): Promise<string> {
    const [userId, { durationInMs: duration, authProviderId, authProviderSessionId } = {}] = args;
    return this.services.users.loginTokens.create(userId, { duration, authProviderId, authProviderSessionId });
  }

  invalidateAccessToken(accessToken: string): Promise<void> {
    return this.users.endToken(accessToken);
  }

  async getUserIpAndAgents(
    userId: UserId,
    { sinceTs = 0 }: { readonly sinceTs?: number } = {},
  ): Promise<readonly UserIpAndAgent[]> {
    return this.users.sightingsOf(userId, sinceTs);
  }

  setDisplayname(userId: UserId, newDisplayname: string): Promise<void> {
    return this.users.setDisplayName(userId, newDisplayname);
  }

  /** Nobody is counted here, as in a Synapse without `limit_usage_by_mau`. */
  async getMonthlyActiveUsersByService(): Promise<readonly (readonly [string, UserId])[]> {
    return [];
  }

  async storeRemote3pidAssociation(userId: UserId, medium: string, address: string, idServer: string): Promise<void> {
    this.services.users.threepidStore.bind(userId, medium, address, idServer);
  }

  completeSsoLoginAsync(...args: Parameters<ModuleApi['completeSsoLoginAsync']>): Promise<Response> {
    const [userId, , clientRedirectUrl, { newUser: isNewUser, authProviderId } = {}] = args;
    return this.services.users.sso.complete({ userId, clientRedirectUrl, isNewUser, authProviderId });
  }

  // rooms

  async isMine(id: UserId | RoomId | RoomAlias): Promise<boolean> {
    return domainOf(id) === this.serverName;
  }

  createRoom(...args: Parameters<ModuleApi['createRoom']>): Promise<readonly [RoomId, RoomAlias | null]> {
    return this.rooms.create(...args);
  }

  async deleteRoom(roomId: RoomId): Promise<void> {
    this.rooms.delete(roomId);
  }

  updateRoomMembership(...args: Parameters<ModuleApi['updateRoomMembership']>): Promise<MatrixEvent> {
    return this.rooms.updateMembership(...args);
  }

  createAndSendEventIntoRoom(...args: Parameters<ModuleApi['createAndSendEventIntoRoom']>): Promise<MatrixEvent> {
    return this.rooms.send(...args);
  }

  async getRoomState(roomId: RoomId, options: { readonly eventFilter?: StateFilter } = {}): Promise<StateMap> {
    return this.rooms.state(roomId, options.eventFilter);
  }

  async getStateEventsInRoom(roomId: RoomId, types: StateFilter): Promise<readonly MatrixEvent[]> {
    return this.rooms.stateEvents(roomId, types);
  }

  async lookupRoomAlias(roomAlias: RoomAlias): Promise<readonly [RoomId, readonly ServerName[]]> {
    const { roomId, servers } = await this.services.rooms.directory.resolve(toRoomAlias(roomAlias));
    return [roomId, servers];
  }

  async getCanonicalRoomAlias(roomId: RoomId): Promise<RoomAlias | null> {
    return this.rooms.canonicalAlias(roomId);
  }

  // presence, push, mail

  async sendLocalOnlinePresenceTo(users: Iterable<UserId>): Promise<void> {
    const { presence } = this.services.live;
    const all = [...users];
    await presence.sendFullTo(all.filter((userId) => domainOf(userId) === this.serverName));
    for (const userId of all) {
      // What another server's user would get over federation; asking for it asks the presence routers.
      if (domainOf(userId) !== this.serverName) await presence.changesFor(toUserId(userId), undefined, false);
    }
  }

  async setPresenceForUsers(users: PresenceUpdates): Promise<void> {
    const states = presenceUpdates(users).map(([userId, update]) => {
      const [state, statusMsg] = 'items' in update ? update.items : update;
      return [userId, { state, statusMsg }] as const;
    });
    await this.services.live.presence.setForUsers(new Map(states));
  }

  sendHttpPushNotification(
    ...args: Parameters<ModuleApi['sendHttpPushNotification']>
  ): Promise<ReadonlyMap<string, boolean>> {
    return this.push.send(...args);
  }

  async checkPushRuleActions(actions: readonly PushRuleAction[]): Promise<void> {
    parseActions(actions);
  }

  async setPushRuleAction(...args: Parameters<ModuleApi['setPushRuleAction']>): Promise<void> {
    const [userId, scope, kind, ruleId, actions] = args;
    if (this.workerApp !== null) {
      throw new HostError('RuntimeError', 'module tried to change push rule actions on a worker');
    }
    // JavaScript authors may give another scope than the type allows.
    if ((scope as string) !== 'global') {
      throw new HostError('RuntimeError', `invalid scope ${scope as string}, only 'global' is currently allowed`);
    }
    this.services.users.pushRules.setActions(userId, kind, ruleId, actions);
  }

  async sendMail(recipient: string, subject: string, html: string, text: string): Promise<void> {
    const address = /<([^>]*)>/.exec(recipient)?.[1] ?? recipient;
    if (address.trim() === '') throw new HostError('RuntimeError', "Invalid 'to' address");
    await this.services.context.mailer.send({ to: recipient, subject, html, text });
  }

  readTemplates(...[names, options]: Parameters<ModuleApi['readTemplates']>): Promise<readonly Template[]> {
    const { customTemplateDirectory: own } = this.services.context.config.templates;
    const given = options?.customTemplateDirectory;
    // Synapse takes an empty path for none.
    const ofModule = given ? resolve(this.owner.folder, given) : undefined;
    const directories = [own, ofModule].filter((directory) => directory !== undefined);
    return readTemplates(names, { directories, publicBaseurl: this.publicBaseurl });
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

  async loopingBackgroundCall(...args: Parameters<ModuleApi['loopingBackgroundCall']>): Promise<void> {
    const [call, msec, { desc } = {}] = args;
    this.background.loop(desc ?? call.name, msec, call);
  }

  async delayedBackgroundCall(...args: Parameters<ModuleApi['delayedBackgroundCall']>): Promise<BackgroundCall> {
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

type PresenceUpdates = Parameters<ModuleApi['setPresenceForUsers']>[0];

function presenceUpdates(users: PresenceUpdates): readonly (readonly [UserId, PresenceUpdate])[] {
  return isMap(users) ? [...users] : (Object.entries(users) as [UserId, PresenceUpdate][]);
}

function isMap(users: PresenceUpdates): users is ReadonlyMap<UserId, PresenceUpdate> {
  return users instanceof Map;
}
