import type { HostApi } from './module-api.js';
import type { AnyMethod, MethodRow, SentCall, SnakeCase } from './method-row.js';
import type { ServerProperties } from './server-properties.js';

/** A method of `ModuleApi` that hosts bring. */
export type MethodName = Exclude<keyof HostApi, keyof ServerProperties>;

/** Every method of `ModuleApi` that hosts bring, one row each; tsc compares each row with the signature. */
export const apiMethods = {
  // users-api.ts
  getUserinfoById: {
    synapse: 'get_userinfo_by_id',
    by: 'synapse',
    args: ['user_id'],
    result: 'record',
    changes: false,
  },
  getUserByReq: {
    synapse: 'get_user_by_req',
    by: 'synapse',
    args: [['req', 'request']],
    options: { allowGuest: 'json', allowExpired: 'json' },
    result: 'requester',
    changes: true,
  },
  isUserAdmin: { synapse: 'is_user_admin', by: 'synapse', args: ['user_id'], result: 'json', changes: false },
  setUserAdmin: {
    synapse: 'set_user_admin',
    by: 'synapse',
    args: ['user_id', 'admin'],
    result: 'none',
    changes: true,
  },
  getQualifiedUserId: {
    synapse: 'get_qualified_user_id',
    by: 'synapse',
    args: ['username'],
    result: 'json',
    changes: false,
  },
  getProfileForUser: {
    synapse: 'get_profile_for_user',
    by: 'synapse',
    args: ['localpart'],
    result: 'record',
    changes: false,
  },
  getThreepidsForUser: {
    synapse: 'get_threepids_for_user',
    by: 'synapse',
    args: ['user_id'],
    result: 'records',
    changes: false,
  },
  checkUserExists: {
    synapse: 'check_user_exists',
    by: 'synapse',
    args: ['user_id'],
    result: 'json',
    changes: false,
  },
  checkUsername: {
    synapse: 'check_username',
    by: 'synapse',
    args: ['username'],
    result: 'none',
    changes: false,
  },
  registerUser: {
    synapse: 'register_user',
    by: 'synapse',
    args: ['localpart'],
    options: { displayname: 'json', emails: 'json', admin: 'json' },
    result: 'json',
    changes: true,
  },
  registerDevice: {
    synapse: 'register_device',
    by: 'synapse',
    args: ['user_id'],
    options: { deviceId: 'json', initialDisplayName: 'json' },
    result: 'json',
    changes: true,
  },
  register: {
    synapse: 'register',
    by: 'synapse',
    args: ['localpart'],
    options: { displayname: 'json', emails: 'json' },
    result: 'json',
    changes: true,
    deprecated: 'registerUser and registerDevice',
  },
  recordUserExternalId: {
    synapse: 'record_user_external_id',
    by: 'synapse',
    args: ['auth_provider_id', 'remote_user_id', 'registered_user_id'],
    result: 'none',
    changes: true,
  },
  createLoginToken: {
    synapse: 'create_login_token',
    by: 'synapse',
    args: ['user_id'],
    options: { durationInMs: 'json', authProviderId: 'json', authProviderSessionId: 'json' },
    result: 'json',
    changes: true,
  },
  invalidateAccessToken: {
    synapse: 'invalidate_access_token',
    by: 'synapse',
    args: ['access_token'],
    result: 'none',
    changes: true,
  },
  getUserIpAndAgents: {
    synapse: 'get_user_ip_and_agents',
    by: 'synapse',
    args: ['user_id'],
    options: { sinceTs: 'json' },
    result: 'records',
    changes: false,
  },
  setDisplayname: {
    synapse: 'set_displayname',
    by: 'synapse',
    args: [['user_id', 'user_id'], 'new_displayname'],
    result: 'none',
    changes: true,
  },
  getMonthlyActiveUsersByService: {
    synapse: 'get_monthly_active_users_by_service',
    by: 'synapse',
    args: [],
    options: { startTimestamp: 'json', endTimestamp: 'json' },
    result: 'json',
    changes: false,
  },
  storeRemote3pidAssociation: {
    synapse: 'store_remote_3pid_association',
    by: 'synapse',
    args: ['user_id', 'medium', 'address', 'id_server'],
    result: 'none',
    changes: true,
  },
  completeSsoLoginAsync: {
    synapse: 'complete_sso_login_async',
    by: 'synapse',
    args: ['registered_user_id', ['request', 'request'], 'client_redirect_url'],
    options: { newUser: 'json', authProviderId: 'json' },
    result: 'response',
    changes: true,
  },
  // rooms-api.ts
  isMine: { synapse: 'is_mine', by: 'synapse', args: ['id'], result: 'json', changes: false },
  createRoom: {
    synapse: 'create_room',
    by: 'synapse',
    args: ['user_id', ['config', 'live_json']],
    options: { ratelimit: 'json', creatorJoinProfile: 'json' },
    result: 'json',
    changes: true,
  },
  deleteRoom: { synapse: 'delete_room', by: 'synapse', args: ['room_id'], result: 'none', changes: true },
  updateRoomMembership: {
    synapse: 'update_room_membership',
    by: 'synapse',
    args: ['sender', 'target', 'room_id', 'new_membership'],
    options: { content: 'live_json', remoteRoomHosts: 'json' },
    result: 'event',
    changes: true,
  },
  createAndSendEventIntoRoom: {
    synapse: 'create_and_send_event_into_room',
    by: 'synapse',
    args: ['event_dict'],
    result: 'event',
    changes: true,
  },
  getRoomState: {
    synapse: 'get_room_state',
    by: 'synapse',
    args: ['room_id'],
    options: { eventFilter: 'tuples' },
    result: 'state_events',
    changes: false,
  },
  getStateEventsInRoom: {
    synapse: 'get_state_events_in_room',
    by: 'synapse',
    args: ['room_id', ['types', 'tuples']],
    result: 'events',
    changes: false,
    deprecated: 'getRoomState',
  },
  lookupRoomAlias: {
    synapse: 'lookup_room_alias',
    by: 'synapse',
    args: ['room_alias'],
    result: 'json',
    changes: false,
  },
  getCanonicalRoomAlias: {
    synapse: 'get_canonical_room_alias',
    by: 'synapse',
    args: [['room_id', 'room_id']],
    result: 'id',
    changes: false,
  },
  // presence-api.ts
  sendLocalOnlinePresenceTo: {
    synapse: 'send_local_online_presence_to',
    by: 'synapse',
    args: [['users', 'list']],
    result: 'none',
    changes: true,
  },
  setPresenceForUsers: {
    synapse: 'set_presence_for_users',
    by: 'synapse',
    args: [['users', 'presence_updates']],
    result: 'none',
    changes: true,
  },
  // messaging-api.ts
  sendHttpPushNotification: {
    synapse: 'send_http_push_notification',
    by: 'synapse',
    args: ['user_id', 'device_id', ['content', 'live_json']],
    options: { tweaks: 'json', defaultPayload: 'json' },
    result: 'map',
    changes: true,
  },
  checkPushRuleActions: {
    synapse: 'check_push_rule_actions',
    by: 'synapse',
    args: ['actions'],
    result: 'none',
    changes: false,
  },
  setPushRuleAction: {
    synapse: 'set_push_rule_action',
    by: 'synapse',
    args: ['user_id', 'scope', 'kind', 'rule_id', 'actions'],
    result: 'none',
    changes: true,
  },
  sendMail: {
    synapse: 'send_mail',
    by: 'synapse',
    args: ['recipient', 'subject', 'html', 'text'],
    result: 'none',
    changes: true,
  },
  readTemplates: {
    synapse: 'read_templates',
    by: 'host',
    args: ['filenames'],
    options: { customTemplateDirectory: 'files' },
    result: 'templates',
    changes: false,
  },
  // background-api.ts
  runDbInteraction: { synapse: 'run_db_interaction', by: 'host', changes: true },
  registerCachedFunction: {
    synapse: 'register_cached_function',
    by: 'host',
    args: ['cached_func'],
    result: 'none',
    changes: true,
  },
  invalidateCache: {
    synapse: 'invalidate_cache',
    by: 'host',
    args: ['cached_func', 'keys'],
    result: 'none',
    changes: true,
  },
  loopingBackgroundCall: {
    synapse: 'looping_background_call',
    by: 'host',
    changes: false,
    isAllowedInTransaction: true,
  },
  delayedBackgroundCall: {
    synapse: 'delayed_background_call',
    by: 'host',
    changes: false,
    isAllowedInTransaction: true,
  },
  runAsBackgroundProcess: {
    synapse: 'run_as_background_process',
    by: 'host',
    changes: false,
    isAllowedInTransaction: true,
  },
  shouldRunBackgroundTasks: {
    synapse: 'should_run_background_tasks',
    by: 'host',
    changes: false,
    isAllowedInTransaction: true,
  },
  sleep: { synapse: 'sleep', by: 'host', changes: false, isAllowedInTransaction: true },
  deferToThread: { synapse: 'defer_to_thread', by: 'host', changes: false, isAllowedInTransaction: true },
  deferToThreadpool: { synapse: 'defer_to_threadpool', by: 'host', changes: false, isAllowedInTransaction: true },
  getCurrentTimeMsec: { synapse: 'get_current_time_msec', by: 'host', changes: false, isAllowedInTransaction: true },
} as const satisfies { readonly [Name in MethodName]: MethodRow<SnakeCase<Name>, HostApi[Name]> };

