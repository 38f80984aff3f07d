import type { CallbackCategory, CallbackName } from '../../callbacks/registry.js';

/** How an argument of a callback travels; the shapes are in `wire-values.ts`. */
export type ArgumentKind =
  | 'json'
  /**
   * JSON that the callback may change. When it did, the answer is `{"result": ..., "changed": {"<index of the argument>":
   * ...}}`, and Synapse's own object is changed in place.
   */
  | 'live_json'
  | 'event'
  | 'state'
  | 'requester'
  | 'profile'
  | 'presences'
  | 'media_file'
  | 'media_info'
  | 'delivery'
  | 'upload_limit'
  | 'request';

/** How the result of a callback travels. Null is the neutral result of any kind. */
export type ResultKind =
  | 'none'
  /** {@link WireSpamRefusal}. */
  | 'spam'
  /** True, false, or a text that counts as true. */
  | 'truth'
  /** The name of a member of `RegistrationBehaviour`. */
  | 'registration'
  | 'event_decision'
  | 'auth'
  | 'text'
  | 'json'
  | 'presence_map'
  /** A list of user IDs, or the text `ALL`. */
  | 'users'
  | 'upload_limits'
  | 'ratelimit'
  | 'slot'
  | 'number'
  /** A list of three that Synapse gets as a tuple. */
  | 'renewal';

/** How one callback travels. */
export interface CallbackWire {
  /** In the order of the arguments. */
  readonly args: readonly ArgumentKind[];
  readonly result: ResultKind;
  /** Told, not asked: while the host is away it is queued or dropped, as configured. */
  readonly isNotification?: boolean;
  /** The neutral result where Synapse takes no None for it: what it uses when nobody registered the callback. */
  readonly neutral?: number;
}

function asked(args: readonly ArgumentKind[], result: ResultKind): CallbackWire {
  return { args, result };
}

function told(...args: readonly ArgumentKind[]): CallbackWire {
  return { args, result: 'none', isNotification: true };
}

/** How every callback travels; a callback without a row does not compile. */
export const callbackWire: { readonly [C in CallbackCategory]: { readonly [N in CallbackName<C>]: CallbackWire } } = {
  spam_checker: {
    check_event_for_spam: asked(['event'], 'spam'),
    should_drop_federated_event: asked(['event'], 'truth'),
    user_may_join_room: asked(['json', 'json', 'json'], 'spam'),
    user_may_invite: asked(['json', 'json', 'json'], 'spam'),
    federated_user_may_invite: asked(['event'], 'spam'),
    user_may_send_3pid_invite: asked(['json', 'json', 'json', 'json'], 'spam'),
    user_may_create_room: asked(['json', 'json'], 'spam'),
    user_may_create_room_alias: asked(['json', 'json'], 'spam'),
    user_may_publish_room: asked(['json', 'json'], 'spam'),
    user_may_send_state_event: asked(['json', 'json', 'json', 'json', 'json'], 'spam'),
    check_username_for_spam: asked(['json', 'json'], 'truth'),
    check_registration_for_spam: asked(['json', 'json', 'json', 'json'], 'registration'),
    check_media_file_for_spam: asked(['media_file', 'media_info'], 'spam'),
    check_login_for_spam: asked(['json', 'json', 'json', 'json', 'json'], 'spam'),
  },
  third_party_rules: {
    check_event_allowed: asked(['event', 'state'], 'event_decision'),
    on_create_room: asked(['requester', 'live_json', 'json'], 'none'),
    check_threepid_can_be_invited: asked(['json', 'json', 'state'], 'truth'),
    check_visibility_can_be_modified: asked(['json', 'state', 'json'], 'truth'),
    on_new_event: told('event', 'state'),
    check_can_shutdown_room: asked(['json', 'json'], 'truth'),
    check_can_deactivate_user: asked(['json', 'json'], 'truth'),
    on_profile_update: told('json', 'profile', 'json', 'json'),
    on_user_deactivation_status_changed: told('json', 'json', 'json'),
    on_threepid_bind: told('json', 'json', 'json'),
    on_add_user_third_party_identifier: told('json', 'json', 'json'),
    on_remove_user_third_party_identifier: told('json', 'json', 'json'),
  },
  password_auth_provider: {
    auth_checkers: asked(['json', 'json', 'json'], 'auth'),
    check_3pid_auth: asked(['json', 'json', 'json'], 'auth'),
    on_logged_out: told('json', 'json', 'json'),
    get_username_for_registration: asked(['live_json', 'live_json'], 'text'),
    get_displayname_for_registration: asked(['live_json', 'live_json'], 'text'),
    is_3pid_allowed: asked(['json', 'json', 'json'], 'truth'),
  },
  account_validity: {
    is_user_expired: asked(['json'], 'truth'),
    // A throw of these two fails the request, so they are asked like gates, and not queued.
    on_user_registration: asked(['json'], 'none'),
    on_user_login: asked(['json', 'json', 'json'], 'none'),
    on_legacy_send_mail: asked(['json'], 'none'),
    on_legacy_renew: asked(['json'], 'renewal'),
    on_legacy_admin_request: asked(['request'], 'number'),
  },
  presence_router: {
    get_users_for_states: asked(['presences'], 'presence_map'),
    get_interested_users: asked(['json'], 'users'),
  },
  background_update_controller: {
    on_update: asked(['json', 'json', 'json'], 'slot'),
    default_batch_size: { ...asked(['json', 'json'], 'number'), neutral: 100 },
    min_batch_size: { ...asked(['json', 'json'], 'number'), neutral: 1 },
  },
  account_data: {
    on_account_data_updated: told('json', 'json', 'json', 'json'),
  },
  add_extra_fields_to_unsigned_client_event: {
    add_field_to_unsigned_callback: asked(['event'], 'json'),
  },
  media_repository: {
    get_media_config_for_user: asked(['json'], 'json'),
    is_user_allowed_to_upload_media_of_size: asked(['json', 'json'], 'truth'),
    get_media_upload_limits_for_user: asked(['json'], 'upload_limits'),
    on_media_upload_limit_exceeded: asked(['json', 'upload_limit', 'json', 'json'], 'none'),
  },
  ratelimit: {
    get_ratelimit_override_for_user: asked(['json', 'json'], 'ratelimit'),
  },
  federation: {
    on_event_delivered_over_federation: told('delivery'),
  },
};
