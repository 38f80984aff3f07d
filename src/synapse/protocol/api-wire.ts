/** How an argument of a `ModuleApi` method travels. */
export type ApiArgumentKind =
  | 'json'
  /** JSON that the method may change: the answer of such a method is always `[result, argument afterwards]`. */
  | 'live_json'
  /** A text that the method takes as a `UserID` or `RoomID` object. */
  | 'user_id'
  | 'room_id'
  /** The handle of an HTTP request that is being answered. */
  | 'request'
  /** A list of lists that Synapse takes as tuples. */
  | 'tuples'
  /** A mapping of user IDs to lists that Synapse takes as tuples. */
  | 'presence_updates'
  | 'set'
  /** The texts of files by their names, which the method takes as the path of a directory that holds them. */
  | 'files';

/** How the result of a `ModuleApi` method travels. */
export type ApiResultKind =
  | 'json'
  | 'none'
  | 'event'
  /** {@link WireEvents}. */
  | 'events'
  /** {@link WireEvents} that become a state map. */
  | 'state_events'
  /** An object of the record's public fields, IDs as texts; null stays null. */
  | 'record'
  | 'records'
  | 'requester'
  /** The text of an ID object, or null. */
  | 'id'
  /** `WireResponse`: what the method wrote as the answer to the request. */
  | 'response'
  /** A list of {@link WireTemplate}. */
  | 'templates';

/** How one method of `ModuleApi` travels. */
export interface ApiWire {
  /** Synapse's parameter names with their kinds, in order; those that are not given keep Synapse's default. */
  readonly args: Readonly<Record<string, ApiArgumentKind>>;
  readonly result: ApiResultKind;
}

/**
 * Every method of `ModuleApi` that Synapse must run. Not here: what the module host does itself (time, background calls,
 * threads, `http_client`), properties (`modules.open` brings them), registering, and `run_db_interaction` (`db.begin`).
 */
export const apiWire = {
  get_userinfo_by_id: { args: { user_id: 'json' }, result: 'record' },
  get_user_by_req: { args: { req: 'request', allow_guest: 'json', allow_expired: 'json' }, result: 'requester' },
  is_user_admin: { args: { user_id: 'json' }, result: 'json' },
  set_user_admin: { args: { user_id: 'json', admin: 'json' }, result: 'none' },
  get_qualified_user_id: { args: { username: 'json' }, result: 'json' },
  get_profile_for_user: { args: { localpart: 'json' }, result: 'record' },
  get_threepids_for_user: { args: { user_id: 'json' }, result: 'json' },
  check_user_exists: { args: { user_id: 'json' }, result: 'json' },
  check_username: { args: { username: 'json' }, result: 'none' },
  register_user: { args: { localpart: 'json', displayname: 'json', emails: 'json', admin: 'json' }, result: 'json' },
  register_device: { args: { user_id: 'json', device_id: 'json', initial_display_name: 'json' }, result: 'json' },
  register: { args: { localpart: 'json', displayname: 'json', emails: 'json' }, result: 'json' },
  record_user_external_id: {
    args: { auth_provider_id: 'json', remote_user_id: 'json', registered_user_id: 'json' },
    result: 'none',
  },
  create_login_token: {
    args: { user_id: 'json', duration_in_ms: 'json', auth_provider_id: 'json', auth_provider_session_id: 'json' },
    result: 'json',
  },
  invalidate_access_token: { args: { access_token: 'json' }, result: 'none' },
  get_user_ip_and_agents: { args: { user_id: 'json', since_ts: 'json' }, result: 'records' },
  set_displayname: { args: { user_id: 'user_id', new_displayname: 'json' }, result: 'none' },
  get_monthly_active_users_by_service: { args: { start_timestamp: 'json', end_timestamp: 'json' }, result: 'json' },
  store_remote_3pid_association: {
    args: { user_id: 'json', medium: 'json', address: 'json', id_server: 'json' },
    result: 'none',
  },
  complete_sso_login_async: {
    args: {
      registered_user_id: 'json',
      request: 'request',
      client_redirect_url: 'json',
      new_user: 'json',
      auth_provider_id: 'json',
    },
    result: 'response',
  },
  is_mine: { args: { id: 'json' }, result: 'json' },
  create_room: {
    args: { user_id: 'json', config: 'live_json', ratelimit: 'json', creator_join_profile: 'json' },
    result: 'json',
  },
  delete_room: { args: { room_id: 'json' }, result: 'none' },
  update_room_membership: {
    args: {
      sender: 'json',
      target: 'json',
      room_id: 'json',
      new_membership: 'json',
      content: 'live_json',
      remote_room_hosts: 'json',
    },
    result: 'event',
  },
  create_and_send_event_into_room: { args: { event_dict: 'json' }, result: 'event' },
  get_room_state: { args: { room_id: 'json', event_filter: 'tuples' }, result: 'state_events' },
  get_state_events_in_room: { args: { room_id: 'json', types: 'tuples' }, result: 'events' },
  lookup_room_alias: { args: { room_alias: 'json' }, result: 'json' },
  get_canonical_room_alias: { args: { room_id: 'room_id' }, result: 'id' },
  send_local_online_presence_to: { args: { users: 'json' }, result: 'none' },
  set_presence_for_users: { args: { users: 'presence_updates' }, result: 'none' },
  send_http_push_notification: {
    args: { user_id: 'json', device_id: 'json', content: 'live_json', tweaks: 'json', default_payload: 'json' },
    result: 'json',
  },
  check_push_rule_actions: { args: { actions: 'json' }, result: 'none' },
  set_push_rule_action: {
    args: { user_id: 'json', scope: 'json', kind: 'json', rule_id: 'json', actions: 'json' },
    result: 'none',
  },
  send_mail: { args: { recipient: 'json', subject: 'json', html: 'json', text: 'json' }, result: 'none' },
  read_templates: { args: { filenames: 'json', custom_template_directory: 'files' }, result: 'templates' },
  register_cached_function: { args: { cached_func: 'json' }, result: 'none' },
  invalidate_cache: { args: { cached_func: 'json', keys: 'json' }, result: 'none' },
  'account_data_manager.get_global': { args: { user_id: 'json', data_type: 'json' }, result: 'json' },
  'account_data_manager.put_global': { args: { user_id: 'json', data_type: 'json', new_data: 'json' }, result: 'none' },
  'public_room_list_manager.room_is_in_public_room_list': { args: { room_id: 'json' }, result: 'json' },
  'public_room_list_manager.add_room_to_public_room_list': { args: { room_id: 'json' }, result: 'none' },
  'public_room_list_manager.remove_room_from_public_room_list': { args: { room_id: 'json' }, result: 'none' },
} as const satisfies Readonly<Record<string, ApiWire>>;

/** A method of `ModuleApi` that travels, by Synapse's name. */
export type ApiMethod = keyof typeof apiWire;
