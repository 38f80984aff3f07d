"""Runs Vesicle's TypeScript modules inside Synapse: put this file on Synapse's PYTHONPATH.

    modules:
      - module: vesicle_bridge.VesicleBridge
        config:
          connect: unix:/run/vesicle.sock
          modules:
            - module: ./word-filter.ts
              config: { banned_words: [casino] }

The modules live in another process, the module host (`vesicle host`). This file moves questions and answers between the
two over a socket; combining answers, checking configuration and all policy but `when`, timeouts and `onFailure` are the
host's. A frame is a length (4 bytes, big-endian) and so many bytes of JSON.

How it keeps Synapse's log contexts: functions that Synapse calls return a Deferred that restores the caller's
context; what enters from the socket runs in the sentinel context; work for a module runs in a child of the context of
the question that it belongs to, or, when there is none, through `run_as_background_process`.
"""

from __future__ import annotations

import base64
import builtins
import datetime
import decimal
import difflib
import errno
import hashlib
import importlib.metadata
import inspect
import itertools
import json
import logging
import math
import os
import queue
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final, NamedTuple, cast

from synapse import module_api

# Not of `synapse.module_api`, for want of another way: errors that it does not export are rebuilt by their names,
# `make_deferred_yieldable` would start a context anew that is finished (see `_keeping_context`), and a background
# process costs ten times what most calls of modules do (see `_in_background`).
from synapse.api import errors as synapse_errors
from synapse.logging.context import SENTINEL_CONTEXT, current_context, set_current_context
from synapse.logging.context import LoggingContext as LoggingContext  # type: ignore[attr-defined]
from synapse.module_api import (
    NOT_SPAM,
    PRESENCE_ALL_USERS,
    ModuleApi,
    RoomID,
    UserID,
    UserPresenceState,
    make_deferred_yieldable,
    run_in_background,
)
from synapse.module_api.errors import Codes, ConfigError, RedirectException, SynapseError
from synapse.spam_checker_api import RegistrationBehaviour
from twisted.internet import reactor as _twisted_reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

__all__ = ["VesicleBridge"]

Json = Any
_Key = tuple[str, str, str]  # category, name, and login type if any
CallbackRow = tuple[tuple[str, ...], tuple[str, ...], str, bool, str, Json, Json]
ApiRow = tuple[dict[str, str], str]
LinkRow = tuple[str, str, bool, dict[str, str]]

