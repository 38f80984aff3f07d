"""The methods of `ModuleApi` that modules may call.

Made from src/module-api/api-methods.ts by `npm run docs`.
"""

from __future__ import annotations

from typing import Final

from .rows import ApiRow

# (arguments with their kinds, result kind)
API_METHODS: Final[dict[str, ApiRow]] = {
    "get_userinfo_by_id": ({"user_id": "json"}, "record"),
    "get_user_by_req": ({"req": "request", "allow_guest": "json", "allow_expired": "json"}, "requester"),
    "is_user_admin": ({"user_id": "json"}, "json"),
    "set_user_admin": ({"user_id": "json", "admin": "json"}, "none"),
    "get_qualified_user_id": ({"username": "json"}, "json"),
    "get_profile_for_user": ({"localpart": "json"}, "record"),
    "get_threepids_for_user": ({"user_id": "json"}, "records"),
    "check_user_exists": ({"user_id": "json"}, "json"),
    "check_username": ({"username": "json"}, "none"),
    "register_user": ({"localpart": "json", "displayname": "json", "emails": "json", "admin": "json"}, "json"),
    "register_device": ({"user_id": "json", "device_id": "json", "initial_display_name": "json"}, "json"),
    "register": ({"localpart": "json", "displayname": "json", "emails": "json"}, "json"),
    "record_user_external_id": (
        {"auth_provider_id": "json", "remote_user_id": "json", "registered_user_id": "json"},
        "none",
    ),
    "create_login_token": (
        {"user_id": "json", "duration_in_ms": "json", "auth_provider_id": "json", "auth_provider_session_id": "json"},
        "json",
    ),
    "invalidate_access_token": ({"access_token": "json"}, "none"),
    "get_user_ip_and_agents": ({"user_id": "json", "since_ts": "json"}, "records"),
    "set_displayname": ({"user_id": "user_id", "new_displayname": "json"}, "none"),
    "get_monthly_active_users_by_service": ({"start_timestamp": "json", "end_timestamp": "json"}, "json"),
    "store_remote_3pid_association": (
        {"user_id": "json", "medium": "json", "address": "json", "id_server": "json"},
        "none",
    ),
    "complete_sso_login_async": (
        {
            "registered_user_id": "json",
            "request": "request",
            "client_redirect_url": "json",
            "new_user": "json",
            "auth_provider_id": "json",
        },
        "response",
    ),
    "is_mine": ({"id": "json"}, "json"),
    "create_room": (
        {"user_id": "json", "config": "live_json", "ratelimit": "json", "creator_join_profile": "json"},
        "json",
    ),
    "delete_room": ({"room_id": "json"}, "none"),
    "update_room_membership": (
        {
            "sender": "json",
            "target": "json",
            "room_id": "json",
            "new_membership": "json",
            "content": "live_json",
            "remote_room_hosts": "json",
        },
        "event",
    ),
    "create_and_send_event_into_room": ({"event_dict": "json"}, "event"),
    "get_room_state": ({"room_id": "json", "event_filter": "tuples"}, "state_events"),
    "get_state_events_in_room": ({"room_id": "json", "types": "tuples"}, "events"),
    "lookup_room_alias": ({"room_alias": "json"}, "json"),
    "get_canonical_room_alias": ({"room_id": "room_id"}, "id"),
    "send_local_online_presence_to": ({"users": "list"}, "none"),
    "set_presence_for_users": ({"users": "presence_updates"}, "none"),
    "send_http_push_notification": (
        {"user_id": "json", "device_id": "json", "content": "live_json", "tweaks": "json", "default_payload": "json"},
        "map",
    ),
    "check_push_rule_actions": ({"actions": "json"}, "none"),
    "set_push_rule_action": (
        {"user_id": "json", "scope": "json", "kind": "json", "rule_id": "json", "actions": "json"},
        "none",
    ),
    "send_mail": ({"recipient": "json", "subject": "json", "html": "json", "text": "json"}, "none"),
    "read_templates": ({"filenames": "json", "custom_template_directory": "files"}, "templates"),
    "register_cached_function": ({"cached_func": "json"}, "none"),
    "invalidate_cache": ({"cached_func": "json", "keys": "json"}, "none"),
    "account_data_manager.get_global": ({"user_id": "json", "data_type": "json"}, "json"),
    "account_data_manager.put_global": ({"user_id": "json", "data_type": "json", "new_data": "json"}, "none"),
    "public_room_list_manager.room_is_in_public_room_list": ({"room_id": "json"}, "json"),
    "public_room_list_manager.add_room_to_public_room_list": ({"room_id": "json"}, "none"),
    "public_room_list_manager.remove_room_from_public_room_list": ({"room_id": "json"}, "none"),
}
