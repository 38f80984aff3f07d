"""Arguments of callbacks as they travel, by kind."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from .constants import SMALL_BODY
from .held_values import HeldFile, Holder, HttpRequest, event_json
from .rows import Json
from .wire import latin, to_json


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


def fields_of(value: object, names: Iterable[str]) -> dict[str, Json]:
    return {name: getattr(value, name) for name in names}


_REQUESTER_FIELDS: Final = (
    "is_guest",
    "shadow_banned",
    "device_id",
    "access_token_id",
    "app_service_id",
    "authenticated_entity",
)
PRESENCE_FIELDS: Final = (
    "user_id",
    "state",
    "last_active_ts",
    "last_federation_update_ts",
    "last_user_sync_ts",
    "status_msg",
    "currently_active",
)
LIMIT_FIELDS: Final = ("max_bytes", "time_period_ms", "info_uri", "can_upgrade")
_THUMBNAIL_FIELDS: Final = ("width", "height", "method", "type", "length")


def requester_object(requester: Any) -> dict[str, Json]:
    return {"user_id": requester.user.to_string(), **fields_of(requester, _REQUESTER_FIELDS)}


def _media_info(info: Any) -> dict[str, Json]:
    thumbnail = None if info.thumbnail is None else fields_of(info.thumbnail, _THUMBNAIL_FIELDS)
    return {**fields_of(info, ("server_name", "file_id", "url_cache")), "thumbnail": thumbnail}


def http_request_object(handle: int, request: Any) -> dict[str, Json]:
    content = request.content
    size = content.seek(0, os.SEEK_END) if content is not None else 0
    wire: dict[str, Json] = {
        "request": handle,
        "method": latin(request.method),
        "uri": latin(request.uri),
        "headers": [
            [latin(name), latin(value)]
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


Encoder = Callable[[Holder, list[int], Any], str]


def _state(link: Holder, handles: list[int], value: Any) -> str:
    handle = link.hold(value)
    handles.append(handle)
    return f'{{"state":{handle}}}'


def _media_file(link: Holder, handles: list[int], value: Any) -> str:
    handle = link.hold(HeldFile(value.path))
    handles.append(handle)
    return to_json({"file": handle, "path": value.path})


def _request(link: Holder, handles: list[int], value: Any) -> str:
    handle = link.hold(HttpRequest(value))
    handles.append(handle)
    return to_json(http_request_object(handle, value))


def _delivery(value: Any) -> str:
    events = ",".join(event_json(event) for event in value.events)
    method = getattr(value.method, "value", value.method)
    return f'{{"server_name":{to_json(value.server_name)},"method":{to_json(method)},"events":[{events}]}}'


# Kinds that need nothing but the value.
PLAIN_ENCODERS: Final[dict[str, Callable[[Any], str]]] = {
    "json": to_json,
    "live_json": to_json,
    "event": event_json,
    "requester": lambda value: to_json(requester_object(value)),
    "profile": lambda value: to_json(fields_of(value, ("display_name", "avatar_url"))),
    "presences": lambda value: to_json([fields_of(one, PRESENCE_FIELDS) for one in value]),
    "media_info": lambda value: to_json(_media_info(value)),
    "delivery": _delivery,
    "upload_limit": lambda value: to_json(fields_of(value, LIMIT_FIELDS)),
}
# Kinds that leave a handle behind.
HOLDING_ENCODERS: Final[dict[str, Encoder]] = {"state": _state, "media_file": _media_file, "request": _request}
