import type { AccountDataManager } from '../../module-api/account-data-manager.js';
import { resolve } from 'node:path';
import type { BackgroundCall } from '../../module-api/background-call.js';
import type { CachedFunction } from '../../module-api/cached-function.js';
import type { DbTransaction } from '../../module-api/db-transaction.js';
import type { HttpClient } from '../../module-api/http-client.js';
import type { PushRuleAction } from '../../module-api/messaging-api.js';
import { ModuleApi } from '../../module-api/module-api.js';
import type { PublicRoomListManager } from '../../module-api/public-room-list-manager.js';
import type { RegisteredDevice } from '../../module-api/registered-device.js';
import type { Registrar } from '../../module-api/registrar.js';
import type { StateFilter } from '../../module-api/rooms-api.js';
import type { Template } from '../../module-api/template.js';
import type { ThreepidOfUser, UserInfo, UserIpAndAgent } from '../../module-api/user-info.js';
import type { ProfileInfo } from '../../callbacks/profile-info.js';
import type { ModuleOwner } from '../../container/running-modules.js';
import { BackgroundCalls } from '../../module-api/shared/background-calls.js';
import { FetchHttpClient } from '../../module-api/shared/fetch-http-client.js';
import type { MatrixEvent, StateMap } from '../../matrix/event.js';
import type { RoomAlias, RoomId, ServerName, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { ApiMethod } from '../protocol/api-wire.js';
import { camelKeys } from '../../matrix/casing.js';
import type { SynapseServices } from './synapse-services.js';
import { templateFiles } from './template-files.js';

/** {@link ModuleApi} of a real Synapse: what Synapse must do goes over the connection, time and HTTP are the host's own. */
export class RemoteModuleApi extends ModuleApi implements Disposable {
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
    private readonly services: SynapseServices,
    private readonly owner: ModuleOwner,
  ) {
    super(registrar);
    const { homeserver } = services;
    this.serverName = homeserver.server_name as ServerName;
    this.publicBaseurl = homeserver.public_baseurl;
    this.emailAppName = homeserver.email_app_name;
    this.workerName = homeserver.worker_name;
    this.workerApp = homeserver.worker_app;
    this.customTemplateDir = homeserver.custom_template_dir;
    this.background = new BackgroundCalls(services, owner.name);
    this.publicRoomListManager = {
      roomIsInPublicRoomList: (roomId) => this.call('public_room_list_manager.room_is_in_public_room_list', [roomId]),
      addRoomToPublicRoomList: (roomId) => this.call('public_room_list_manager.add_room_to_public_room_list', [roomId]),
      removeRoomFromPublicRoomList: (roomId) =>
        this.call('public_room_list_manager.remove_room_from_public_room_list', [roomId]),
    };
    this.accountDataManager = {
      getGlobal: (userId, dataType) => this.call('account_data_manager.get_global', [userId, dataType]),
      putGlobal: (userId, dataType, newData) =>
        this.call('account_data_manager.put_global', [userId, dataType, newData]),
    };
  }

  /** Ends the module's background calls. */
  [Symbol.dispose](): void {
    this.background[Symbol.dispose]();
  }

  // users

  getUserinfoById(userId: UserId): Promise<UserInfo | null> {
    return this.call('get_userinfo_by_id', [userId]);
  }

  getUserByReq(...[request, options]: Parameters<ModuleApi['getUserByReq']>): Promise<Requester> {
    return this.call('get_user_by_req', [request], options);
  }

  isUserAdmin(userId: UserId): Promise<boolean> {
    return this.call('is_user_admin', [userId]);
  }

  setUserAdmin(userId: UserId, admin: boolean): Promise<void> {
    return this.call('set_user_admin', [userId, admin]);
  }

  getQualifiedUserId(username: string): Promise<UserId> {
    return this.call('get_qualified_user_id', [username]);
  }

  getProfileForUser(localpart: string): Promise<ProfileInfo> {
    return this.call('get_profile_for_user', [localpart]);
  }

  async getThreepidsForUser(userId: UserId): Promise<readonly ThreepidOfUser[]> {
    const threepids = await this.call<readonly JsonObject[]>('get_threepids_for_user', [userId]);
    return threepids.map((threepid) => camelKeys(threepid) as unknown as ThreepidOfUser);
  }

  checkUserExists(userId: UserId): Promise<UserId | null> {
    return this.call('check_user_exists', [userId]);
  }

  checkUsername(username: string): Promise<void> {
    return this.call('check_username', [username]);
  }

  registerUser(...[localpart, options]: Parameters<ModuleApi['registerUser']>): Promise<UserId> {
    return this.call('register_user', [localpart], options);
  }

  registerDevice(...[userId, options]: Parameters<ModuleApi['registerDevice']>): Promise<RegisteredDevice> {
    return this.call('register_device', [userId], options);
  }

  register(...[localpart, options]: Parameters<ModuleApi['register']>): Promise<readonly [UserId, string]> {
    return this.call('register', [localpart], options);
  }

  recordUserExternalId(...args: Parameters<ModuleApi['recordUserExternalId']>): Promise<void> {
    return this.call('record_user_external_id', args);
  }

  createLoginToken(...[userId, options]: Parameters<ModuleApi['createLoginToken']>): Promise<string> {
    return this.call('create_login_token', [userId], options);
  }

  invalidateAccessToken(accessToken: string): Promise<void> {
    return this.call('invalidate_access_token', [accessToken]);
  }

  getUserIpAndAgents(
    ...[userId, options]: Parameters<ModuleApi['getUserIpAndAgents']>
  ): Promise<readonly UserIpAndAgent[]> {
    return this.call('get_user_ip_and_agents', [userId], options);
  }

  setDisplayname(userId: UserId, newDisplayname: string): Promise<void> {
    return this.call('set_displayname', [userId, newDisplayname]);
  }

  getMonthlyActiveUsersByService(
    ...[options]: Parameters<ModuleApi['getMonthlyActiveUsersByService']>
  ): Promise<readonly (readonly [string, UserId])[]> {
    return this.call('get_monthly_active_users_by_service', [], options);
  }

  storeRemote3pidAssociation(...args: Parameters<ModuleApi['storeRemote3pidAssociation']>): Promise<void> {
    return this.call('store_remote_3pid_association', args);
  }

  completeSsoLoginAsync(...args: Parameters<ModuleApi['completeSsoLoginAsync']>): Promise<Response> {
    const [userId, request, clientRedirectUrl, options] = args;
    return this.call('complete_sso_login_async', [userId, request, clientRedirectUrl], options);
  }

  // rooms

  isMine(id: UserId | RoomId | RoomAlias): Promise<boolean> {
    return this.call('is_mine', [id]);
  }

  createRoom(
    ...[userId, config, options]: Parameters<ModuleApi['createRoom']>
  ): Promise<readonly [RoomId, RoomAlias | null]> {
    return this.call('create_room', [userId, config], options);
  }

  deleteRoom(roomId: RoomId): Promise<void> {
    return this.call('delete_room', [roomId]);
  }

  updateRoomMembership(...args: Parameters<ModuleApi['updateRoomMembership']>): Promise<MatrixEvent> {
    const [sender, target, roomId, newMembership, options] = args;
    return this.call('update_room_membership', [sender, target, roomId, newMembership], options);
  }

  createAndSendEventIntoRoom(eventDict: JsonObject): Promise<MatrixEvent> {
    return this.call('create_and_send_event_into_room', [eventDict]);
  }

  getRoomState(...[roomId, options]: Parameters<ModuleApi['getRoomState']>): Promise<StateMap> {
    return this.call('get_room_state', [roomId], options);
  }

  getStateEventsInRoom(roomId: RoomId, types: StateFilter): Promise<readonly MatrixEvent[]> {
    return this.call('get_state_events_in_room', [roomId, types]);
  }

  lookupRoomAlias(roomAlias: RoomAlias): Promise<readonly [RoomId, readonly ServerName[]]> {
    return this.call('lookup_room_alias', [roomAlias]);
  }

  getCanonicalRoomAlias(roomId: RoomId): Promise<RoomAlias | null> {
    return this.call('get_canonical_room_alias', [roomId]);
  }

  // presence, push, mail

  sendLocalOnlinePresenceTo(users: Iterable<UserId>): Promise<void> {
    return this.call('send_local_online_presence_to', [[...users]]);
  }

  setPresenceForUsers(users: Parameters<ModuleApi['setPresenceForUsers']>[0]): Promise<void> {
    return this.call('set_presence_for_users', [users]);
  }

  async sendHttpPushNotification(
    ...[userId, deviceId, content, options]: Parameters<ModuleApi['sendHttpPushNotification']>
  ): Promise<ReadonlyMap<string, boolean>> {
    const required = [userId, deviceId, content];
    const outcome = await this.call<Record<string, boolean>>('send_http_push_notification', required, options);
    return new Map(Object.entries(outcome));
  }

  checkPushRuleActions(actions: readonly PushRuleAction[]): Promise<void> {
    return this.call('check_push_rule_actions', [actions]);
  }

  setPushRuleAction(...args: Parameters<ModuleApi['setPushRuleAction']>): Promise<void> {
    return this.call('set_push_rule_action', args);
  }

  sendMail(...args: Parameters<ModuleApi['sendMail']>): Promise<void> {
    return this.call('send_mail', args);
  }

  async readTemplates(...[filenames, options]: Parameters<ModuleApi['readTemplates']>): Promise<readonly Template[]> {
    const directory = options?.customTemplateDirectory;
    // Synapse, which may run on another machine, gets the files; it takes an empty path for none.
    const files = directory ? await templateFiles(resolve(this.owner.folder, directory)) : undefined;
    return this.call('read_templates', [filenames], { customTemplateDirectory: files });
  }

  // database, caches, time, background

  runDbInteraction<Result>(desc: string, work: (transaction: DbTransaction) => Promise<Result>): Promise<Result> {
    return this.services.transact(desc, work);
  }

  registerCachedFunction(cachedFunction: CachedFunction): Promise<void> {
    return this.services.registerCache(cachedFunction);
  }

  invalidateCache<Keys extends readonly unknown[]>(cachedFunction: CachedFunction<Keys>, keys: Keys): Promise<void> {
    return this.services.invalidateCache(cachedFunction, keys);
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

  /** What Synapse answers, in the types of `ModuleApi`: the tables of `api-wire.ts` say how it travels. */
  private async call<Result>(method: ApiMethod, required: readonly unknown[], options?: object): Promise<Result> {
    return (await this.services.call(method, required, options)) as Result;
  }
}