# fmt: off
# BEGIN GENERATED from package.json, src/synapse/*.ts and src/callbacks/*.ts: npm run docs
BRIDGE_VERSION: Final = "0.2.0"
PROTOCOL_VERSION: Final = 2
LIMITS: Final[dict[str, int]] = {
    "frame": 33554432,
    "depth": 500,
    "chunk": 65536,
    "piece": 1048576,
    "pingEvery": 5000,
    "pongWithin": 10000,
    "transaction": 60000,
}
# (questions, notifications, requests of the module host are served, the state after each event)
LINK_STATES: Final[dict[str, LinkRow]] = {
    "connecting": (
        "policy",
        "kept",
        False,
        {"connected": "opening", "failed": "waiting", "stop": "stopped"},
    ),
    "opening": (
        "policy",
        "kept",
        True,
        {"opened": "ready", "lost": "waiting", "stop": "stopped"},
    ),
    "ready": (
        "asked",
        "told",
        True,
        {"pong": "ready", "silent": "unresponsive", "lost": "waiting", "stop": "stopped"},
    ),
    "unresponsive": (
        "policy",
        "kept",
        True,
        {"pong": "ready", "lost": "waiting", "stop": "stopped"},
    ),
    "waiting": (
        "policy",
        "kept",
        False,
        {"retry": "connecting", "stop": "stopped"},
    ),
    "stopped": (
        "policy",
        "counted",
        False,
        {},
    ),
}
# (argument names, argument kinds, result kind, is told rather than asked, what a throw means, neutral result, refusal)
CALLBACKS: Final[dict[str, dict[str, CallbackRow]]] = {
    "spam_checker": {
        "check_event_for_spam": (
            ("event",),
            ("event",),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "should_drop_federated_event": (
            ("event",),
            ("event",),
            "truth",
            False,
            "propagates",
            False,
            True,
        ),
        "user_may_join_room": (
            ("user_id", "room_id", "is_invited"),
            ("json", "json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_invite": (
            ("inviter", "invitee", "room_id"),
            ("json", "json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "federated_user_may_invite": (
            ("event",),
            ("event",),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_send_3pid_invite": (
            ("inviter", "medium", "address", "room_id"),
            ("json", "json", "json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_create_room": (
            ("user_id", "room_config"),
            ("json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_create_room_alias": (
            ("user_id", "room_alias"),
            ("json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_publish_room": (
            ("user_id", "room_id"),
            ("json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "user_may_send_state_event": (
            ("user_id", "room_id", "event_type", "state_key", "content"),
            ("json", "json", "json", "json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "check_username_for_spam": (
            ("user_profile", "requester_id"),
            ("json", "json"),
            "truth",
            False,
            "propagates",
            False,
            True,
        ),
        "check_registration_for_spam": (
            ("email_threepid", "username", "request_info", "auth_provider_id"),
            ("json", "json", "json", "json"),
            "registration",
            False,
            "propagates",
            None,
            "DENY",
        ),
        "check_media_file_for_spam": (
            ("file_wrapper", "file_info"),
            ("media_file", "media_info"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
        "check_login_for_spam": (
            ("user_id", "device_id", "initial_display_name", "request_info", "auth_provider_id"),
            ("json", "json", "json", "json", "json"),
            "spam",
            False,
            "propagates",
            None,
            {"errcode": "M_FORBIDDEN"},
        ),
    },
    "third_party_rules": {
        "check_event_allowed": (
            ("event", "state_events"),
            ("event", "state"),
            "event_decision",
            False,
            "becomes",
            None,
            {"allowed": False, "replacement": None},
        ),
        "on_create_room": (
            ("requester", "config", "is_requester_admin"),
            ("requester", "live_json", "json"),
            "none",
            False,
            "becomes",
            None,
            None,
        ),
        "check_threepid_can_be_invited": (
            ("medium", "address", "state_events"),
            ("json", "json", "state"),
            "truth",
            False,
            "logged",
            True,
            False,
        ),
        "check_visibility_can_be_modified": (
            ("room_id", "state_events", "new_visibility"),
            ("json", "state", "json"),
            "truth",
            False,
            "logged",
            True,
            False,
        ),
        "on_new_event": (
            ("event", "state_events"),
            ("event", "state"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "check_can_shutdown_room": (
            ("user_id", "room_id"),
            ("json", "json"),
            "truth",
            False,
            "logged",
            True,
            False,
        ),
        "check_can_deactivate_user": (
            ("user_id", "by_admin"),
            ("json", "json"),
            "truth",
            False,
            "logged",
            True,
            False,
        ),
        "on_profile_update": (
            ("user_id", "new_profile", "by_admin", "deactivation"),
            ("json", "profile", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "on_user_deactivation_status_changed": (
            ("user_id", "deactivated", "by_admin"),
            ("json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "on_threepid_bind": (
            ("user_id", "medium", "address"),
            ("json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "on_add_user_third_party_identifier": (
            ("user_id", "medium", "address"),
            ("json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "on_remove_user_third_party_identifier": (
            ("user_id", "medium", "address"),
            ("json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
    },
    "password_auth_provider": {
        "auth_checkers": (
            ("username", "login_type", "login_dict"),
            ("json", "json", "json"),
            "auth",
            False,
            "logged",
            None,
            None,
        ),
        "check_3pid_auth": (
            ("medium", "address", "password"),
            ("json", "json", "json"),
            "auth",
            False,
            "logged",
            None,
            None,
        ),
        "on_logged_out": (
            ("user_id", "device_id", "access_token"),
            ("json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
        "get_username_for_registration": (
            ("uia_results", "params"),
            ("live_json", "live_json"),
            "text",
            False,
            "becomes",
            None,
            None,
        ),
        "get_displayname_for_registration": (
            ("uia_results", "params"),
            ("live_json", "live_json"),
            "text",
            False,
            "becomes",
            None,
            None,
        ),
        "is_3pid_allowed": (
            ("medium", "address", "registration"),
            ("json", "json", "json"),
            "truth",
            False,
            "becomes",
            True,
            False,
        ),
    },
    "account_validity": {
        "is_user_expired": (
            ("user_id",),
            ("json",),
            "truth",
            False,
            "propagates",
            None,
            None,
        ),
        "on_user_registration": (
            ("user_id",),
            ("json",),
            "none",
            False,
            "propagates",
            None,
            None,
        ),
        "on_user_login": (
            ("user_id", "auth_provider_type", "auth_provider_id"),
            ("json", "json", "json"),
            "none",
            False,
            "propagates",
            None,
            None,
        ),
        "on_legacy_send_mail": (
            ("user_id",),
            ("json",),
            "none",
            False,
            "propagates",
            None,
            None,
        ),
        "on_legacy_renew": (
            ("renewal_token",),
            ("json",),
            "renewal",
            False,
            "propagates",
            None,
            None,
        ),
        "on_legacy_admin_request": (
            ("request",),
            ("request",),
            "number",
            False,
            "propagates",
            None,
            None,
        ),
    },
    "presence_router": {
        "get_users_for_states": (
            ("state_updates",),
            ("presences",),
            "presence_map",
            False,
            "logged",
            None,
            None,
        ),
        "get_interested_users": (
            ("user_id",),
            ("json",),
            "users",
            False,
            "logged",
            None,
            None,
        ),
    },
    "background_update_controller": {
        "on_update": (
            ("update_name", "database_name", "one_shot"),
            ("json", "json", "json"),
            "slot",
            False,
            "propagates",
            None,
            None,
        ),
        "default_batch_size": (
            ("update_name", "database_name"),
            ("json", "json"),
            "number",
            False,
            "propagates",
            100,
            None,
        ),
        "min_batch_size": (
            ("update_name", "database_name"),
            ("json", "json"),
            "number",
            False,
            "propagates",
            1,
            None,
        ),
    },
    "account_data": {
        "on_account_data_updated": (
            ("user_id", "room_id", "account_data_type", "content"),
            ("json", "json", "json", "json"),
            "none",
            True,
            "logged",
            None,
            None,
        ),
    },
    "add_extra_fields_to_unsigned_client_event": {
        "add_field_to_unsigned_callback": (
            ("event",),
            ("event",),
            "json",
            False,
            "propagates",
            {},
            None,
        ),
    },
    "media_repository": {
        "get_media_config_for_user": (
            ("user_id",),
            ("json",),
            "json",
            False,
            "propagates",
            None,
            None,
        ),
        "is_user_allowed_to_upload_media_of_size": (
            ("user_id", "size"),
            ("json", "json"),
            "truth",
            False,
            "propagates",
            True,
            False,
        ),
        "get_media_upload_limits_for_user": (
            ("user_id",),
            ("json",),
            "upload_limits",
            False,
            "propagates",
            None,
            None,
        ),
        "on_media_upload_limit_exceeded": (
            ("user_id", "limit", "sent_bytes", "attempted_bytes"),
            ("json", "upload_limit", "json", "json"),
            "none",
            False,
            "propagates",
            None,
            None,
        ),
    },
    "ratelimit": {
        "get_ratelimit_override_for_user": (
            ("user_id", "limiter_name"),
            ("json", "json"),
            "ratelimit",
            False,
            "propagates",
            None,
            None,
        ),
    },
    "federation": {
        "on_event_delivered_over_federation": (
            ("delivery",),
            ("delivery",),
            "none",
            True,
            "logged",
            None,
            None,
        ),
    },
}
# (arguments with their kinds, result kind)
API_METHODS: Final[dict[str, ApiRow]] = {
    "get_userinfo_by_id": (
        {"user_id": "json"},
        "record",
    ),
    "get_user_by_req": (
        {
            "req": "request",
            "allow_guest": "json",
            "allow_expired": "json",
        },
        "requester",
    ),
    "is_user_admin": (
        {"user_id": "json"},
        "json",
    ),
    "set_user_admin": (
        {"user_id": "json", "admin": "json"},
        "none",
    ),
    "get_qualified_user_id": (
        {"username": "json"},
        "json",
    ),
    "get_profile_for_user": (
        {"localpart": "json"},
        "record",
    ),
    "get_threepids_for_user": (
        {"user_id": "json"},
        "records",
    ),
    "check_user_exists": (
        {"user_id": "json"},
        "json",
    ),
    "check_username": (
        {"username": "json"},
        "none",
    ),
    "register_user": (
        {
            "localpart": "json",
            "displayname": "json",
            "emails": "json",
            "admin": "json",
        },
        "json",
    ),
    "register_device": (
        {
            "user_id": "json",
            "device_id": "json",
            "initial_display_name": "json",
        },
        "json",
    ),
    "register": (
        {
            "localpart": "json",
            "displayname": "json",
            "emails": "json",
        },
        "json",
    ),
    "record_user_external_id": (
        {
            "auth_provider_id": "json",
            "remote_user_id": "json",
            "registered_user_id": "json",
        },
        "none",
    ),
    "create_login_token": (
        {
            "user_id": "json",
            "duration_in_ms": "json",
            "auth_provider_id": "json",
            "auth_provider_session_id": "json",
        },
        "json",
    ),
    "invalidate_access_token": (
        {"access_token": "json"},
        "none",
    ),
    "get_user_ip_and_agents": (
        {"user_id": "json", "since_ts": "json"},
        "records",
    ),
    "set_displayname": (
        {"user_id": "user_id", "new_displayname": "json"},
        "none",
    ),
    "get_monthly_active_users_by_service": (
        {"start_timestamp": "json", "end_timestamp": "json"},
        "json",
    ),
    "store_remote_3pid_association": (
        {
            "user_id": "json",
            "medium": "json",
            "address": "json",
            "id_server": "json",
        },
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
    "is_mine": (
        {"id": "json"},
        "json",
    ),
    "create_room": (
        {
            "user_id": "json",
            "config": "live_json",
            "ratelimit": "json",
            "creator_join_profile": "json",
        },
        "json",
    ),
    "delete_room": (
        {"room_id": "json"},
        "none",
    ),
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
    "create_and_send_event_into_room": (
        {"event_dict": "json"},
        "event",
    ),
    "get_room_state": (
        {"room_id": "json", "event_filter": "tuples"},
        "state_events",
    ),
    "get_state_events_in_room": (
        {"room_id": "json", "types": "tuples"},
        "events",
    ),
    "lookup_room_alias": (
        {"room_alias": "json"},
        "json",
    ),
    "get_canonical_room_alias": (
        {"room_id": "room_id"},
        "id",
    ),
    "send_local_online_presence_to": (
        {"users": "list"},
        "none",
    ),
    "set_presence_for_users": (
        {"users": "presence_updates"},
        "none",
    ),
    "send_http_push_notification": (
        {
            "user_id": "json",
            "device_id": "json",
            "content": "live_json",
            "tweaks": "json",
            "default_payload": "json",
        },
        "map",
    ),
    "check_push_rule_actions": (
        {"actions": "json"},
        "none",
    ),
    "set_push_rule_action": (
        {
            "user_id": "json",
            "scope": "json",
            "kind": "json",
            "rule_id": "json",
            "actions": "json",
        },
        "none",
    ),
    "send_mail": (
        {
            "recipient": "json",
            "subject": "json",
            "html": "json",
            "text": "json",
        },
        "none",
    ),
    "read_templates": (
        {"filenames": "json", "custom_template_directory": "files"},
        "templates",
    ),
    "register_cached_function": (
        {"cached_func": "json"},
        "none",
    ),
    "invalidate_cache": (
        {"cached_func": "json", "keys": "json"},
        "none",
    ),
    "account_data_manager.get_global": (
        {"user_id": "json", "data_type": "json"},
        "json",
    ),
    "account_data_manager.put_global": (
        {
            "user_id": "json",
            "data_type": "json",
            "new_data": "json",
        },
        "none",
    ),
    "public_room_list_manager.room_is_in_public_room_list": (
        {"room_id": "json"},
        "json",
    ),
    "public_room_list_manager.add_room_to_public_room_list": (
        {"room_id": "json"},
        "none",
    ),
    "public_room_list_manager.remove_room_from_public_room_list": (
        {"room_id": "json"},
        "none",
    ),
}
# END GENERATED
# fmt: on

# With delegated authentication (MAS) Synapse never asks these, or refuses to register them.
NEVER_WITH_DELEGATED_AUTH: Final = (
    "password_auth_provider.",
    "account_validity.is_user_expired",
    "account_validity.on_user_login",
    "spam_checker.check_login_for_spam",
)
# Callbacks that Synapse takes only in one call.
REGISTERED_TOGETHER: Final = ("presence_router", "background_update_controller")

logger = logging.getLogger("vesicle")
reactor = cast(Any, _twisted_reactor)  # a module to type checkers; the reactor in truth

CONNECT_WITHIN: Final = 10.0
START_WITHIN: Final = 60.0
SLOW_START: Final = 10.0
DIAL_WITHIN: Final = 3.0
HELLO_WITHIN: Final = 5.0
LOST_GRACE: Final = 0.25
STOP_WITHIN: Final = 3.0
SWEEP_EVERY: Final = 0.02
RETRY_FIRST: Final = 0.1
RETRY_LAST: Final = 1.0
RESTART_LAST: Final = 5.0
HUNG_AFTER: Final = 30.0
STEADY_AFTER: Final = 10.0
WARN_EVERY: Final = 5.0
LOOK_AGAIN: Final = 0.1
SLOWEST: Final = 1_048_576  # bytes a second
KEPT_AT_ONCE: Final = 100
CLOGGED: Final = 1_048_576
ROWS_AT_ONCE: Final = 500
EVENTS_AT_ONCE: Final = 250
PIECE: Final = 4 * 1024 * 1024
BYTES_FLAG: Final = 0x8000_0000
SMALL_BODY: Final = 65_536
KEPT_ERRORS: Final = 1000
# A socket takes about 200 kB at a time, and the system 1,024 pieces.
BYTES_AT_ONCE: Final = 262_144
PIECES_AT_ONCE: Final = 256


# ---- JSON, and values that JSON has no form for ----------------------------------------------------------------------


MARK: Final = "$vesicle"
_MARK_TEXT: Final = f'"{MARK}"'
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_SAFE_INTEGER: Final = 2**53
# Digits of an integer that Python converts at once.
_MOST_DIGITS: Final = 4300
_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}


class UnsendableError(ValueError):
    """A value that cannot be sent to the module host, and where it is."""

    def __init__(self, path: Sequence[str | int], kind: str) -> None:
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        where = "".join(parts).lstrip(".")[:200]
        super().__init__(f"{where or 'the value'} is {kind}, which cannot be sent to the module host")
        self.path, self.kind = list(path), kind


def _plain(value: object) -> Json:
    """What the JSON encoder does not know: Rust mappings, sets, ids."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray, memoryview, str)):
        return list(value)
    to_string = getattr(value, "to_string", None)
    if callable(to_string):
        return to_string()
    raise TypeError(type(value).__name__)


def _refuse(value: object) -> Json:
    raise TypeError(type(value).__name__)


class _Mark(dict[str, Json]):
    """A value that JSON has no form for, as it travels."""

    def __init__(self, kind: str, value: Json) -> None:
        super().__init__({MARK: kind, "value": value})


# ASCII only, so that lone surrogates of a client survive and the frame is its text.
_encode_json = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_plain).encode
_encode_any = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_refuse).encode
_scan = json.JSONDecoder().raw_decode


def to_json(value: Any) -> str:
    """Values of Matrix as JSON: ids as texts, sets as lists; infinities and bytes as marked values."""
    try:
        text = _encode_json(value)
    except Exception:
        text = _MARK_TEXT
    return text if _MARK_TEXT not in text else _encode_json(_marked(value, (), is_any=False))


def to_wire(value: Any) -> str:
    """Any values as JSON: what JSON has no form for is marked, and integers that JavaScript would round."""
    return _encode_any(_marked(value, (), is_any=True))


def _marked(value: Any, path: tuple[str | int, ...], is_any: bool) -> Json:
    try:
        if len(path) > LIMITS["depth"]:
            raise RecursionError
        return _written(value, path, is_any)
    except UnsendableError:
        raise
    except RecursionError:
        raise UnsendableError(path[:4], "nested too deeply, or holds itself") from None
    except Exception as error:
        raise UnsendableError(path, f"of the type {type(value).__name__} and cannot be read ({_said(error)})") from None


def _written(value: Any, path: tuple[str | int, ...], is_any: bool) -> Json:
    if value is None or isinstance(value, (bool, _Mark)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _integer(int(value), path, is_any)
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, Mapping):
        return _mapping(value, path, is_any)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _Mark("bytes", base64.b64encode(bytes(value)).decode())
    if isinstance(value, datetime.date):
        return _Mark("date", _milliseconds(value))
    if isinstance(value, (set, frozenset)) and is_any:
        return _Mark("set", _items(value, path, is_any))
    if isinstance(value, Collection):
        return _items(value, path, is_any)
    if isinstance(value, decimal.Decimal):
        return str(value)
    to_string = getattr(value, "to_string", None)
    if callable(to_string):
        return _written(to_string(), path, is_any)
    raise UnsendableError(path, f"of the type {type(value).__name__}")


def _integer(value: int, path: tuple[str | int, ...], is_any: bool) -> Json:
    if -_SAFE_INTEGER < value < _SAFE_INTEGER:
        return value
    if value.bit_length() > _MOST_DIGITS * 3:
        raise UnsendableError(path, "an integer of thousands of digits")
    return _Mark("int", str(value)) if is_any else value


def _number(value: float) -> Json:
    if math.isfinite(value):
        return value
    return _Mark("number", "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _items(values: Iterable[Any], path: tuple[str | int, ...], is_any: bool) -> list[Json]:
    return [_marked(item, (*path, index), is_any) for index, item in enumerate(values)]


def _mapping(value: Mapping[Any, Any], path: tuple[str | int, ...], is_any: bool) -> Json:
    members: dict[str, Json] = {}
    for key, member in value.items():
        if isinstance(key, str):
            name = str.__str__(key)
        elif key is None or isinstance(key, (int, float)):
            name = _encode_json(key)  # as JSON writes keys
        else:
            raise UnsendableError(path, f"a mapping with a key of the type {type(key).__name__}")
        if name in members:
            raise UnsendableError(path, f"a mapping with two keys {name:.80}")
        members[name] = _marked(member, (*path, name), is_any)
    return members if MARK not in members else _Mark("map", [[name, member] for name, member in members.items()])


def _milliseconds(value: datetime.date) -> int:
    """Since 1970; what names no time zone is UTC, and a date is its midnight."""
    moment = value if isinstance(value, datetime.datetime) else datetime.datetime(value.year, value.month, value.day)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.timezone.utc)
    return (aware - _EPOCH) // datetime.timedelta(milliseconds=1)


def _unmarked(value: Json) -> Any:
    """The value that JSON with marks stands for."""
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: _unmarked(member) for key, member in value.items()}
    kind, content = value[MARK], value.get("value")
    if kind == "int" and isinstance(content, str) and len(content) <= _MOST_DIGITS:
        return int(content)
    if kind == "number" and isinstance(content, str):
        return _NUMBERS[content]
    if kind == "date" and isinstance(content, (int, float)):
        return _EPOCH + datetime.timedelta(milliseconds=content)
    if kind == "bytes" and isinstance(content, str):
        return base64.b64decode(content, validate=True)
    if kind == "set" and isinstance(content, list):
        return {_unmarked(item) for item in content}
    if kind == "map" and isinstance(content, list):
        return {_unmarked(key): _unmarked(member) for key, member in content}
    raise ValueError(f"a value of the unknown or malformed kind {kind!r:.80}")


def _said(error: BaseException) -> str:
    """The text of an exception, which may be anybody's."""
    try:
        return _writable(str(error))
    except Exception:
        return f"a {type(error).__name__} without a text"


def _writable(text: str) -> str:
    """A text that a file and a log take: halves of characters are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def frame_of(text: str) -> bytes:
    """A message as it goes over the socket."""
    data = text.encode("ascii")
    if len(data) > LIMITS["frame"]:
        raise ValueError(f"a message of {len(data)} bytes is too long for the module host (limit {LIMITS['frame']})")
    return len(data).to_bytes(4, "big") + data


def _head_of(text: str, data: bytes) -> bytes:
    """What goes before the bytes that a message carries: its highest bit says so, and the JSON has its own length."""
    json_text = text.encode("ascii")
    size = 4 + len(json_text) + len(data)
    return (BYTES_FLAG | size).to_bytes(4, "big") + len(json_text).to_bytes(4, "big") + json_text


class ProtocolError(Exception):
    """The other side sent what no module host sends."""


class _MarkedMessage(dict[str, Json]):
    """A message that holds marked values, not made yet."""


def _part(message: Mapping[str, Json], name: str) -> Any:
    """A part of a message, its marked values made."""
    value = message.get(name)
    return _unmarked(value) if isinstance(message, _MarkedMessage) else value


def _params(message: Mapping[str, Json]) -> dict[str, Json]:
    params = _part(message, "params")
    if not isinstance(params, dict):
        raise TypeError("its params are not an object")
    return params


# An answer that nests so deep that it cannot be read: its number can, so that only its call is lost.
_ANSWER_START: Final = re.compile(rb'\{"id":(\d{1,15}),"(?:result|error)":')


class FrameReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self, start: bytes = b"") -> None:
        self._parts: list[bytes] = [start] if start else []
        self._held = len(start)
        self._wanted = 4

    def feed(self, data: bytes) -> Iterator[dict[str, Json]]:
        """Adds bytes, and gives every message that is complete."""
        if self._parts:
            self._parts.append(data)
            self._held += len(data)
            if self._held < self._wanted:
                return
            data = b"".join(self._parts)
            self._parts = []
        at, end = 0, len(data)
        wanted = 4
        while end - at >= 4:
            size = int.from_bytes(data[at : at + 4], "big")
            if size > LIMITS["frame"]:
                raise ProtocolError(f"a frame of {size} bytes")
            wanted = 4 + size
            if end - at < wanted:
                break
            yield self._parse(data[at + 4 : at + wanted])
            at += wanted
            wanted = 4
        if at < end:
            self._parts = [data[at:]]
            self._held = end - at
            self._wanted = wanted

    @property
    def rest(self) -> bytes:
        """What came after the last complete message."""
        return b"".join(self._parts)

    @staticmethod
    def _parse(data: bytes) -> dict[str, Json]:
        try:
            text = data.decode("utf-8")
            message, end = _scan(text)
        except RecursionError:
            if (start := _ANSWER_START.match(data)) is None:
                raise ProtocolError("a frame that is nested too deeply") from None
            return {"id": int(start[1]), "unreadable": "it is nested too deeply"}
        except ValueError as error:
            raise ProtocolError(f"a frame that is not JSON ({type(error).__name__})") from None
        if end != len(text) or type(message) is not dict:
            raise ProtocolError("a frame that is not a message")
        return message if _MARK_TEXT not in text else _MarkedMessage(message)


# ---- Errors of either side -------------------------------------------------------------------------------------------


class ModuleHostError(Exception):
    """The module host cannot be reached, or does not answer in time."""


def _failure(error: BaseException) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]


class _UnreachableModulesError(SynapseError):
    """What clients are told of any other error, too; but Synapse writes no traceback to its log for this one."""

    def __init__(self) -> None:
        super().__init__(500, "Internal server error", Codes.UNKNOWN)


class ModuleError(Exception):
    """An error of a module whose JavaScript class Python does not have."""


class _AnyFieldsError(SynapseError):
    """A SynapseError with any fields: Synapse's own fails for fields that are called `msg` or `code`."""

    def error_dict(self, config: Any) -> dict[str, Any]:
        return {"error": self.msg, "errcode": self.errcode, **self._additional_fields}

    @property
    def debug_context(self) -> str | None:
        return None


_any_fields_classes: dict[str, type[SynapseError]] = {}


def _any_fields(kind: type[SynapseError]) -> type[SynapseError]:
    """The same class of error, with any fields."""
    if kind is SynapseError:
        return _AnyFieldsError
    name = kind.__name__
    if name not in _any_fields_classes:
        _any_fields_classes[name] = type(name, (_AnyFieldsError, kind), {})
    return _any_fields_classes[name]


def _without_frames(error: BaseException) -> BaseException:
    """An error that may be kept: tracebacks would keep all that their functions had at hand."""
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__ or one.__context__
    return error


def _text(value: object, otherwise: str = "") -> str:
    return value if isinstance(value, str) else otherwise


def _error_from_wire(wire: Json, originals: Mapping[int, BaseException] | None = None) -> BaseException:
    """The Python error that an error of the modules stands for; never raises, whatever the error holds."""
    if not isinstance(wire, dict):
        return ModuleError("an error without a description")
    name, message = _text(wire.get("type"), "Error"), _text(wire.get("message"))
    origin = wire.get("origin")
    if originals and isinstance(origin, int) and origin in originals:
        # Tracebacks would pile up on an error that is raised again and again.
        return originals[origin].with_traceback(None)
    try:
        error = _known_error(name, message, wire)
    except Exception as fault:
        error = ModuleError(_writable(f"{name}: {message} (it cannot be raised in Synapse: {_said(fault)})"))
    if error is None:
        error = ModuleError(_writable(f"{name}: {message}" if name not in ("Error", "ModuleError") else message))
    if isinstance(error, ModuleError) and isinstance(wire.get("stack"), str) and hasattr(error, "add_note"):
        error.add_note(_writable(wire["stack"]))  # what Python prints below the traceback
    return error


def _known_error(name: str, message: str, wire: Mapping[str, Json]) -> BaseException | None:
    status = wire.get("status")
    if wire.get("location") is not None:
        redirect = RedirectException(wire["location"].encode("utf-8"), 302 if status is None else _status(status))
        redirect.cookies.extend(cookie.encode("utf-8") for cookie in wire.get("cookies") or ())
        return redirect
    if isinstance(wire.get("errcode"), str):
        return _synapse_error(name, _status(status), message, wire)
    if name == "ConfigError":
        return ConfigError(message, [str(part) for part in wire.get("path") or ()])
    if name == "HttpResponseException" and isinstance(wire.get("response"), str):
        return synapse_errors.HttpResponseException(_status(status), message, base64.b64decode(wire["response"]))
    known = getattr(synapse_errors, name, None) or getattr(builtins, name, None)
    special = (SynapseError, StopIteration, StopAsyncIteration)
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, special):
        with suppress(Exception):
            return known(message)
    return None


def _status(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"its status is {value!r:.80}")
    return int(value)


def _synapse_error(name: str, status: int, message: str, wire: Mapping[str, Json]) -> SynapseError:
    errcode = _text(wire.get("errcode"))
    with suppress(ValueError):
        errcode = Codes(errcode)
    fields, headers = dict(wire.get("additional_fields") or {}), wire.get("headers") or None
    _check_answer({"error": message, "errcode": errcode, **fields}, headers or {})
    known = getattr(synapse_errors, name, None)
    known = known if isinstance(known, type) and issubclass(known, SynapseError) else SynapseError
    is_plain = known.error_dict is SynapseError.error_dict and not {"msg", "code"} & fields.keys()
    kind = known if is_plain else _any_fields(known)
    error = kind.__new__(kind)
    SynapseError.__init__(error, status, message, errcode, fields, headers)
    if isinstance(error, synapse_errors.LimitExceededError):
        # Synapse reads them of every error of this class.
        error.limiter_name, error.pause, error.retry_after_ms = "module", None, fields.get("retry_after_ms")
    return error


def _check_answer(body: Mapping[str, Json], headers: Mapping[str, Json]) -> None:
    """Raises for an error that Synapse could not write as its answer: the request would never be answered."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for name, value in headers.items():
        Headers().setRawHeaders(name, [value])


def _error_to_wire(error: BaseException, config: Any = None) -> dict[str, Json]:
    """What the modules are told of an error of Synapse."""
    wire: dict[str, Json] = {"type": type(error).__name__, "message": _said(error)}
    if isinstance(error, SynapseError):
        fields = dict(error.error_dict(config))
        errcode = str(getattr(error.errcode, "value", error.errcode))
        # Some classes answer with other words than their attributes: what differs stays a field, which has precedence.
        if fields.get("error") == error.msg:
            del fields["error"]
        if fields.get("errcode") == errcode:
            del fields["errcode"]
        wire.update(message=error.msg, status=int(error.code), errcode=errcode)
        if fields:
            wire["additional_fields"] = fields
        if error.headers:
            wire["headers"] = dict(error.headers)
    elif isinstance(error, RedirectException):
        wire.update(status=int(error.code), location=error.location.decode("utf-8", "replace"))
        wire["cookies"] = [cookie.decode("utf-8", "replace") for cookie in error.cookies]
    elif isinstance(error, synapse_errors.HttpResponseException):
        wire.update(message=error.msg, status=int(error.code), response=base64.b64encode(error.response).decode())
    elif isinstance(error, ConfigError):
        wire.update(message=error.msg, path=list(error.path or ()))
    return wire


# ---- Configuration ---------------------------------------------------------------------------------------------------


@dataclass
class BridgeConfig:
    """The bridge's `config`, checked, and the connection that checking the modules' needed."""

    modules: Json
    connect: str | None = None
    spawn: list[str] | None = None
    token: str | None = None
    connect_timeout: float = CONNECT_WITHIN
    timeout: float | None = None
    queue: int = 1000
    is_required: bool = True
    opened: Opened | None = None
    # Why Synapse starts without the modules.
    missing: str | None = None

    @property
    def where(self) -> str:
        return self.connect if self.connect is not None else " ".join(self.spawn or ())

    @property
    def is_over_tcp(self) -> bool:
        return self.connect is not None and self.connect.startswith("tcp:")


UNITS: Final = {"": 1, "s": 1000, "m": 60_000, "h": 3_600_000}  # milliseconds
CONFIG_KEYS: Final = (
    "connect",
    "spawn",
    "modules",
    "token",
    "token_file",
    "connect_timeout",
    "timeout",
    "queue",
    "start",
)


def parse_bridge_config(config: Mapping[str, Json]) -> BridgeConfig:
    """Checks the bridge's own keys; the modules' are checked by the module host."""
    if not isinstance(config, Mapping):
        raise ConfigError("expected a mapping")
    for key in config:
        if key not in CONFIG_KEYS:
            near = difflib.get_close_matches(str(key), CONFIG_KEYS, 1)
            raise ConfigError(f"unknown key{f': did you mean {near[0]!r}?' if near else ''}", [str(key)])
    connect, spawn = config.get("connect"), config.get("spawn")
    if (connect is None) == (spawn is None):
        raise ConfigError("give either 'connect' (unix:PATH or tcp:HOST:PORT) or 'spawn' (a list of arguments)")
    if connect is not None:
        _address(connect)
    if spawn is not None and not (isinstance(spawn, list) and spawn and all(isinstance(part, str) for part in spawn)):
        raise ConfigError("expected a list of texts, such as [npx, vesicle, host, --stdio]", ["spawn"])
    token = _token(config)
    connect_timeout, timeout = _seconds(config, "connect_timeout"), _seconds(config, "timeout")
    kept = _count(config, "queue", 1000)
    start = config.get("start", "required")
    if start not in ("required", "optional"):
        raise ConfigError("expected 'required' or 'optional'", ["start"])
    if "modules" not in config:
        # With a line indented too little, they would be the next key of the item, which Synapse does not look at.
        raise ConfigError("is missing: the list of modules belongs to the bridge's config", ["modules"])
    return BridgeConfig(
        modules=config["modules"],
        connect=connect,
        spawn=spawn,
        token=token,
        connect_timeout=connect_timeout or (CONNECT_WITHIN if spawn is None else START_WITHIN),
        timeout=timeout,
        queue=kept,
        is_required=start == "required",
    )


def _address(connect: Json) -> tuple[str, Any]:
    if isinstance(connect, str):
        kind, _, rest = connect.partition(":")
        host, _, port = rest.rpartition(":")
        if kind == "unix" and rest:
            return "unix", rest
        if kind == "tcp" and host and port.isdecimal() and int(port) < 65_536:
            return "tcp", (host.strip("[]"), int(port))
    raise ConfigError("expected unix:PATH or tcp:HOST:PORT", ["connect"])


def _token(config: Mapping[str, Json]) -> str | None:
    token, path = config.get("token"), config.get("token_file")
    if token is not None and not isinstance(token, str):
        raise ConfigError("expected a text", ["token"])
    if token == "":
        raise ConfigError("is empty", ["token"])
    if path is None:
        return token if token is not None else os.environ.get("VESICLE_TOKEN") or None
    if token is not None:
        raise ConfigError("give either 'token' or 'token_file'", ["token_file"])
    try:
        with open(path, encoding="utf-8") as file:
            token = file.read().strip()
    except (OSError, TypeError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error}", ["token_file"]) from None
    if token == "":
        raise ConfigError(f"there is no token in {path}", ["token_file"])
    return token


def _seconds(config: Mapping[str, Json], key: str) -> float | None:
    value = config.get(key)
    if value is None:
        return None
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,9})([smh]?)", value, re.ASCII)):
        value = int(found[1]) * UNITS[found[2]]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ConfigError("expected a number of milliseconds above 0, or a duration such as '5s'", [key])
    return value / 1000


def _count(config: Mapping[str, Json], key: str, otherwise: int) -> int:
    value = config.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError("expected a number of at least 0", [key])
    return value


# ---- Opening a connection: blocking, since Synapse's `parse_config` is -----------------------------------------------


@dataclass
class Opened:
    """A connection on which the module host has loaded the modules."""

    sock: socket.socket
    process: subprocess.Popen[bytes] | None
    reader: FrameReader
    problems: list[Json]
    notices: list[dict[str, Json]] = field(default_factory=list)
    pid: int = field(default_factory=os.getpid)

    def close(self) -> None:
        self.sock.close()
        _stop(self.process)


class HandshakeError(Exception):
    """The module host is there but cannot be used; trying again at once is of no use."""


def open_connection(config: BridgeConfig, within: float, dialling: list[socket.socket] | None = None) -> Opened:
    """Connects or starts the module host, says hello, and has it load the modules.

    `dialling` holds the socket meanwhile, so that another thread can end the waiting.
    """
    sock, process = _spawn(config.spawn) if config.spawn is not None else (_dial(config, within), None)
    if dialling is not None:
        dialling.append(sock)
    opened = Opened(sock, process, FrameReader(), [])
    try:
        asked = _Asked(opened)
        hello = {"protocol": PROTOCOL_VERSION, "bridge": BRIDGE_VERSION, "synapse": _synapse_version()}
        if config.token is not None:
            hello["token"] = config.token
        answer = asked.ask("hello", hello, max(within, HELLO_WITHIN) if process is None else config.connect_timeout)
        theirs = answer.get("protocol") if isinstance(answer, dict) else None
        if theirs != PROTOCOL_VERSION:
            raise HandshakeError(
                f"the module host speaks protocol {theirs} (vesicle {_version_in(answer)}), this bridge protocol "
                f"{PROTOCOL_VERSION} (vesicle {BRIDGE_VERSION}): write the bridge of the installed vesicle with "
                "`vesicle bridge --out DIR` and restart Synapse"
            )
        loaded = asked.ask("modules.load", {"modules": _config_values(config.modules)}, START_WITHIN)
        opened.problems = list(loaded.get("problems") or ()) if isinstance(loaded, dict) else []
        return opened
    except ModuleHostError:
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
        end = _end_of(process)
        opened.close()
        if end == "":
            raise
        raise ModuleHostError(f"the module host {config.where!r} did not come up: {end}") from None
    except BaseException:
        opened.close()
        raise
    finally:
        if dialling is not None:
            dialling.clear()


def _version_in(answer: Json) -> str:
    return _text(answer.get("vesicle"), "?") if isinstance(answer, dict) else "?"


def _synapse_version() -> str:
    try:
        return importlib.metadata.version("matrix-synapse")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _dial(config: BridgeConfig, within: float) -> socket.socket:
    kind, address = _address(config.connect)
    until = time.monotonic() + within
    while True:
        try:
            if kind == "tcp":
                sock = socket.create_connection(address, timeout=max(DIAL_WITHIN, until - time.monotonic()))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.settimeout(max(0.1, until - time.monotonic()))
                sock.connect(address)
                return sock
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            if time.monotonic() + 0.1 >= until:
                raise ModuleHostError(
                    f"cannot reach the module host at {config.connect}: {error.strerror or error}. "
                    + _remedy(error, config.connect)
                ) from None
            time.sleep(0.1)


def _remedy(error: OSError, address: str | None) -> str:
    if isinstance(error, PermissionError):
        return "The group of the socket must be one of Synapse's user, or `--socket-mode` of the host be wider"
    if "too long" in str(error):
        return "Take a shorter path"
    return f"Start it with `vesicle host --listen {address}`"


# Gives a program its standard input as descriptor 3, too.
_WITH_OWN_DESCRIPTOR: Final = ("/bin/sh", "-c", 'exec 3<&0 "$@"', "sh")


def _spawn(argv: Sequence[str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Starts a module host that speaks over one socket.

    It is descriptor 3, which no child of the host inherits. It is standard input, too, for hosts that something else
    starts in turn and passes no other descriptors (as npx does). Standard output goes where standard error goes: what
    native libraries and children write to it is no part of the protocol.
    """
    if shutil.which(argv[0]) is None:
        raise ModuleHostError(f"cannot start {argv[0]!r}: {_why_not(argv[0])}")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        try:
            # A session of its own, so that what it starts in turn can be ended with it.
            command, stdin, stdout = [*_WITH_OWN_DESCRIPTOR, *argv], theirs.fileno(), _standard_error()
            return ours, subprocess.Popen(command, stdin=stdin, stdout=stdout, start_new_session=True)
        except OSError as error:
            ours.close()
            raise ModuleHostError(f"cannot start {argv[0]!r}: {error.strerror or error}") from None


def _why_not(program: str) -> str:
    return os.strerror(errno.EACCES if os.path.exists(program) else errno.ENOENT)


def _standard_error() -> int:
    """Descriptor 2, if it is open: `sys.stderr` may be something of Synapse's."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    """Ends a module host whose socket is closed: it does so by itself, unless it hangs."""
    if process is None:
        return
    for signal_number in (None, signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_WITHIN
        while _is_running(process, signal_number) and time.monotonic() < until:
            signal_number = None
            time.sleep(0.01)
        if not _is_running(process):
            return


def _is_running(process: subprocess.Popen[bytes], signal_number: int | None = None) -> bool:
    """Whether there is anything left of what we started; it gets the signal."""
    process.poll()
    try:
        os.killpg(process.pid, signal_number or 0)
    except OSError:
        return False
    return True


def _end_of(process: subprocess.Popen[bytes] | None) -> str:
    """How a module host that we started has ended, for whoever has to look for the reason."""
    if process is None or process.returncode is None:
        return ""
    code = process.returncode
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return f"it ended with {how}; what it said is in Synapse's standard error"


class _Asked:
    """Requests one after the other on a blocking socket."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._ids = itertools.count(1)
        self._waiting: deque[dict[str, Json]] = deque()

    def ask(self, method: str, params: Json, within: float) -> Json:
        wanted, until = next(self._ids), time.monotonic() + within
        self._send({"id": wanted, "method": method, "params": params}, until)
        while True:
            message = self._receive(method, until)
            if message.get("method") == "ping":
                self._send({"id": message.get("id"), "result": None}, until)
            elif "method" in message:
                self._opened.notices.append(message)
            elif message.get("id") == wanted:
                if "error" in message:
                    raise HandshakeError(_said(_error_from_wire(message["error"])))
                return _part(message, "result")

    def _send(self, message: dict[str, Json], until: float) -> None:
        self._opened.sock.settimeout(max(0.1, until - time.monotonic()))
        try:
            self._opened.sock.sendall(frame_of(to_wire(message)))
        except OSError as error:
            raise ModuleHostError(f"the module host closed the connection ({error.strerror or error})") from error

    def _receive(self, method: str, until: float) -> dict[str, Json]:
        while not self._waiting:
            left = until - time.monotonic()
            try:
                if left <= 0:
                    raise TimeoutError
                self._opened.sock.settimeout(left)
                data = self._opened.sock.recv(262_144)
            except TimeoutError:
                raise ModuleHostError(f"the module host did not answer `{method}` in time") from None
            except OSError as error:
                raise ModuleHostError(f"the module host cannot be read ({error.strerror or error})") from error
            if not data:
                raise ModuleHostError(f"the module host closed the connection{self._goodbye()}")
            self._waiting.extend(self._opened.reader.feed(data))
        return self._waiting.popleft()

    def _goodbye(self) -> str:
        for notice in reversed(self._opened.notices):
            if notice.get("method") == "bye":
                return f": {_text((notice.get('params') or {}).get('reason'))}"
        return ""


def _config_values(modules: Json) -> Json:
    """The modules' configuration as it travels; what YAML has and no module can get is refused with its key."""
    try:
        return _marked(modules, (), is_any=True)
    except UnsendableError as error:
        path = [f"<item {part}>" if isinstance(part, int) else part for part in error.path]
        raise ConfigError(f"is {error.kind}, which cannot be sent to the module host", ["modules", *path]) from None


def config_error(problems: Sequence[Json]) -> ConfigError:
    """The first problem as a Python module would raise it; the others as the last of its causes."""
    first = problems[0] if isinstance(problems[0], dict) else {}
    texts = [str(text) for text in first.get("messages") or ("the configuration is wrong",)]
    if first.get("at"):
        texts[-1] = f"{texts[-1]} ({first['at']})"
    if len(problems) > 1:
        others = (
            f"{'.'.join(map(str, problem.get('path') or ()))}: {': '.join(map(str, problem.get('messages') or ()))}"
            for problem in problems[1:]
        )
        texts.append(f"and {len(problems) - 1} more: {'; '.join(others)}")
    error = ConfigError(texts[0], [str(part) for part in first.get("path") or ()])
    raised: BaseException = error
    for text in texts[1:]:
        raised.__cause__ = Exception(text)
        raised = raised.__cause__
    return error


# ---- `when`: which questions need not be sent ------------------------------------------------------------------------

Args = tuple[Any, ...]
Reader = Callable[[Args], Any]
Test = Callable[[Any], bool]
Filter = Callable[[Args], bool]

_MISSING: Final = object()
_ACTORS: Final = ("user_id", "inviter", "requester_id")


class WhenError(Exception):
    """A filter that this bridge does not understand: the call is sent, and the module host decides."""


def subject_readers(names: Sequence[str]) -> dict[str, Reader]:
    """How to get from the arguments of a callback to what `when` speaks of."""
    if "event" in names:
        at = names.index("event")
        return {
            "type": lambda args: args[at].type,
            "state_key": lambda args: _state_key(args[at]),
            "sender": lambda args: args[at].sender,
            "room_id": lambda args: args[at].room_id,
            "content": lambda args: args[at].content,
        }
    found: dict[str, Reader] = {}
    wanted = {
        "type": ("event_type", "account_data_type"),
        "state_key": ("state_key",),
        "sender": _ACTORS,
        "room_id": ("room_id",),
        "content": ("content",),
    }
    for member, candidates in wanted.items():
        index = next((index for index, name in enumerate(names) if name in candidates), None)
        if index is not None:
            found[member] = _item(index)
    if "requester" in names:
        requester = names.index("requester")
        found["sender"] = lambda args: args[requester].user.to_string()
    return found


def _item(index: int) -> Reader:
    return lambda args: args[index]


def _state_key(event: Any) -> Any:
    key = event.get_state_key()
    return _MISSING if key is None else key


def compile_when(when: Json, subject: Mapping[str, Reader], is_local: Test) -> Filter:
    """A filter as one function; the same as `compileWhen` in src/dispatch/when.ts."""
    if not isinstance(when, dict):
        raise WhenError("not an object")
    filters = [_member(key, test, subject, is_local) for key, test in when.items()]
    if len(filters) == 1:
        return filters[0]
    return lambda args: all(passes(args) for passes in filters)


def _member(key: str, test: Json, subject: Mapping[str, Reader], is_local: Test) -> Filter:
    if key == "not":
        parts = [compile_when(part, subject, is_local) for part in (test if isinstance(test, list) else [test])]
        return lambda args: not any(passes(args) for passes in parts)
    is_content = key.startswith("content.")
    read = subject.get("content" if is_content else key)
    if read is None or key == "content":
        raise WhenError(f"no test {key!r}")
    if is_content:
        read = _content_reader(read, _path(key[len("content.") :]))
    passes_value = _test(test, is_local if key == "sender" else None)
    return _reading(read, passes_value)


def _reading(read: Reader, passes: Test) -> Filter:
    return lambda args: passes(read(args))


def _path(path: str) -> list[str]:
    r"""Dots separate the names; `\.` is a dot and `\\` a backslash in a name."""
    names, at = [""], 0
    while at < len(path):
        char = path[at]
        if char == "\\" and path[at + 1 : at + 2] in (".", "\\"):
            names[-1] += path[at + 1]
            at += 2
            continue
        if char == ".":
            names.append("")
        else:
            names[-1] += char
        at += 1
    return names


def _content_reader(read: Reader, path: list[str]) -> Reader:
    def member(args: Args) -> Any:
        found = read(args)
        for name in path:
            if not isinstance(found, Mapping) or name not in found:
                return _MISSING
            found = found[name]
        return found

    return member


def _test(test: Json, is_local: Test | None) -> Test:
    if isinstance(test, dict):
        return _form(test, is_local)
    values = test if isinstance(test, list) else [test]
    if not values or not all(value is None or isinstance(value, (str, int, float)) for value in values):
        raise WhenError("not a value to compare with")
    # True equals 1 in Python, but not in JSON.
    known = frozenset((isinstance(value, bool), value) for value in values)
    if all(isinstance(value, str) for value in values):
        texts = frozenset(values)
        return lambda value: type(value) is str and value in texts
    scalars = (str, int, float, bool, type(None))
    return lambda value: isinstance(value, scalars) and (isinstance(value, bool), value) in known


def _form(test: dict[str, Json], is_local: Test | None) -> Test:
    if len(test) != 1:
        raise WhenError("not exactly one form")
    (form, operand), *_ = test.items()
    if form == "not":
        passes = _test(operand, is_local)
        return lambda value: not passes(value)
    if form in ("glob", "prefix"):
        patterns = operand if isinstance(operand, list) else [operand]
        if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
            raise WhenError("not a text")
        if form == "prefix":
            prefixes = tuple(patterns)
            return lambda value: isinstance(value, str) and value.startswith(prefixes)
        return lambda value: isinstance(value, str) and any(matches_glob(pattern, value) for pattern in patterns)
    if not isinstance(operand, bool):
        raise WhenError("neither true nor false")
    if form == "exists":
        return lambda value: (value is not _MISSING) == operand
    if form == "local" and is_local is not None:
        local = is_local
        return lambda value: isinstance(value, str) and local(value) == operand
    raise WhenError(f"no form {form!r}")


def matches_glob(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one; goes back to the last star only, so no pattern is slow."""
    at, star, resume, index = 0, -1, 0, 0
    while index < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, index
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[index]):
            at += 1
            index += 1
        elif star >= 0:
            at = star + 1
            resume += 1
            index = resume
        else:
            return False
    return not pattern[at:].strip("*")


# ---- Arguments of callbacks, by kind ---------------------------------------------------------------------------------


class _LaterState(NamedTuple):
    """The state of a room at the time when it is asked for: of a question that had to wait for the module host."""

    room_id: str


class _HeldFile:
    """A media file that is opened once, when somebody reads it, and closed with the last that holds it."""

    def __init__(self, path: str) -> None:
        self._path, self._fd = path, -1
        self._opening = threading.Lock()

    def read(self, offset: int) -> tuple[bytes, bool]:
        """A piece, and whether it is the last; on any thread."""
        with self._opening:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        data = os.pread(self._fd, LIMITS["piece"], offset)
        return data, offset + len(data) >= os.fstat(self._fd).st_size

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class _HttpRequest:
    """A request that is being answered; its body is read on demand."""

    def __init__(self, request: Any) -> None:
        self.request = request


def _event(event: Any) -> str:
    redacts = event.redacts
    return "".join(
        (
            '{"event_id":',
            to_json(event.event_id),
            ',"room_id":',
            to_json(event.room_id),
            ',"room_version":"',
            event.room_version.identifier,
            '",' if redacts is None else f'","redacts":{to_json(redacts)},',
            '"pdu":',
            to_json(event.get_dict()),
            "}",
        )
    )


class _Events:
    """Events that a module gets a piece at a time: all those of a large room at once would hold up Synapse."""

    def __init__(self, events: Iterable[Any]) -> None:
        self._events = list(events)
        self._at = 0

    def piece(self) -> str:
        """The next of them, with commas between."""
        texts: list[str] = []
        size = 0
        for event in self._events[self._at : self._at + EVENTS_AT_ONCE]:
            texts.append(_event(event))
            size += len(texts[-1])
            if size >= BYTES_AT_ONCE:
                break
        self._at += len(texts)
        return ",".join(texts)

    def is_at_end(self) -> bool:
        return self._at >= len(self._events)


def _first_events(link: Link, values: Iterable[Any]) -> str:
    events = _Events(values)
    piece = events.piece()
    rest = "" if events.is_at_end() else f',"rest":{link.hold(events)}'
    return f'{{"events":[{piece}]{rest}}}'


def _event_object(event: Any) -> dict[str, Json]:
    wire = {
        "event_id": event.event_id,
        "room_id": event.room_id,
        "room_version": event.room_version.identifier,
        "pdu": event.get_dict(),
    }
    if event.redacts is not None:
        wire["redacts"] = event.redacts
    return wire


def _fields(value: object, names: Iterable[str]) -> dict[str, Json]:
    return {name: getattr(value, name) for name in names}


_REQUESTER_FIELDS: Final = (
    "is_guest",
    "shadow_banned",
    "device_id",
    "access_token_id",
    "app_service_id",
    "authenticated_entity",
)
_PRESENCE_FIELDS: Final = (
    "user_id",
    "state",
    "last_active_ts",
    "last_federation_update_ts",
    "last_user_sync_ts",
    "status_msg",
    "currently_active",
)
_LIMIT_FIELDS: Final = ("max_bytes", "time_period_ms", "info_uri", "can_upgrade")
_THUMBNAIL_FIELDS: Final = ("width", "height", "method", "type", "length")


def _requester(requester: Any) -> dict[str, Json]:
    return {"user_id": requester.user.to_string(), **_fields(requester, _REQUESTER_FIELDS)}


def _media_info(info: Any) -> dict[str, Json]:
    thumbnail = None if info.thumbnail is None else _fields(info.thumbnail, _THUMBNAIL_FIELDS)
    return {**_fields(info, ("server_name", "file_id", "url_cache")), "thumbnail": thumbnail}


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


def _http_request(handle: int, request: Any) -> dict[str, Json]:
    content = request.content
    size = content.seek(0, os.SEEK_END) if content is not None else 0
    wire: dict[str, Json] = {
        "request": handle,
        "method": _latin(request.method),
        "uri": _latin(request.uri),
        "headers": [
            [_latin(name), _latin(value)]
            for name, values in request.requestHeaders.getAllRawHeaders()
            for value in values
        ],
        "ip": getattr(request.getClientAddress(), "host", None) or "",
        "has_body": size > 0,
    }
    if content is not None:
        content.seek(0)
        if 0 < size <= SMALL_BODY:
            wire["body"] = base64.b64encode(content.read()).decode()
            content.seek(0)
    return wire


Encoder = Callable[["Link", list[int], Any], str]


def _state(link: Link, handles: list[int], value: Any) -> str:
    handle = link.hold(value)
    handles.append(handle)
    return f'{{"state":{handle}}}'


def _media_file(link: Link, handles: list[int], value: Any) -> str:
    handle = link.hold(_HeldFile(value.path))
    handles.append(handle)
    return to_json({"file": handle, "path": value.path})


def _request(link: Link, handles: list[int], value: Any) -> str:
    handle = link.hold(_HttpRequest(value))
    handles.append(handle)
    return to_json(_http_request(handle, value))


def _delivery(value: Any) -> str:
    events = ",".join(_event(event) for event in value.events)
    method = getattr(value.method, "value", value.method)
    return f'{{"server_name":{to_json(value.server_name)},"method":{to_json(method)},"events":[{events}]}}'


# Kinds that need nothing but the value.
_PLAIN_ENCODERS: Final[dict[str, Callable[[Any], str]]] = {
    "json": to_json,
    "live_json": to_json,
    "event": _event,
    "requester": lambda value: to_json(_requester(value)),
    "profile": lambda value: to_json(_fields(value, ("display_name", "avatar_url"))),
    "presences": lambda value: to_json([_fields(one, _PRESENCE_FIELDS) for one in value]),
    "media_info": lambda value: to_json(_media_info(value)),
    "delivery": _delivery,
    "upload_limit": lambda value: to_json(_fields(value, _LIMIT_FIELDS)),
}
# Kinds that leave a handle behind.
_HOLDING_ENCODERS: Final[dict[str, Encoder]] = {"state": _state, "media_file": _media_file, "request": _request}


# ---- Results of callbacks, by kind -----------------------------------------------------------------------------------


def _spam(wire: Json) -> Any:
    message = wire.get("message")
    if isinstance(message, str):
        return message
    try:
        code = Codes(wire["errcode"])
    except ValueError:
        logger.warning("A module refused with %r, which Synapse does not know: M_FORBIDDEN instead", wire["errcode"])
        code = Codes.FORBIDDEN
    fields = wire.get("fields")
    if not fields:
        return code
    # Synapse never answers a request that is refused with fields of these names.
    return code, {name: value for name, value in fields.items() if name not in ("msg", "code")}


def _presences(wire: Json) -> set[UserPresenceState]:
    return {UserPresenceState(**_only(one, _PRESENCE_FIELDS)) for one in wire}


def _only(wire: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: wire[name] for name in names}


def _upload_limit(wire: Mapping[str, Json]) -> module_api.MediaUploadLimit:
    return module_api.MediaUploadLimit(**_only(wire, _LIMIT_FIELDS))


def _as(kind: type, value: Json) -> Any:
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _as_is(wire: Json) -> Any:
    return wire


_DECODERS: Final[dict[str, Callable[[Json], Any]]] = {
    "none": lambda wire: None,
    "spam": _spam,
    "registration": lambda wire: RegistrationBehaviour[wire],
    "event_decision": lambda wire: (bool(wire["allowed"]), wire["replacement"]),
    "text": lambda wire: _as(str, wire),
    "presence_map": lambda wire: {_as(str, user): _presences(states) for user, states in wire},
    "users": lambda wire: PRESENCE_ALL_USERS if wire == "ALL" else {_as(str, user) for user in _as(list, wire)},
    "upload_limits": lambda wire: [_upload_limit(limit) for limit in _as(list, wire)],
    "ratelimit": lambda wire: module_api.RatelimitOverride(
        per_second=wire["per_second"], burst_count=wire["burst_count"]
    ),
    "renewal": lambda wire: tuple(wire),
}
_NEUTRAL: Final[dict[str, Callable[[], Any]]] = {
    "spam": lambda: NOT_SPAM,
    "registration": lambda: RegistrationBehaviour.ALLOW,
    "event_decision": lambda: (True, None),
    "presence_map": dict,
    "users": set,
}


# ---- One callback of Synapse -----------------------------------------------------------------------------------------


@dataclass
class _Entry:
    """One callback of one module, as far as the bridge must know it."""

    module: str
    is_enforced: bool
    passes: Filter | None
    timeout: float | None
    on_failure: Mapping[str, str]


class _Hook:
    """One callback that Synapse calls: all modules that registered it."""

    def __init__(self, bridge: VesicleBridge, category: str, name: str, row: CallbackRow) -> None:
        names, kinds, result, is_told, throws, neutral, refusal = row
        self.category, self.name, self.arguments = category, name, names
        self.where = f"{category}.{name}"
        self.is_told = is_told
        self.module_names = ""
        self.entries: list[_Entry] = []
        self.skips: Filter | None = _always
        self.timeout: float | None = None
        self.head = f'"method":"callback.invoke","params":{{"callback":"{self.where}","args":['
        self._bridge = bridge
        self._subject = subject_readers(names)
        self._kinds = kinds
        self._live = [index for index, kind in enumerate(kinds) if kind == "live_json"]
        self._is_auth = result == "auth"
        self._decode = _DECODERS.get(result, _as_is)
        self._neutral: Callable[[], Any] = _NEUTRAL.get(result) or _fresh(neutral)
        if category == "background_update_controller" and neutral is not None:
            self._neutral = lambda: _update_setting(bridge.api, name, neutral)
        self._refusal, self._throws = refusal, throws
        self._is_masked = throws == "propagates" or self.where == "third_party_rules.check_event_allowed"
        self._encoders = [_PLAIN_ENCODERS.get(kind) for kind in kinds]
        self.only_encoder = self._encoders[0] if len(kinds) == 1 else None
        self._failures = RepeatedLines()

    def update(self, entries: Sequence[Json]) -> None:
        """Takes over what the module host says of this callback now."""
        self.entries = [self._entry(entry) for entry in entries if entry.get("mode") != "off"]
        self.module_names = ", ".join(entry.module for entry in self.entries)
        filters = [entry.passes for entry in self.entries]
        if not filters:
            self.skips = _always
        elif any(passes is None for passes in filters):
            self.skips = None
        else:
            self.skips = _none_passes([passes for passes in filters if passes is not None])
        timeouts = [entry.timeout for entry in self.entries]
        known = [timeout for timeout in timeouts if timeout is not None]
        self.timeout = sum(known) + LOST_GRACE if known and len(known) == len(timeouts) else self._bridge.config.timeout

    def _entry(self, wire: Mapping[str, Json]) -> _Entry:
        when, timeout = wire.get("when"), wire.get("timeout")
        passes = None
        if when is not None:
            try:
                passes = compile_when(when, self._subject, self._bridge.is_local)
            except WhenError as error:
                logger.warning("%s: `when` of %s cannot be evaluated here: %s", wire.get("module"), self.where, error)
        return _Entry(
            module=_text(wire.get("module"), "?"),
            is_enforced=wire.get("mode") != "audit",
            passes=passes,
            timeout=timeout / 1000 if isinstance(timeout, (int, float)) else None,
            on_failure=wire.get("on_failure") or {},
        )

    def encode(self, link: Link, handles: list[int], args: Args) -> str:
        """The arguments as JSON, without brackets."""
        texts = []
        for index, encoder in enumerate(self._encoders):
            if encoder is not None:
                texts.append(encoder(args[index]))
            else:
                texts.append(_HOLDING_ENCODERS[self._kinds[index]](link, handles, args[index]))
        return ",".join(texts)

    def keepable(self, args: Args) -> Args:
        """The arguments of a question that has to wait: big ones are fetched anew then."""
        if "state" not in self._kinds:
            return args
        room_id = self._subject["room_id"](args)
        later = _LaterState(room_id)
        return tuple(later if kind == "state" else arg for kind, arg in zip(self._kinds, args, strict=True))

    def completed(self, args: Args) -> Args:
        """The arguments of a Synapse that is older than the last of them."""
        return (*args, *({} if name == "room_config" else None for name in self.arguments[len(args) :]))

    def neutral(self) -> Any:
        """What Synapse gets when no module objects."""
        return self._neutral()

    def decode(self, wire: Json, args: Args, link: Link) -> Any:
        """An answer as Synapse wants it."""
        changed: Mapping[str, Json] = {}
        if self._live and type(wire) is dict and "changed" in wire:
            changed, wire = wire["changed"], wire.get("result")
        value = self._value(wire, link)
        for index in self._live:
            members = changed.get(str(index))
            if isinstance(members, dict):
                args[index].clear()
                args[index].update(members)
        return value

    def _value(self, wire: Json, link: Link) -> Any:
        if wire is None:
            return self._neutral()
        if self._is_auth:
            handle = wire["callback"]
            return _as(str, wire["user_id"]), None if handle is None else link.function(handle, self)
        return self._decode(wire)

    def fail(self, args: Args, error: Exception) -> Any:
        """What a lost question means: by the policy of one entry after the other."""
        user = self._subject["sender"](args) if "sender" in self._subject else None
        origin = "federated" if isinstance(user, str) and not self._bridge.is_local(user) else "local"
        for entry in self.entries:
            if not entry.is_enforced or (entry.passes is not None and not entry.passes(args)):
                continue
            if self.is_told:
                self._failures.warn("%s: %s may not have been told: %s", entry.module, self.where, error)
                continue
            action = entry.on_failure.get(origin, "error")
            self._failures.warn('%s: %s failed, which counts as "%s": %s', entry.module, self.where, action, error)
            if action == "allow" or (action == "error" and self._throws == "logged"):
                continue
            if action == "deny" and self._refusal is not None:
                return self._decode(self._refusal)
            if origin == "local" and self._is_masked:
                raise _UnreachableModulesError from error
            raise error
        return self._neutral()

    def failed(self, args: Args, error: Exception) -> Deferred[Any]:
        """The same, for who awaits it."""
        try:
            return succeed(self.fail(args, error))
        except Exception as raised:
            return fail(raised)


def _fresh(value: Json) -> Callable[[], Any]:
    if isinstance(value, dict):
        return lambda: dict(value)
    return lambda: value


def _always(_args: Args) -> bool:
    return True


def _none_passes(filters: list[Filter]) -> Filter:
    if len(filters) == 1:
        (only,) = filters
        return lambda args: not only(args)
    return lambda args: not any(passes(args) for passes in filters)


# ---- The connection, inside the reactor ------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A request of ours that is not yet answered."""

    answer: Deferred[Any] | None  # None: nobody waits any longer for the end of this notification
    hook: _Hook | None
    args: Args
    handles: Sequence[int]
    context: Any


class Link:
    """One connection with the module host. Everything here runs on the reactor thread."""

    def __init__(self, bridge: VesicleBridge, opened: Opened) -> None:
        self.bridge = bridge
        self.is_closed = False
        self._process = opened.process
        self._reader = opened.reader
        self._sock = opened.sock
        self._sock.setblocking(False)
        self._fileno = self._sock.fileno()
        self.last_id = 1000
        self._pending: dict[int, _Call] = {}
        self._deadlines: dict[int, float] = {}
        self._is_sweeping = False
        self._handles: dict[int, Any] = {}
        self._handle_ids = itertools.count(1)
        self._errors: OrderedDict[int, BaseException] = OrderedDict()
        self._error_ids = itertools.count(1)
        self.transactions: dict[int, _Transaction] = {}
        self._out: deque[bytes | memoryview] = deque()
        self._out_size = 0
        self._gathering = 0
        self._is_blocked = False
        # Nothing can be sent any more: the connection is about to be lost.
        self.is_broken = False
        self.received = 0
        self._late: list[int] = []
        self._pulse = _Pulse(self)
        self._misunderstood = 0
        # What modules registered before Synapse knows what they registered at their start; None from then on.
        self._early: dict[tuple[Json, ...], Mapping[str, Json]] | None = {}

    def start(self) -> None:
        """Reads from now on."""
        reactor.addReader(self)
        self._take(b"")

    def watch(self) -> None:
        """The modules are open: takes over what they registered meanwhile, and pings from now on."""
        early, self._early = self._early, None
        for one in (early or {}).values():
            self._told("callback.register", {"params": one})
        self._pulse.start()

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return self._out_size

    # -- Requests of ours --

    def ask(self, hook: _Hook, args: Args) -> Deferred[Any]:
        """Asks all modules that registered a callback. Follows Synapse's rules for log contexts."""
        self.last_id = request_id = self.last_id + 1
        handles: list[int] = []
        try:
            text = hook.only_encoder(args[0]) if hook.only_encoder is not None else hook.encode(self, handles, args)
            frame = frame_of(f'{{"id":{request_id},{hook.head}{text}]}}}}')
        except Exception as error:
            self.release(handles)
            return hook.failed(args, ModuleHostError(f"the arguments cannot be sent: {_said(error)}"))
        answer: Deferred[Any] = Deferred()
        self._pending[request_id] = _Call(answer, hook, args, handles, current_context())
        self._expect(request_id, hook.timeout)
        self._write(frame)
        return _keeping_context(answer)

    def request(self, method: str, params: Json, within: float | None = None) -> Deferred[Any]:
        """Asks the module host anything; the Deferred knows nothing of log contexts."""
        if self.is_closed:
            return fail(ModuleHostError("the connection with the module host is lost"))
        self.last_id = request_id = self.last_id + 1
        frame = frame_of(to_json({"id": request_id, "method": method, "params": params}))
        answer: Deferred[Any] = Deferred()
        self._pending[request_id] = _Call(answer, None, (), (), current_context())
        self._expect(request_id, within)
        self._write(frame)
        return answer

    def tell(self, method: str, params: Json) -> None:
        """Sends a notice."""
        if not self.is_closed:
            self._write(frame_of(to_json({"method": method, "params": params})))

    def answer(self, request_id: Json, text: str, data: bytes | None = None) -> None:
        """Answers a request of theirs with JSON, and with bytes besides."""
        if self.is_closed:
            return
        try:
            told_id = request_id if type(request_id) is int else to_json(request_id)
            frame = f'{{"id":{told_id},"result":{text}}}'
            self._write(*((frame_of(frame),) if data is None else (_head_of(frame, data), data)))
        except ValueError as error:
            self.answer_error(request_id, error)

    def answer_error(self, request_id: Json, error: BaseException) -> None:
        """Answers a request of theirs with an error."""
        if self.is_closed:
            return
        try:
            config = getattr(getattr(getattr(self.bridge, "api", None), "_hs", None), "config", None)
            wire = {**_error_to_wire(error, config), "origin": self._keep_error(error)}
            frame = frame_of(to_json({"id": request_id, "error": wire}))
        except Exception as failure:
            # Too long, or with fields that cannot be sent.
            told = ModuleHostError(f"a {type(error).__name__} that cannot be sent: {_said(failure):.300}")
            frame = frame_of(to_json({"id": request_id, "error": _error_to_wire(told)}))
        self._write(frame)

    def _keep_error(self, error: BaseException) -> int:
        """Keeps an error, so that a module that lets it through raises the very same one; the last ones only."""
        number = next(self._error_ids)
        self._errors[number] = _without_frames(error)
        if len(self._errors) > KEPT_ERRORS:
            self._errors.popitem(last=False)
        return number

    @property
    def is_idle(self) -> bool:
        return not self._pending

    def context_of(self, request_id: Json) -> LoggingContext | None:
        """The log context in which one of our requests was made, if both are still going on."""
        call = self._pending.get(request_id) if isinstance(request_id, int) else None
        context = None if call is None else call.context
        return context if isinstance(context, LoggingContext) and not context.finished else None

    # -- Handles of things that stay here --

    def hold(self, value: Any) -> int:
        handle = next(self._handle_ids)
        self._handles[handle] = value
        return handle

    def held(self, handle: Json) -> Any:
        try:
            return self._handles[handle]
        except (KeyError, TypeError):
            raise KeyError("this handle is not valid any more: its call is over") from None

    def release(self, handles: Iterable[int]) -> None:
        for handle in handles:
            self._handles.pop(handle, None)

    def function(self, handle: int, hook: _Hook) -> Callable[[dict[str, Any]], Any]:
        """A function of the modules, as an auth checker answers it; it has as long as the checker had."""

        async def callback(response: dict[str, Any]) -> None:
            params = {"function": handle, "response": response}
            answer = await make_deferred_yieldable(self.request("function.call", params, hook.timeout))
            changed = answer.get("response") if isinstance(answer, dict) else None
            if isinstance(changed, dict):
                response.clear()
                response.update(changed)

        # Python may collect the function on any thread.
        gone = weakref.finalize(callback, reactor.callFromThread, self.tell, "release", {"handles": [handle]})
        gone.atexit = False
        return callback

    # -- What the reactor calls --

    def fileno(self) -> int:
        return self._fileno

    def logPrefix(self) -> str:  # noqa: N802 -- Twisted's name
        return "vesicle"

    def doRead(self) -> None:  # noqa: N802 -- Twisted's name
        """Bytes have come."""
        try:
            # Python makes a buffer of this size for each call: more would be mapped and given back every time.
            data = self._sock.recv(65_536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.lose(f"{error.strerror or error}")
            return
        if not data:
            self.lose("the module host closed it")
            return
        self.received += len(data)
        self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            with self:
                for message in self._reader.feed(data):
                    if self.is_closed:
                        return
                    self._hear(message)
        except ProtocolError as error:
            self.lose(f"the module host sent {error}")
        except Exception as error:
            logger.debug("A message of the module host", exc_info=True)
            self.lose(f"the module host sent what cannot be handled ({error!r})")

    def doWrite(self) -> None:  # noqa: N802 -- Twisted's name
        """The socket takes bytes again."""
        self._is_blocked = False
        reactor.removeWriter(self)
        self._flush()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 -- Twisted's name
        self.lose(reason.getErrorMessage())

    # -- Writing: what one turn of the reactor says goes out together --

    def __enter__(self) -> None:
        self._gathering += 1

    def __exit__(self, *_: object) -> None:
        self._gathering -= 1
        if not self._gathering:
            self._flush()

    def _write(self, *pieces: bytes) -> None:
        if self.is_broken:
            return  # what waits for an answer goes by its policy in a moment
        self._out.extend(pieces)
        self._out_size += sum(map(len, pieces))
        if not self._gathering and not self._is_blocked:
            self._flush()
        elif self._out_size > 4 * LIMITS["frame"]:
            self._break("the module host does not read", 0.0)

    def _flush(self) -> None:
        if self._is_blocked or self.is_closed or self.is_broken:
            return
        while self._out:
            pieces = self._next_pieces()
            try:
                sent = self._sock.sendmsg(pieces)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                # When the other side has closed it, the reader may learn why: from what was sent before.
                patience = LOOK_AGAIN if error.errno in (errno.EPIPE, errno.ECONNRESET) else 0.0
                self._break(f"nothing can be sent: {error.strerror or error}", patience)
                return
            self._out_size -= sent
            if not self._was_sent(sent, len(pieces)):
                self._is_blocked = True
                reactor.addWriter(self)
                return

    def _next_pieces(self) -> list[bytes | memoryview]:
        """As much of what waits as the socket is likely to take: what it leaves is not looked at again and again."""
        pieces: list[bytes | memoryview] = []
        size = 0
        for piece in self._out:
            pieces.append(piece)
            size += len(piece)
            if size >= BYTES_AT_ONCE or len(pieces) == PIECES_AT_ONCE:
                break
        return pieces

    def _was_sent(self, sent: int, count: int) -> bool:
        """Forgets so many bytes of the first pieces, without a copy of the rest; whether they were all."""
        out = self._out
        for _ in range(count):
            size = len(out[0])
            if sent < size:
                if sent > 0:
                    out[0] = memoryview(out[0])[sent:]
                return False
            sent -= size
            out.popleft()
        return True

    def _break(self, reason: str, patience: float) -> None:
        """Sends nothing more, since frames are missing now, and loses the connection.

        Not at once: whoever writes is in a log context of its own, which those who wait for answers must not change.
        """
        self.is_broken = True
        self._out.clear()
        self._out_size = 0
        reactor.callLater(patience, self.lose, reason)

    # -- Messages --

    def _hear(self, message: dict[str, Json]) -> None:
        method, request_id = message.get("method"), message.get("id")
        if method is None:
            self._answered(message)
        elif not isinstance(method, str):
            raise ProtocolError("a message whose method is not a string")
        elif "id" not in message:
            self._told(method, message)
        elif type(request_id) is int:
            self._asked(method, request_id, message)
        else:
            raise ProtocolError("a message whose id is not an integer")

    def _answered(self, message: dict[str, Json]) -> None:
        request_id = message.get("id")
        call = self._pending.pop(request_id, None) if isinstance(request_id, int) else None
        if call is None:
            return  # cancelled meanwhile
        answer, handles = call.answer, call.handles
        if self._deadlines:
            self._deadlines.pop(cast(int, request_id), None)
        if handles:
            self.release(handles)
        if answer is None:
            return
        try:
            outcome = self._outcome(call, message)
        except Exception as error:
            self._settle(call, ModuleHostError(f"the answer of the module host cannot be used: {_said(error)}"))
            return
        if isinstance(outcome, Failure):
            answer.errback(outcome)
        else:
            answer.callback(outcome)

    def _outcome(self, call: _Call, message: Mapping[str, Json]) -> Any:
        """What an answer says: a value, or the failure that a module's error is."""
        if "unreadable" in message and "result" not in message:
            raise ValueError(message["unreadable"])
        if "error" not in message:
            result = _part(message, "result")
            return result if call.hook is None else call.hook.decode(result, call.args, self)
        return _failure(_error_from_wire(_part(message, "error"), self._errors))

    def _settle(self, call: _Call, error: Exception) -> None:
        """Ends a call that gets no answer."""
        self.release(call.handles)
        self._fail(call, error)

    @staticmethod
    def _fail(call: _Call, error: Exception) -> None:
        if call.answer is None:
            return
        if call.hook is None:
            call.answer.errback(_failure(error))
            return
        try:
            value = call.hook.fail(call.args, error)
        except Exception as raised:
            call.answer.errback(_failure(raised))
        else:
            call.answer.callback(value)

    def _asked(self, method: str, request_id: int, message: Mapping[str, Json]) -> None:
        if method == "ping":
            self.answer(request_id, "null")
            return
        serve = _SERVED.get(method)
        if serve is None:
            self.answer_error(request_id, NotImplementedError(f"the bridge does not know a request {method:.100}"))
            return
        try:
            serve(self, request_id, _params(message))
        except Exception as error:
            self.answer_error(request_id, error)

    def _told(self, method: str, message: Mapping[str, Json]) -> None:
        """A notice that cannot be understood is nobody's call: nothing else may be lost with it."""
        try:
            self._note(method, _params(message))
        except Exception as error:
            self._misunderstood += 1
            # As many lines as digits, however many come.
            if self._misunderstood in (1, 10, 100, 1_000, 10_000, 100_000):
                told = "A notice %.100s of the module host is ignored (number %d): %s"
                logger.warning(told, _writable(method), self._misunderstood, _said(error))

    def _note(self, method: str, params: Mapping[str, Json]) -> None:
        if method == "log":
            write_log_line(params)
        elif method == "callback.register":
            if self._early is None:
                self.bridge.register_late(params)
            else:
                # The answer to `modules.open` does not know of it, whichever comes first, and may be in the same read.
                self._early[tuple(params.get(name) for name in ("category", "name", "login_type"))] = params
        elif method == "release":
            handles = params.get("handles")
            self.release([handle for handle in handles if isinstance(handle, int)] if isinstance(handles, list) else ())
        elif method == "bye":
            self.lose(f"the module host says: {_text(params.get('reason'), 'bye')}")

    # -- Time --

    def _expect(self, request_id: int, within: float | None) -> None:
        """Gives up a request that is not answered in so many seconds."""
        if within is not None:
            self._deadlines[request_id] = time.monotonic() + within
            self._sweep_later()

    def _sweep_later(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            reactor.callLater(SWEEP_EVERY, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        if self.is_closed:
            return
        now = time.monotonic()
        late = [request_id for request_id, deadline in self._deadlines.items() if deadline <= now]
        with self:
            for request_id in late:
                self.give_up(request_id, "the module host did not answer in time")
        if self._deadlines:
            self._sweep_later()

    def give_up(self, request_id: int, why: str) -> None:
        """Waits no longer for an answer."""
        self._deadlines.pop(request_id, None)
        call = self._pending.get(request_id)
        if call is None:
            return
        if call.hook is not None and call.hook.is_told:
            # It may not have been read yet: it counts as under way until the next ping is answered.
            self._let_go(request_id, call, why)
            self._late.append(request_id)
            return
        self._cancel(request_id)
        self._fail(call, ModuleHostError(why))

    def give_up_all(self, why: str, kept: int) -> None:
        """Waits no longer for any answer but one; notifications remain under way, until their time is over."""
        with self:
            for request_id, call in list(self._pending.items()):
                if call.hook is not None and call.hook.is_told:
                    self._let_go(request_id, call, why)
                elif request_id != kept:
                    self.give_up(request_id, why)

    def read_up_to(self, request_id: int) -> None:
        """The module host has read everything that was sent before this request."""
        late, self._late = self._late, []
        for one in late:
            if one < request_id:
                self._cancel(one)
            else:
                self._late.append(one)

    @property
    def under_way(self) -> int:
        """How many notifications were sent and not answered."""
        return sum(call.hook is not None and call.hook.is_told for call in self._pending.values())

    def _let_go(self, request_id: int, call: _Call, why: str) -> None:
        self._pending[request_id] = call._replace(answer=None)
        self._fail(call, ModuleHostError(why))

    def _cancel(self, request_id: int) -> None:
        call = self._pending.pop(request_id, None)
        if call is not None:
            self.tell("cancel", {"id": request_id})
            self.release(call.handles)

    # -- The end --

    def close(self, reason: str) -> None:
        """Says goodbye."""
        self.tell("bye", {"reason": reason})
        self.lose(None)

    def lose(self, reason: str | None) -> None:
        """The connection is over; `reason` is what the log says."""
        if self.is_closed:
            return
        self.is_closed = True
        reactor.removeReader(self)
        reactor.removeWriter(self)
        self._pulse.stop()
        self._sock.close()
        self.bridge.host.lost(self, reason)
        because = "" if reason is None else f": {reason}"
        error = ModuleHostError(f"the connection with the module host was lost{because}")
        for transaction in self.transactions.values():
            transaction.lost(error)
        pending = list(self._pending.values())
        self._pending.clear()
        self._deadlines.clear()
        for call in pending:
            self._settle(call, error)
        self._handles.clear()

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process


def _keeping_context(answer: Deferred[Any]) -> Deferred[Any]:
    """`make_deferred_yieldable` in fewer steps, and for requests that may be over when the answer comes.

    Synapse calls `on_new_event` in the context of a request that it answers meanwhile, and warns when such a context is
    started again. What goes on then gets a new one of the same name.
    """
    context = set_current_context(SENTINEL_CONTEXT)
    return answer.addBoth(_restore_context, context)


def _restore_context(result: Any, context: Any) -> Any:
    if context.finished:
        context = type(context)(name=str(context), **_server_of(context))
    set_current_context(context)
    return result


def _server_of(context: Any) -> dict[str, Any]:
    """The name of the server, which Synapse before 1.138 does not ask for."""
    return {"server_name": context.server_name} if hasattr(context, "server_name") else {}


_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def write_log_line(params: Mapping[str, Json]) -> None:
    """A line of a module in Synapse's log."""
    module = params.get("module")
    to = logging.getLogger(_writable(f"vesicle.{module}")) if isinstance(module, str) and module else logger
    text, stack = _text(params.get("message")), params.get("stack")
    level = _LEVELS.get(_text(params.get("level")), logging.INFO)
    to.log(level, "%s", _writable(f"{text}\n{stack}" if isinstance(stack, str) and stack else text))


# ---- The link: where it is in its table of states, and what that means -----------------------------------------------


class RepeatedLines:
    """Writes the first of several like lines to the log, and then how many were left out."""

    def __init__(self) -> None:
        # By the text and its first arguments: how many came since the last line. The last argument is the error.
        self._left_out: dict[tuple[object, ...], int] = {}

    def warn(self, text: str, *args: object) -> None:
        """Writes a warning, unless one of the kind was written within the last seconds."""
        kind = (text, *args[:-1])
        if kind in self._left_out:
            self._left_out[kind] += 1
            return
        logger.warning(text, *args)
        self._wait(kind, args[-1])

    def _wait(self, kind: tuple[object, ...], last: object) -> None:
        self._left_out[kind] = 0
        reactor.callLater(WARN_EVERY, self._sum_up, kind, last)

    def _sum_up(self, kind: tuple[object, ...], last: object) -> None:
        count = self._left_out.pop(kind)
        if count:
            text, *args = kind
            logger.warning(f"{text} (%d more in %d s)", *args, last, count, WARN_EVERY)
            self._wait(kind, last)


class _Backoff:
    """The pauses before attempts: they double, until a link has been ready for a while."""

    def __init__(self) -> None:
        self._wait = RETRY_FIRST

    def pause(self, last: float) -> float:
        """The next pause, a little longer each time at random, since all workers may wait for the same host."""
        wait = min(self._wait, last)
        self._wait = min(self._wait * 2, RESTART_LAST)
        return wait * random.uniform(1.0, 1.25)

    def ready_for(self, seconds: float) -> None:
        """A link was ready for so long."""
        if seconds >= STEADY_AFTER:
            self._wait = RETRY_FIRST


class _Pulse:
    """Pings the module host: only the answer to the ping shows life; what else comes lengthens the patience."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._timer: Any = None
        self._ping_id, self._sent_at = 0, 0.0
        self._in_the_way, self._received = 0, 0

    def start(self) -> None:
        self._ping()

    def stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _after(self, seconds: float, work: Callable[..., None], *args: object) -> None:
        self.stop()
        if not self._link.is_closed:
            self._timer = reactor.callLater(max(0.0, seconds), work, *args)

    def _ping(self) -> None:
        link = self._link
        self._sent_at, self._received = time.monotonic(), link.received
        self._in_the_way = link.unsent
        answer = link.request("ping", {})
        self._ping_id = link.last_id
        self._after(self._time_left(), self._judge)
        answer.addBoth(self._pong)

    def _time_left(self) -> float:
        """How long the answer is in time. What is sent and comes meanwhile has to pass first, up to a bound."""
        came = min(self._link.received - self._received, LIMITS["frame"])
        patience = LIMITS["pongWithin"] / 1000 + (self._in_the_way + came) / SLOWEST
        return self._sent_at + patience - time.monotonic()

    def _judge(self, is_second_look: bool = False) -> None:
        left = self._time_left()
        if left > 0:
            self._after(left, self._judge)
        elif not is_second_look:
            # Synapse itself may have been busy: what has come meanwhile is read first.
            self._after(LOOK_AGAIN, self._judge, True)
        else:
            self._after(HUNG_AFTER - LIMITS["pongWithin"] / 1000, self._end)
            self._link.bridge.host.silent(self._link, self._ping_id)

    def _end(self) -> None:
        # Nobody else would end what we started, and a network that lost a connection does not say so.
        if self._link.process is not None or self._link.bridge.config.is_over_tcp:
            self._link.lose(f"it has not responded for {HUNG_AFTER:.0f} s")

    def _pong(self, _: Any) -> None:
        if self._link.is_closed:
            return
        self._after(self._sent_at + LIMITS["pingEvery"] / 1000 - time.monotonic(), self._ping)
        self._link.read_up_to(self._ping_id)
        self._link.bridge.host.pong(self._link)


class _Kept:
    """Notifications that wait for the module host: as many as `queue` says, told in order, the others counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[_Hook, Args]] = deque()
        self._dropped = 0
        self._is_over = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, hook: _Hook, args: Args) -> None:
        if len(self._waiting) < self._limit:
            self._waiting.append((hook, hook.keepable(args)))
            return
        self._dropped += 1
        if self._is_over:
            self._say_dropped()
        elif self._dropped == 1:
            logger.warning("The queue of notifications is full (%d): further ones are dropped", self._limit)

    def send(self, link: Link) -> None:
        """Tells them, as fast as the module host takes them."""
        self._say_dropped()
        with link:
            for _ in range(KEPT_AT_ONCE):
                if not self._waiting or link.bridge.ready is not link or link.is_broken:
                    return
                if link.unsent > CLOGGED:
                    break
                hook, args = self._waiting.popleft()
                if hook.skips is not None and hook.skips(args):
                    continue  # of no module that is there now
                try:
                    run_in_background(link.ask, hook, args).addErrback(_log_failure, hook.where)
                except Exception:
                    logger.exception("A notification (%s) could not be sent", hook.where)
        if self._waiting:
            reactor.callLater(SWEEP_EVERY, self.send, link)

    def drop(self) -> None:
        """Nobody will be told of them."""
        self._dropped += len(self._waiting)
        self._waiting.clear()
        self._limit, self._is_over = 0, True
        self._say_dropped()

    def _say_dropped(self) -> None:
        if self._dropped:
            logger.warning("%d notifications were dropped while the module host was away", self._dropped)
            self._dropped = 0


class HostLink:
    """The link with the module host. Its state alone, by `LINK_STATES`, says what becomes of a question."""

    def __init__(self, bridge: VesicleBridge, config: BridgeConfig) -> None:
        self.state = "connecting"
        # The connection, from the request to open the modules on; and again, while questions are asked.
        self.link: Link | None = None
        self.ready: Link | None = None
        self._bridge, self._config = bridge, config
        self._kept = _Kept(config.queue)
        self._backoff = _Backoff()
        self._ready_at = 0.0
        self._said = ""
        self._dialling: list[socket.socket] = []

    def _take(self, event: str) -> None:
        """Something has happened: the table says what that means."""
        following = LINK_STATES[self.state][3]
        if not following:
            return  # Synapse is stopping: nothing has a meaning any more
        state = following.get(event)
        if state is None:
            logger.error("The link with the module host is %r, where %r has no meaning: a bug", self.state, event)
            return
        self.state = state
        self.ready = self.link if LINK_STATES[state][0] == "asked" else None

    # -- What Synapse says --

    def tell(self, hook: _Hook, args: Args) -> Any:
        """Tells the modules, now or later; an awaitable."""
        how = LINK_STATES[self.state][1]
        if how == "told" and self.ready is not None and not self.ready.is_broken and not self._kept:
            return self.ready.ask(hook, args)
        self._kept.add(hook, args)
        return succeed(None)

    # -- The first connection --

    def open(self, opened: Opened | None) -> tuple[Link, Json] | None:
        """Has the modules opened while Synapse starts; None when it is to start without them."""
        config = self._config
        try:
            if opened is None or opened.pid != os.getpid():
                # Synapse has become a daemon meanwhile: a connection belongs to one process.
                if opened is not None:
                    opened.sock.close()
                opened = None if config.missing is not None else connect_at_start(config)
            if opened is None:
                self._take("failed")
                return None
            self._take("connected")
            link = self._attach(opened)
        except BaseException:
            self._take("stop")
            raise
        try:
            return link, self._wait(self._open_modules(link))
        except BaseException as error:
            if config.is_required or not isinstance(error, Exception):
                self.give_up_start(link)
                raise
            config.missing = _description(error)
            link.lose(None)
            _stop(opened.process)
            return None

    def give_up_start(self, link: Link) -> None:
        """Synapse does not start."""
        self._take("stop")
        link.lose(None)
        _stop(link.process)

    def opened(self, link: Link) -> None:
        """The modules are open, and Synapse knows what they registered."""
        if link.is_closed:
            # Between the answer and its reader, when Synapse starts.
            logger.warning("The module host at %s was lost as soon as its modules were open", self._config.where)
            self.connect_later(link.process)
            return
        self._take("opened")
        self._ready_at, self._said = time.monotonic(), ""
        link.watch()
        self._kept.send(link)

    def connect_later(self, process: subprocess.Popen[bytes] | None) -> None:
        """There are no modules now; `process` is what is left of the last module host."""
        _run_apart(self._bridge.api, "vesicle_reconnect", self._reconnect, process)

    def _attach(self, opened: Opened) -> Link:
        for notice in opened.notices:
            if notice.get("method") == "log" and isinstance(notice.get("params"), dict):
                write_log_line(notice["params"])
        link = self.link = Link(self._bridge, opened)
        link.start()
        return link

    def _open_modules(self, link: Link) -> Deferred[Any]:
        """Has the modules made; says so when that takes long, and gives up when it takes longer."""
        answer = link.request("modules.open", self._bridge.facts())
        slow = "The module host at %s has been starting its modules for %d s: nothing is asked of them meanwhile"
        why = f"the modules were not ready within {START_WITHIN:.0f} s"
        timers = (
            reactor.callLater(SLOW_START, logger.warning, slow, self._config.where, SLOW_START),
            reactor.callLater(START_WITHIN, link.give_up, link.last_id, why),
        )

        def done(result: Any) -> Any:
            for timer in timers:
                if timer.active():
                    timer.cancel()
            return result

        return answer.addBoth(done)

    def _wait(self, answer: Deferred[Any]) -> Any:
        """Waits in a constructor, which cannot await: turns the reactor, so that modules can use the database."""
        outcome: list[Any] = []
        answer.addBoth(outcome.append)
        parked: Deferred[None] = Deferred()
        make_deferred_yieldable(parked)  # what the reactor runs must not be in the context of the start
        try:
            with _own_thread_calls():
                while not outcome:
                    if not reactor.running:
                        raise ModuleHostError("Synapse is stopping")
                    reactor.iterate(0.05)
        finally:
            parked.callback(None)
        (result,) = outcome
        if isinstance(result, Failure):
            result.raiseException()
        return result

    # -- What a connection says --

    def silent(self, link: Link, ping_id: int) -> None:
        """A ping was not answered in time."""
        if self.link is not link:
            return
        self._take("silent")
        logger.warning("The module host at %s does not respond", self._config.where)
        link.give_up_all("the module host does not respond", ping_id)

    def pong(self, link: Link) -> None:
        """A ping was answered."""
        if self.link is not link:
            return
        before = self.state
        self._take("pong")
        if self.state != before:
            logger.warning("The module host at %s responds again", self._config.where)
            self._kept.send(link)

    def lost(self, link: Link, reason: str | None) -> None:
        """A connection is over."""
        if self.link is not link:
            return
        before, self.link = self.state, None
        self._take("lost")
        if (count := link.under_way) > 0:
            logger.warning("%d notifications were under way: they may not have been told", count)
        if before not in ("ready", "unresponsive"):
            return  # whoever opens it learns why
        self._backoff.ready_for(time.monotonic() - self._ready_at)
        logger.warning("The connection with the module host at %s is lost: %s", self._config.where, reason)
        self.connect_later(link.process)

    # -- Further connections --

    async def _reconnect(self, process: subprocess.Popen[bytes] | None) -> None:
        api, last = self._bridge.api, RETRY_LAST if self._config.spawn is None else RESTART_LAST
        if process is not None:
            await api.defer_to_thread(_stop, process)
            if self.state == "waiting":
                logger.warning("The module host %s: %s", self._config.where, _end_of(process))
        pause = RESTART_LAST
        while self.state == "waiting":
            await api.sleep(self._backoff.pause(pause))
            if self.state != "waiting":
                return
            try:
                await self._attempt()
            except Exception as error:
                # That nobody listens at an address is learnt cheaply, and soon over when the host is started again.
                pause = last if isinstance(error, ModuleHostError) else RESTART_LAST
                self._say_unusable(_description(error))

    async def _attempt(self) -> None:
        bridge, defer_to_thread = self._bridge, self._bridge.api.defer_to_thread
        self._take("retry")
        try:
            opened = await defer_to_thread(open_connection, self._config, 0.0, self._dialling)
            if self.state == "stopped" or opened.problems:
                await defer_to_thread(opened.close)
                raise config_error(opened.problems) if opened.problems else ModuleHostError("Synapse is stopping")
        except BaseException:
            self._take("failed")
            raise
        self._take("connected")
        link = self._attach(opened)
        try:
            answer = await make_deferred_yieldable(self._open_modules(link))
            bridge.register(answer["callbacks"], answer["web"], is_start=False)
        except BaseException:
            link.lose(None)
            await defer_to_thread(_stop, opened.process)
            raise
        self.opened(link)
        logger.warning("Connected with the module host at %s again", self._config.where)

    def _say_unusable(self, text: str) -> None:
        if text != self._said and self.state != "stopped":
            self._said = text
            logger.warning("The module host at %s cannot be used: %s", self._config.where, text)

    def stop(self) -> Deferred[None]:
        """Synapse is stopping: it waits for the end of a module host that it started."""
        link = self.link
        self._take("stop")
        self._kept.drop()
        for sock in self._dialling:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if link is None:
            return succeed(None)
        link.close("Synapse is stopping")
        return succeed(None) if link.process is None else deferToThread(_stop, link.process)


def connect_at_start(config: BridgeConfig) -> Opened | None:
    """Connects while Synapse starts; None when it is to start without the modules, and `config` says why."""
    where = ["connect" if config.connect is not None else "spawn"]
    try:
        opened = open_connection(config, config.connect_timeout)
        if opened.problems:
            opened.close()
            raise config_error(opened.problems)
        return opened
    except ConfigError as error:
        failure = error
    except (ModuleHostError, HandshakeError) as error:
        failure = ConfigError(str(error), where)
        failure.__cause__ = error.__cause__
    except ProtocolError as error:
        failure = ConfigError(f"{config.where} is no module host: it sent {error}", where)
    if config.is_required:
        raise failure
    config.missing = _description(failure)
    return None


def policy_of_modules(modules: Json, name: str, is_gate: bool) -> list[dict[str, Json]]:
    """What is known of modules that were never there: what the configuration says of their failures.

    The module host does not check it before it is there, so that what is wrong counts as not said.
    """
    entries: list[dict[str, Json]] = []
    for item in modules if isinstance(modules, list) else [None]:
        module = item if isinstance(item, dict) else {}
        callbacks = module.get("callbacks")
        own = callbacks.get(name) if isinstance(callbacks, dict) else None
        said = [one for one in (own, module) if isinstance(one, dict)]
        mode = next((one["mode"] for one in said if "mode" in one), "enforce")
        policy = {"local": "error", "federated": "allow" if is_gate else "error"}
        for one in reversed(said):
            given = one.get("on_failure")
            policy.update(given if isinstance(given, dict) else {"local": given, "federated": given} if given else {})
        entries.append(
            {
                "module": _text(module.get("module"), "?"),
                "mode": "off" if mode is False else mode,
                "on_failure": {origin: _known_action(action, is_gate) for origin, action in policy.items()},
            }
        )
    return entries


def _known_action(action: Json, is_gate: bool) -> str:
    return action if action == "allow" or (action == "deny" and is_gate) else "error"


# ---- What the modules may ask of Synapse -----------------------------------------------------------------------------


def _run_apart(api: ModuleApi, name: str, work: Callable[..., Any], *args: Any) -> None:
    """Runs work in a log context of its own."""
    runner: Any = api if hasattr(api, "run_as_background_process") else module_api  # an older Synapse's way
    runner.run_as_background_process(name, work, *args)


def _start(work: Coroutine[Any, Any, None]) -> None:
    """`run_in_background` out of the sentinel context, for work that mostly ends in its first step.

    It is made no Deferred until it waits for something, which costs as much as most calls of modules.
    """
    try:
        awaited = work.send(None)
    except StopIteration:
        return

    async def rest() -> None:
        await _rest_of(work, awaited)

    run_in_background(rest)


@types.coroutine
def _rest_of(work: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """A coroutine that waits for something already."""
    try:
        while True:
            try:
                result = yield awaited
            except Exception as error:
                awaited = work.throw(error)
            else:
                awaited = work.send(result)
    except StopIteration:
        return


def _in_background(link: Link, request_id: Json, params: Mapping[str, Json], work: Callable[[], Any]) -> None:
    """Runs work for a module in a log context of its own, and answers with the JSON that it gives.

    Work that belongs to a question of Synapse gets a child of its context, since what a module does not await may go on
    when its question is answered: the context of a request that is finished must not be started again. What the child
    has used counts as used by the parent.
    """
    parent = link.context_of(params.get("call"))
    if parent is None:
        _run_apart(link.bridge.api, "vesicle_request", _answer, link, request_id, work)
        return

    async def run() -> None:
        with LoggingContext(name=str(parent), parent_context=parent, **_server_of(parent)):
            await _answer(link, request_id, work)

    _start(run())


async def _answer(link: Link, request_id: Json, work: Callable[[], Any]) -> None:
    try:
        told = await work()
    except Exception as error:
        link.answer_error(request_id, error)
    else:
        link.answer(request_id, *(told if isinstance(told, tuple) else (told,)))


async def _room_state(link: Link, params: Mapping[str, Json]) -> Mapping[tuple[str, str], Any]:
    held = link.held(params.get("state"))
    if isinstance(held, _LaterState):
        return cast(Mapping[tuple[str, str], Any], await link.bridge.api.get_room_state(held.room_id))
    return cast(Mapping[tuple[str, str], Any], held)


def _serve_state_get(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        event = (await _room_state(link, params)).get((params["type"], params["state_key"]))
        return "null" if event is None else _event(event)

    _quickly(link, request_id, params, work)


def _serve_state_keys(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        return to_json(list(await _room_state(link, params)))

    _quickly(link, request_id, params, work)


def _serve_state_all(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        return _first_events(link, (await _room_state(link, params)).values())

    _quickly(link, request_id, params, work)


def _serve_events_more(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    handle = params.get("rest")
    events = cast(_Events, link.held(handle))
    piece = events.piece()
    rest = f',"rest":{handle}'
    if events.is_at_end():
        link.release([cast(int, handle)])
        rest = ""
    link.answer(request_id, f'{{"events":[{piece}]{rest}}}')


def _quickly(link: Link, request_id: Json, params: Mapping[str, Json], work: Callable[[], Any]) -> None:
    """State that is at hand is answered at once; it is in the memory of the question."""
    if isinstance(link.held(params.get("state")), _LaterState):
        _in_background(link, request_id, params, work)
        return
    try:
        work().send(None)
    except StopIteration as done:
        link.answer(request_id, done.value)


def _serve_media_read(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    file, offset = cast(_HeldFile, link.held(params.get("file"))), int(params["offset"])

    async def work() -> Any:
        data, is_end = await link.bridge.api.defer_to_thread(file.read, offset)
        return f'{{"end":{"true" if is_end else "false"}}}', data

    _in_background(link, request_id, params, work)


def _piece(data: bytes, is_end: bool) -> str:
    return f'{{"data":"{base64.b64encode(data).decode()}","end":{"true" if is_end else "false"}}}'


def _serve_web_body(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    content = link.held(params.get("request")).request.content
    size = content.seek(0, os.SEEK_END)
    content.seek(int(params["offset"]))
    data = content.read(LIMITS["chunk"])
    link.answer(request_id, _piece(data, content.tell() >= size))


def _serve_template(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    template = link.held(params.get("template"))
    link.answer(request_id, to_json(template.render(params.get("values") or {})))


class _Recorder:
    """Stands for a request while Synapse answers it, and keeps the answer for the module."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._disconnected = False
        self.responseHeaders = Headers()
        self.cookies: list[bytes] = []
        self.code = 200
        self._written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:  # noqa: N802 -- Twisted's name
        self.code = int(code)

    def setHeader(self, name: Any, value: Any) -> None:  # noqa: N802 -- Twisted's name
        self.responseHeaders.setRawHeaders(name, [value])

    def redirect(self, url: Any) -> None:
        self.setResponseCode(302)
        self.setHeader(b"location", url)

    def write(self, data: bytes) -> None:
        self._written.append(bytes(data))

    def finish(self) -> None:
        """Nothing goes to the client: the module's own answer will carry it."""

    def response(self) -> dict[str, Json]:
        headers = [
            [_latin(name), _latin(value)]
            for name, values in self.responseHeaders.getAllRawHeaders()
            for value in values
        ]
        headers += [["Set-Cookie", _latin(cookie)] for cookie in self.cookies]
        return {"status": self.code, "headers": headers, "body": base64.b64encode(b"".join(self._written)).decode()}


class _CachedFunction:
    """Stands for a cached function of the modules, so that Synapse forgets its results on all processes."""

    def __init__(self, bridge: VesicleBridge | None, name: str) -> None:
        module, _, function = name.rpartition(".")
        self.__module__ = module or "vesicle"
        self.__name__ = function
        self._bridge, self._name = bridge, name

    def invalidate(self, keys: Iterable[Any]) -> None:
        self._tell(list(keys))

    def invalidate_all(self) -> None:
        self._tell(None)

    def _tell(self, keys: list[Any] | None) -> None:
        # Before it is ready, too: what its modules remember by then must not stay.
        link = self._bridge.host.link if self._bridge is not None else None
        if link is not None:
            link.tell("cache.invalidate", {"cache": self._name, "keys": keys})


def _tuples(value: Json) -> Any:
    return None if value is None else [tuple(item) for item in value]


_directories: Final[dict[str, tempfile.TemporaryDirectory[str]]] = {}


def _directory(files: Mapping[str, str]) -> str:
    """The path of a directory that holds these files while Synapse runs: templates include others later."""
    key = hashlib.sha256(to_json(files).encode()).hexdigest()
    if key not in _directories:
        directory = tempfile.TemporaryDirectory(prefix="vesicle-")
        for name, text in files.items():
            path = os.path.normpath(os.path.join(directory.name, name))
            if not path.startswith(directory.name + os.sep):
                raise ProtocolError(f"the name of a file, {name!r}, that leaves its directory")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        _directories[key] = directory
    return _directories[key].name


_API_ARGUMENTS: Final[dict[str, Callable[[Json], Any]]] = {
    "user_id": lambda value: UserID.from_string(value),
    "room_id": lambda value: RoomID.from_string(value),
    "tuples": _tuples,
    "presence_updates": lambda value: {user: tuple(update) for user, update in value.items()},
    "set": set,
    "files": _directory,
}


def _record(value: Any) -> Json:
    if value is None or isinstance(value, dict):
        return value
    return _fields(value, _names_of(cast(Any, type(value))) or vars(value))


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    names = tuple(attribute.name for attribute in getattr(kind, "__attrs_attrs__", ()))
    return names or tuple(getattr(kind, "_fields", ()))


def _templates(link: Link, templates: Iterable[Any]) -> str:
    return to_json([{"template": link.hold(template), "name": template.name} for template in templates])


def _api_result(link: Link, kind: str, value: Any) -> str:
    if kind == "none" or value is None:
        return "null"
    if kind == "event":
        return _event(value)
    if kind == "events":
        return _first_events(link, value)
    if kind == "state_events":
        return _first_events(link, value.values())
    if kind == "templates":
        return _templates(link, value)
    if kind == "record":
        return to_json(_record(value))
    if kind == "records":
        return to_json([_record(one) for one in value])
    if kind == "requester":
        return to_json(_requester(value))
    return to_json(value.to_string() if kind == "id" else value)


def _serve_api_call(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    method, given = params["method"], params["args"]
    kinds, result_kind = API_METHODS[method]
    function = link.bridge.functions.get(method) or _function(link.bridge, method)

    async def work() -> str:
        args: dict[str, Any] = {}
        live = recorder = None
        for name, kind in kinds.items():
            if name not in given:
                continue
            value = given[name]
            if kind == "live_json":
                live = value
            elif kind == "request":
                value = link.held(value).request
                if result_kind == "response":
                    value = recorder = _Recorder(value)
            elif kind in _API_ARGUMENTS:
                value = _API_ARGUMENTS[kind](value)
            args[name] = value
        result = function(**args)
        if inspect.isawaitable(result):
            result = await result
        if recorder is not None:
            return to_json(recorder.response())
        text = _api_result(link, result_kind, result)
        return f"[{text},{to_json(live)}]" if "live_json" in kinds.values() else text

    _in_background(link, request_id, params, work)


def _function(bridge: VesicleBridge, method: str) -> Callable[..., Any]:
    """What a method of `ModuleApi` calls; found once."""
    special = _SPECIAL_METHODS.get(method)
    target: Any = bridge.api if special is None else partial(special, bridge)
    if special is None:
        for part in method.split("."):
            target = getattr(target, part)
    bridge.functions[method] = target
    return cast(Callable[..., Any], target)


def _register_cached_function(bridge: VesicleBridge, cached_func: str) -> None:
    bridge.api.register_cached_function(cast(Any, _CachedFunction(bridge, cached_func)))


def _invalidate_cache(bridge: VesicleBridge, cached_func: str, keys: Sequence[Json]) -> Any:
    # The modules of this process have forgotten already.
    return bridge.api.invalidate_cache(cast(Any, _CachedFunction(None, cached_func)), tuple(keys))


_SPECIAL_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "register_cached_function": _register_cached_function,
    "invalidate_cache": _invalidate_cache,
}


# ---- Database transactions: the function runs in the module host, its statements in a database thread ----------------


_Inbox = queue.SimpleQueue[Callable[[Any], bool]]


class _Transaction:
    """One call of `run_db_interaction`. `run` is on a database thread, everything else on the reactor's."""

    def __init__(self, link: Link, handle: int) -> None:
        self._link, self._handle = link, handle
        # What is to be done in the attempt that is under way: with its cursor, or without one when it is over.
        self._inbox: _Inbox | None = None
        self._attempt = 0
        self._run_id = 0
        self._raised: Exception | None = None

    def run(self, txn: Any) -> None:
        """The transaction is open; what comes back commits, what is raised rolls back."""
        self._attempt += 1
        self._raised = None
        inbox: _Inbox = queue.SimpleQueue()
        until = time.monotonic() + LIMITS["transaction"] / 1000
        reactor.callFromThread(self._start, inbox, self._attempt)
        try:
            while True:
                left = until - time.monotonic()
                work = _out_of(inbox, left) if left > 0 else None
                if work is None:
                    raise RuntimeError(f"the transaction took longer than {LIMITS['transaction'] // 1000} s")
                if work(txn):
                    return
        finally:
            reactor.callFromThread(self._close, inbox)

    def _start(self, inbox: _Inbox, attempt: int) -> None:
        self._inbox = inbox
        done = self._link.request("db.run", {"transaction": self._handle, "attempt": attempt})
        self._run_id = self._link.last_id
        done.addCallbacks(lambda _: self._end(inbox, None), lambda failure: self._end(inbox, failure.value))

    def _close(self, inbox: _Inbox) -> None:
        """An attempt is over: nothing that was asked in it may wait for ever, or be done in the next one."""
        self._inbox = None
        self._link.give_up(self._run_id, "the transaction is over")
        while not inbox.empty():
            inbox.get()(None)

    def _end(self, inbox: _Inbox, error: Exception | None) -> None:
        def end(txn: Any | None) -> bool:
            raised = self._raised
            if txn is None or error is None:
                return True
            # Synapse tries again after some errors of its database: they have to be the same objects.
            if raised is not None and str(raised) != "" and str(raised) in str(error):
                raise raised
            raise error

        if inbox is self._inbox:
            inbox.put(end)

    def lost(self, error: Exception) -> None:
        if self._inbox is not None:
            self._end(self._inbox, error)

    def execute(self, request_id: Json, params: Mapping[str, Json]) -> None:
        rows = [[_from_db_value(value) for value in row] for row in params["params"]]
        sql, many = str(params["sql"]), bool(params["many"])

        def work(txn: Any) -> str:
            if many:
                txn.executemany(sql, rows)
            else:
                txn.execute(sql, *([rows[0]] if rows else []))
            columns = None if txn.description is None else [column[0] for column in txn.description]
            found, is_end = ([], True) if columns is None else self._fetch(txn)
            wire = {"rowcount": txn.rowcount, "description": columns, "rows": found, "end": is_end}
            return to_json(wire)

        self._serve(request_id, work)

    def fetch(self, request_id: Json) -> None:
        def work(txn: Any) -> str:
            rows, is_end = self._fetch(txn)
            return to_json({"rows": rows, "end": is_end})

        self._serve(request_id, work)

    def _serve(self, request_id: Json, work: Callable[[Any], str]) -> None:
        def serve(txn: Any | None) -> bool:
            if txn is None:
                self._link.answer_error(request_id, _transaction_is_over())
                return False
            try:
                text = work(txn)
            except Exception as error:
                self._raised = error
                reactor.callFromThread(self._link.answer_error, request_id, error)
            else:
                reactor.callFromThread(self._link.answer, request_id, text)
            return False

        if self._inbox is None:
            raise _transaction_is_over()
        self._inbox.put(serve)

    @staticmethod
    def _fetch(txn: Any) -> tuple[list[list[Json]], bool]:
        found: list[list[Json]] = []
        size = 0
        while size < PIECE:
            rows = txn.fetchmany(ROWS_AT_ONCE)
            for row in rows:
                found.append([_to_db_value(value) for value in row])
                size += sum(len(value) if isinstance(value, (str, bytes, memoryview)) else 16 for value in row)
            if len(rows) < ROWS_AT_ONCE:
                return found, True
        return found, False


def _out_of(inbox: _Inbox, within: float) -> Callable[[Any], bool] | None:
    try:
        return inbox.get(timeout=within)
    except queue.Empty:
        return None


def _transaction_is_over() -> RuntimeError:
    return RuntimeError("the transaction is over")


def _to_db_value(value: Any) -> Json:
    """A value of a column as it travels; big integers, bytes and infinities as marked values."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float, bytes, bytearray, memoryview)):
        return _marked(value, (), is_any=True)
    if isinstance(value, (Mapping, list, tuple, set)):
        raise TypeError(
            f"a column is a {type(value).__name__}, which cannot be sent to a module: cast it to text in the SQL"
        )
    return str(value)


def _from_db_value(value: Any) -> Any:
    # Synapse keeps psycopg2 from taking `bytes`.
    return memoryview(value) if isinstance(value, bytes) else value


def _serve_db_begin(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    handle = int(params["transaction"])
    transaction = link.transactions[handle] = _Transaction(link, handle)
    desc = _text(params.get("desc"), "vesicle")

    async def work() -> str:
        try:
            await link.bridge.api.run_db_interaction(desc, transaction.run)
        finally:
            link.transactions.pop(handle, None)
        return "null"

    _in_background(link, request_id, params, work)


def _transaction(link: Link, params: Mapping[str, Json]) -> _Transaction:
    found = link.transactions.get(params["transaction"])
    if found is None:
        raise _transaction_is_over()
    return found


def _serve_db_execute(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    _transaction(link, params).execute(request_id, params)


def _serve_db_fetch(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    _transaction(link, params).fetch(request_id)


_SERVED: Final[dict[str, Callable[[Link, Json, Mapping[str, Json]], None]]] = {
    "state.get": _serve_state_get,
    "state.keys": _serve_state_keys,
    "state.all": _serve_state_all,
    "events.more": _serve_events_more,
    "media.read": _serve_media_read,
    "web.body": _serve_web_body,
    "template.render": _serve_template,
    "api.call": _serve_api_call,
    "db.begin": _serve_db_begin,
    "db.execute": _serve_db_execute,
    "db.fetch": _serve_db_fetch,
}


# ---- Web resources ---------------------------------------------------------------------------------------------------


class _Flow:
    """Tells a streamed response when the client takes no more."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._resumed: Deferred[None] | None = None
        self._is_paused = False

    def pauseProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_paused = True

    def resumeProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_paused = False
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)

    def stopProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_stopped = True
        self.resumeProducing()

    def is_stopped(self) -> bool:
        return self._is_stopped

    async def ready(self) -> None:
        if self._is_paused and not self._is_stopped:
            self._resumed = Deferred()
            await make_deferred_yieldable(self._resumed)


class _WebResource(Resource):
    """A web resource of a module: the request goes to the module host, its answer to the client."""

    def __init__(self, bridge: VesicleBridge, path: str, is_leaf: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.isLeaf = is_leaf
        self._bridge, self._path = bridge, path

    def render(self, request: Any) -> int:
        run_in_background(self._answer, request)
        return NOT_DONE_YET

    async def _answer(self, request: Any) -> None:
        with request.processing():
            link = self._bridge.ready
            flow = _Flow()
            if link is None:
                self._refuse(request, flow, 503, "The module host is not reachable")
                return
            handle = link.hold(_HttpRequest(request))

            def gone(_: Failure) -> None:
                flow.stopProducing()
                link.tell("web.gone", {"request": handle})

            request.notifyFinish().addErrback(gone)
            try:
                await self._relay(link, handle, request, flow)
            except Exception as error:
                if not isinstance(error, ModuleHostError):
                    logger.warning("The web resource %s failed: %r", self._path, error)
                self._refuse(request, flow, 502 if isinstance(error, ModuleHostError) else 500, "Internal server error")
            finally:
                link.release((handle,))

    async def _relay(self, link: Link, handle: int, request: Any, flow: _Flow) -> None:
        params = {"path": self._path, "request": _http_request(handle, request)}
        answer = await make_deferred_yieldable(link.request("web.request", params))
        if flow.is_stopped():
            return
        request.defaultContentType = None
        request.setResponseCode(int(answer["status"]))
        for name, value in answer["headers"]:
            request.responseHeaders.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        body = answer.get("body")
        if body is not None:
            data = base64.b64decode(body)
            has_length = request.responseHeaders.hasHeader(b"content-length") or request.method == b"HEAD"
            if not has_length and int(answer["status"]) not in (204, 304):
                request.setHeader(b"content-length", b"%d" % len(data))
            request.write(data)
        else:
            await self._stream(link, handle, request, flow)
        if not flow.is_stopped():
            request.finish()

    async def _stream(self, link: Link, handle: int, request: Any, flow: _Flow) -> None:
        request.registerProducer(flow, True)
        try:
            request.write(b"")
            while not flow.is_stopped():
                piece = await make_deferred_yieldable(link.request("web.read", {"request": handle}))
                if flow.is_stopped():
                    return
                if piece.get("failed"):
                    self._cut(request, flow)
                    return
                request.write(base64.b64decode(piece["data"]))
                if piece["end"]:
                    return
                await flow.ready()
        finally:
            if not flow.is_stopped():
                request.unregisterProducer()

    @staticmethod
    def _cut(request: Any, flow: _Flow) -> None:
        """The rest of a response will not come: the client must not take it for complete."""
        request.unregisterProducer()
        flow.stopProducing()
        channel = request.channel
        if channel is not None:
            channel.forceAbortClient()

    def _refuse(self, request: Any, flow: _Flow, status: int, text: str) -> None:
        if flow.is_stopped():
            return
        if request.startedWriting:
            self._cut(request, flow)
            return
        data = json.dumps({"errcode": "M_UNKNOWN", "error": text}).encode()
        request.responseHeaders = Headers()
        request.setResponseCode(status)
        request.setHeader(b"content-type", b"application/json")
        request.setHeader(b"content-length", b"%d" % len(data))
        request.write(data)
        request.finish()


# ---- Background updates ----------------------------------------------------------------------------------------------


def _update_setting(api: ModuleApi, name: str, otherwise: Any) -> Any:
    """What homeserver.yaml says below `background_updates`; Synapse tells modules in no other way."""
    return getattr(getattr(api._hs.config, "background_updates", None), name, otherwise)


class _Update:
    """What surrounds one iteration of a background update: an async context manager."""

    def __init__(self, bridge: VesicleBridge, hook: _Hook, args: Args) -> None:
        self._bridge, self._hook, self._args = bridge, hook, args
        self._link: Link | None = None
        self._slot: Json = None

    async def __aenter__(self) -> float:
        link = self._bridge.ready
        slot = await self._bridge.ask(self._hook, self._args)
        if link is None or not isinstance(slot, dict):
            return await self._unpaced()
        entering = link.request("slot.enter", {"slot": slot.get("slot")}, self._hook.timeout)
        try:
            duration = await make_deferred_yieldable(entering)
        except ModuleHostError as lost:
            link.tell("release", {"handles": [slot.get("slot")]})  # it is not left, since it was not entered
            self._hook.fail(self._args, lost)
            return await self._unpaced()
        self._link, self._slot = link, slot.get("slot")
        return cast(float, duration)

    async def _unpaced(self) -> float:
        """As without a controller."""
        api = self._bridge.api
        if _update_setting(api, "sleep_enabled", True):
            await api.sleep(_update_setting(api, "sleep_duration_ms", 1000) / 1000)
        return cast(float, _update_setting(api, "update_duration_ms", 100))

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._link is None:
            return
        params = {"slot": self._slot, **({} if error is None else {"error": repr(error)})}
        try:
            await make_deferred_yieldable(self._link.request("slot.exit", params, self._hook.timeout))
        except ModuleHostError as lost:
            logger.warning("background_update_controller.on_update: %s", lost)


# ---- The module that Synapse loads -----------------------------------------------------------------------------------


class VesicleBridge:
    """Synapse's module: one instance for each entry of `modules:` and each Synapse process."""

    @staticmethod
    def parse_config(config: Mapping[str, Json]) -> BridgeConfig:
        """Checks the configuration, that of the modules too: it connects to the module host."""
        parsed = parse_bridge_config(config)
        parsed.opened = connect_at_start(parsed)
        return parsed

    def __init__(self, config: BridgeConfig, api: ModuleApi) -> None:
        self.config, self.api = config, api
        self.functions: dict[str, Callable[..., Any]] = {}
        self._server_name = api.server_name
        self._hooks: dict[_Key, _Hook] = {}
        self._web: set[str] = set()
        self._warned: set[str] = set()
        self._known = self._known_callbacks()
        self._is_delegated = self._has_delegated_auth()
        self.host = HostLink(self, config)
        opened, config.opened = config.opened, None
        found = self.host.open(opened)
        if found is None:
            self._start_without()
        else:
            link, answer = found
            try:
                self.register(answer["callbacks"], answer["web"], is_start=True)
            except BaseException:
                self.host.give_up_start(link)
                raise
            self.host.opened(link)
        reactor.addSystemEventTrigger("before", "shutdown", self.host.stop)

    def __repr__(self) -> str:
        return f"<VesicleBridge {self.config.where}>"

    def is_local(self, user_id: Any) -> bool:
        """Whether a user is of this homeserver."""
        return isinstance(user_id, str) and user_id.partition(":")[2] == self._server_name

    # -- Questions of Synapse --

    @property
    def ready(self) -> Link | None:
        """The connection while modules may be asked."""
        return self.host.ready

    def ask(self, hook: _Hook, args: Args) -> Any:
        """Asks the modules, or gives what is known without asking; an awaitable."""
        skips = hook.skips
        if skips is not None and skips(args):
            return succeed(hook.neutral())
        if hook.is_told:
            return self.host.tell(hook, args)
        link = self.host.ready
        if link is not None:
            return link.ask(hook, args)
        return hook.failed(args, ModuleHostError("the module host is not reachable"))

    # -- Registering --

    def _known_callbacks(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = {}
        for category in CALLBACKS:
            method = getattr(self.api, f"register_{category}_callbacks", None)
            if method is not None:
                parameters = inspect.signature(method).parameters.values()
                known[category] = [one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY]
        return known

    def _has_delegated_auth(self) -> bool:
        try:
            self.api.register_password_auth_provider_callbacks()
        except ConfigError:
            return True
        return False

    def facts(self) -> dict[str, Json]:
        """What modules may know of this process."""
        api = self.api
        return {
            "server_name": api.server_name,
            "public_baseurl": api.public_baseurl,
            "email_app_name": api.email_app_name,
            "worker_name": api.worker_name,
            "worker_app": api.worker_app,
            "custom_template_dir": api.custom_template_dir,
            "run_background_tasks": api.should_run_background_tasks(),
            "synapse_version": _synapse_version(),
            "callbacks": self._known,
            "delegated_auth": self._is_delegated,
        }

    def _start_without(self) -> None:
        """Starts Synapse without modules: what they could refuse goes by policy, what they would be told is kept."""
        ahead: list[dict[str, Json]] = []
        for category, callbacks in CALLBACKS.items():
            if category not in self._known or (self._is_delegated and category == "password_auth_provider"):
                continue
            for name, row in callbacks.items():
                _, _, _, is_told, throws, _, refusal = row
                if name not in self._known[category]:
                    continue
                is_gate = refusal is not None
                is_named = throws != "logged" and category != "background_update_controller" and self._names(name)
                if is_gate or is_told or is_named:
                    entries = policy_of_modules(self.config.modules, name, is_gate)
                    ahead.append({"category": category, "name": name, "entries": entries})
        self._register_known(ahead)
        logger.error(
            "Synapse starts without the modules of %s (start: optional): %s. Until they are there, everything that a "
            "module can refuse goes by `on_failure` (%s), notifications are kept (%d at most), nothing else is asked; "
            "web resources of theirs are served only after a restart of Synapse",
            self.config.where,
            self.config.missing,
            self._policies(),
            self.config.queue,
        )
        self.host.connect_later(None)

    def _names(self, name: str) -> bool:
        """Whether the configuration of a module names a callback."""
        modules = self.config.modules if isinstance(self.config.modules, list) else []
        return any(isinstance(one, dict) and name in (one.get("callbacks") or ()) for one in modules)

    def _policies(self) -> str:
        entries = policy_of_modules(self.config.modules, "", True)
        policies = (f"{one['module']}: {json.dumps(one['on_failure'])}" for one in entries if one["mode"] == "enforce")
        return "; ".join(policies) or "no module is enforced"

    def register(self, callbacks: Sequence[Json], web: Sequence[Json], is_start: bool) -> None:
        """Takes over what the modules registered: new callbacks are registered with Synapse, gone ones made neutral."""
        wanted = self._wanted(callbacks)
        said = {_key(one) for one in wanted}
        for key, hook in self._hooks.items():
            if key not in said:
                hook.update(())
        self._register_known(wanted)
        for one in web:
            self._register_web(one, is_start)

    def register_late(self, one: Mapping[str, Json]) -> None:
        """A module registered a callback after the start: it takes effect at once."""
        try:
            self._register_known(self._wanted([one]))
        except Exception as error:
            (name,) = _names([one])
            logger.warning("%s could not be registered, so that Synapse does not ask the modules: %s", name, error)

    def _wanted(self, callbacks: Sequence[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
        """Those that this Synapse can be asked to call."""
        unknown = [one for one in callbacks if one["name"] not in self._known.get(one["category"], ())]
        self._warn_once("This Synapse has no callback %s: what modules registered for it is left out", _names(unknown))
        excluded = NEVER_WITH_DELEGATED_AUTH if self._is_delegated else ()
        never = [one for one in callbacks if _names([one])[0].startswith(excluded)]
        self._warn_once("Authentication is delegated, so that Synapse never calls %s", _names(never))
        refused = [one for one in never if one["category"] == "password_auth_provider"]
        return [one for one in callbacks if one not in unknown and one not in refused]

    def _warn_once(self, text: str, names: Sequence[str]) -> None:
        new = [name for name in names if name not in self._warned]
        if new:
            self._warned.update(new)
            logger.warning(text, ", ".join(new))

    def _register_known(self, callbacks: Sequence[Mapping[str, Json]]) -> None:
        """Brings hooks up to date, and registers new ones, all that Synapse takes; raises the first refusal.

        Only what Synapse has taken is known from then on: the rest is tried again when it is said again.
        """
        new: dict[_Key, tuple[_Hook, Mapping[str, Json]]] = {}
        for one in callbacks:
            key = category, name, _ = _key(one)
            hook = self._hooks.get(key)
            if hook is None:
                hook = new[key][0] if key in new else _Hook(self, category, name, CALLBACKS[category][name])
                new[key] = hook, one
            hook.update(one["entries"])
        refusal: Exception | None = None
        for keys in _calls_to_register(new):
            functions: dict[str, Any] = {}
            for category, name, login_type in keys:
                hook, one = new[category, name, login_type]
                function = self._function(hook)
                fields = tuple(one.get("fields") or ())
                functions[name] = {(login_type, fields): function} if login_type else function
            try:
                getattr(self.api, f"register_{category}_callbacks")(**functions)
            except Exception as error:
                names = ", ".join(f"{category}.{name}" for name in functions)
                text = f"Synapse does not register {names} now, but may when it is started anew: {error}"
                if refusal is None:
                    refusal = RuntimeError(text)
                    refusal.__cause__ = error
            else:
                self._hooks.update({key: new[key][0] for key in keys})
        if refusal is not None:
            raise refusal

    def _function(self, hook: _Hook) -> Callable[..., Any]:
        """What Synapse calls: a function with a name and exactly Synapse's parameters, which Synapse looks at."""
        ask, count = self.ask, len(hook.arguments)
        if hook.where == "background_update_controller.on_update":

            def function(*args: Any) -> Any:
                return _Update(self, hook, args)
        else:

            def function(*args: Any) -> Any:
                return ask(hook, args if len(args) >= count else hook.completed(args))

        function.__name__ = hook.name
        function.__qualname__ = f"VesicleBridge.{hook.name}"
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in hook.arguments]
        function.__dict__["__signature__"] = inspect.Signature(parameters)
        return function

    def _register_web(self, one: Mapping[str, Json], is_start: bool) -> None:
        path = str(one["path"])
        if path in self._web:
            return
        if not is_start:
            self._warn_once("The web resource %s is new: restart Synapse to have it served", [path])
            return
        kind = type(str(one["name"]), (_WebResource,), {})
        self.api.register_web_resource(path, kind(self, path, bool(one["subtree"])))
        self._web.add(path)


def _key(one: Mapping[str, Json]) -> _Key:
    return one["category"], one["name"], one.get("login_type") or ""


def _calls_to_register(keys: Iterable[_Key]) -> Iterable[list[_Key]]:
    """What to register at once: Synapse may have taken one callback of a call when it refuses the next."""
    calls: dict[_Key, list[_Key]] = {}
    for key in keys:
        category = key[0]
        calls.setdefault((category, "", "") if category in REGISTERED_TOGETHER else key, []).append(key)
    return calls.values()


def _names(callbacks: Iterable[Mapping[str, Json]]) -> list[str]:
    return [f"{one['category']}.{one['name']}" for one in callbacks]


def _description(error: Exception) -> str:
    if not isinstance(error, ConfigError):
        return str(error)
    causes = [error.msg]
    cause = error.__cause__
    while cause is not None:
        causes.append(str(cause))
        cause = cause.__cause__
    return f"{'.'.join(error.path or ())}: {': '.join(causes)}"


def _log_failure(failure: Failure, where: str) -> None:
    logger.warning("%s failed: %s", where, failure.getErrorMessage())


@contextmanager
def _own_thread_calls() -> Iterator[None]:
    """Lets the reactor turn inside one of its own turns.

    Twisted runs the calls of other threads in a loop over a list that it shortens afterwards. If that loop is what
    called us, then a turn of ours would run the same calls again: so it gets a list of its own meanwhile. Modules are
    made in a start-up event, where this is not so; a look at the stack tells.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != "runUntilCurrent":
        frame = frame.f_back
    if frame is None:
        yield
        return
    before, reactor.threadCallQueue = reactor.threadCallQueue, []
    try:
        yield
    finally:
        # Other threads add calls all the time: their list is theirs again before ours is looked at for the last time.
        end = len(before)
        ours, reactor.threadCallQueue = reactor.threadCallQueue, before
        before[end:end] = ours