/** The properties of `ModuleApi` whose methods are rows, too. */
export type ManagerName = 'accountDataManager' | 'publicRoomListManager';

/** The methods of the objects that `ModuleApi` has for account data and the public room list. */
export const managerMethods = {
  accountDataManager: {
    getGlobal: {
      synapse: 'account_data_manager.get_global',
      by: 'synapse',
      args: ['user_id', 'data_type'],
      result: 'json',
      changes: false,
    },
    putGlobal: {
      synapse: 'account_data_manager.put_global',
      by: 'synapse',
      args: ['user_id', 'data_type', 'new_data'],
      result: 'none',
      changes: true,
    },
  },
  publicRoomListManager: {
    roomIsInPublicRoomList: {
      synapse: 'public_room_list_manager.room_is_in_public_room_list',
      by: 'synapse',
      args: ['room_id'],
      result: 'json',
      changes: false,
    },
    addRoomToPublicRoomList: {
      synapse: 'public_room_list_manager.add_room_to_public_room_list',
      by: 'synapse',
      args: ['room_id'],
      result: 'none',
      changes: true,
    },
    removeRoomFromPublicRoomList: {
      synapse: 'public_room_list_manager.remove_room_from_public_room_list',
      by: 'synapse',
      args: ['room_id'],
      result: 'none',
      changes: true,
    },
  },
} as const satisfies { readonly [Manager in ManagerName]: ManagerRows<Manager> };

type ManagerRows<Manager extends ManagerName> = {
  readonly [Name in keyof HostApi[Manager] & string]: HostApi[Manager][Name] extends AnyMethod
    ? MethodRow<`${SnakeCase<Manager>}.${SnakeCase<Name>}`, HostApi[Manager][Name]>
    : never;
};

/** The methods that Synapse runs. */
export type SentName = {
  [Name in MethodName]: (typeof apiMethods)[Name] extends SentCall & { readonly by: 'synapse' } ? Name : never;
}[MethodName];

/** Every row that says what is sent to Synapse, in order. */
export function sentCalls(): readonly SentCall[] {
  const { accountDataManager, publicRoomListManager } = managerMethods;
  const rows: readonly (Partial<SentCall> & Pick<SentCall, 'synapse'>)[] = [
    ...Object.values(apiMethods),
    ...Object.values(accountDataManager),
    ...Object.values(publicRoomListManager),
  ];
  return rows.filter((row): row is SentCall => row.args !== undefined && row.result !== undefined);
}
