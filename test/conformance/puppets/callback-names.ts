/** The parameters of each callback as cases name them: `CALLBACKS` of recorder/puppet.py. */
export const parameterNames: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  spam_checker: {
    check_event_for_spam: ['event'],
    should_drop_federated_event: ['event'],
    user_may_join_room: ['user_id', 'room_id', 'is_invited'],
    user_may_invite: ['inviter', 'invitee', 'room_id'],
    federated_user_may_invite: ['event'],
    user_may_send_3pid_invite: ['inviter', 'medium', 'address', 'room_id'],
    user_may_create_room: ['user_id', 'room_config'],
    user_may_create_room_alias: ['user_id', 'room_alias'],
    user_may_publish_room: ['user_id', 'room_id'],
    user_may_send_state_event: ['user_id', 'room_id', 'event_type', 'state_key', 'content'],
    check_username_for_spam: ['user_profile', 'requester_id'],
    check_registration_for_spam: ['email_threepid', 'username', 'request_info', 'auth_provider_id'],
    check_media_file_for_spam: ['file', 'file_info'],
    check_login_for_spam: ['user_id', 'device_id', 'initial_display_name', 'request_info', 'auth_provider_id'],
  },
  third_party_rules: {
    check_event_allowed: ['event', 'state_events'],
    on_create_room: ['requester', 'config', 'is_requester_admin'],
    check_threepid_can_be_invited: ['medium', 'address', 'state_events'],
    check_visibility_can_be_modified: ['room_id', 'state_events', 'new_visibility'],
    on_new_event: ['event', 'state_events'],
    check_can_shutdown_room: ['user_id', 'room_id'],
    check_can_deactivate_user: ['user_id', 'by_admin'],
    on_profile_update: ['user_id', 'new_profile', 'by_admin', 'deactivation'],
    on_user_deactivation_status_changed: ['user_id', 'deactivated', 'by_admin'],
    on_threepid_bind: ['user_id', 'medium', 'address'],
    on_add_user_third_party_identifier: ['user_id', 'medium', 'address'],
    on_remove_user_third_party_identifier: ['user_id', 'medium', 'address'],
  },
  password_auth_provider: {
    auth_checkers: ['username', 'login_type', 'login_dict'],
    check_3pid_auth: ['medium', 'address', 'password'],
    on_logged_out: ['user_id', 'device_id', 'access_token'],
    is_3pid_allowed: ['medium', 'address', 'registration'],
    get_username_for_registration: ['uia_results', 'params'],
    get_displayname_for_registration: ['uia_results', 'params'],
  },
  account_validity: {
    is_user_expired: ['user_id'],
    on_user_registration: ['user_id'],
    on_user_login: ['user_id', 'auth_provider_type', 'auth_provider_id'],
    on_legacy_send_mail: ['user_id'],
    on_legacy_renew: ['renewal_token'],
    on_legacy_admin_request: ['request'],
  },
  presence_router: {
    get_users_for_states: ['state_updates'],
    get_interested_users: ['user_id'],
  },
  background_update_controller: {
    on_update: ['update_name', 'database_name', 'one_shot'],
    default_batch_size: ['update_name', 'database_name'],
    min_batch_size: ['update_name', 'database_name'],
  },
  account_data: {
    on_account_data_updated: ['user_id', 'room_id', 'account_data_type', 'content'],
  },
  add_extra_fields_to_unsigned_client_event: {
    add_field_to_unsigned_callback: ['event'],
  },
  media_repository: {
    get_media_config_for_user: ['user_id'],
    is_user_allowed_to_upload_media_of_size: ['user_id', 'size'],
    get_media_upload_limits_for_user: ['user_id'],
    on_media_upload_limit_exceeded: ['user_id', 'limit', 'sent_bytes', 'attempted_bytes'],
  },
  ratelimit: {
    get_ratelimit_override_for_user: ['user_id', 'limiter_name'],
  },
  federation: {
    on_event_delivered_over_federation: ['delivery'],
  },
};

/** Parameters that are records with names in camelCase; all other objects are JSON and keep their names. */
export const recordParameters: ReadonlySet<string> = new Set(['new_profile']);
