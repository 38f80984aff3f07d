"""Calls of `ModuleApi` by modules: arguments and results by their kinds."""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, Final, cast

from synapse.module_api import RoomID, UserID

from .api_table import API_METHODS
from .arguments import fields_of, requester_object
from .background import in_background
from .frames import ProtocolError
from .held_values import event_json, first_events
from .link import Bridge, Link
from .rows import Json
from .stand_ins import SPECIAL_METHODS, Recorder
from .wire import to_json


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
    return fields_of(value, _names_of(cast(Any, type(value))) or vars(value))


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    names = tuple(attribute.name for attribute in getattr(kind, "__attrs_attrs__", ()))
    return names or tuple(getattr(kind, "_fields", ()))


def _templates(link: Link, templates: Iterable[Any]) -> str:
    return to_json([{"template": link.hold(template), "name": template.name} for template in templates])


def api_result(link: Link, kind: str, value: Any) -> str:
    if kind == "none" or value is None:
        return "null"
    if kind == "event":
        return event_json(value)
    if kind == "events":
        return first_events(link, value)
    if kind == "state_events":
        return first_events(link, value.values())
    if kind == "templates":
        return _templates(link, value)
    if kind == "record":
        return to_json(_record(value))
    if kind == "records":
        return to_json([_record(one) for one in value])
    if kind == "requester":
        return to_json(requester_object(value))
    return to_json(value.to_string() if kind == "id" else value)


def serve_api_call(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
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
                    value = recorder = Recorder(value)
            elif kind in _API_ARGUMENTS:
                value = _API_ARGUMENTS[kind](value)
            args[name] = value
        result = function(**args)
        if inspect.isawaitable(result):
            result = await result
        if recorder is not None:
            return to_json(recorder.response())
        text = api_result(link, result_kind, result)
        return f"[{text},{to_json(live)}]" if "live_json" in kinds.values() else text

    in_background(link, request_id, params, work)


def _function(bridge: Bridge, method: str) -> Callable[..., Any]:
    """What a method of `ModuleApi` calls; found once."""
    special = SPECIAL_METHODS.get(method)
    target: Any = bridge.api if special is None else partial(special, bridge)
    if special is None:
        for part in method.split("."):
            target = getattr(target, part)
    bridge.functions[method] = target
    return cast(Callable[..., Any], target)
