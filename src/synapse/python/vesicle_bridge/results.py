"""Results of callbacks, by kind, and what Synapse gets without modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from synapse import module_api
from synapse.module_api import NOT_SPAM, PRESENCE_ALL_USERS, ModuleApi, UserPresenceState
from synapse.module_api.errors import Codes
from synapse.spam_checker_api import RegistrationBehaviour

from .arguments import LIMIT_FIELDS, PRESENCE_FIELDS
from .rows import Json
from .runtime import logger


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
    return {UserPresenceState(**_only(one, PRESENCE_FIELDS)) for one in wire}


def _only(wire: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    return {name: wire[name] for name in names}


def _upload_limit(wire: Mapping[str, Json]) -> module_api.MediaUploadLimit:
    return module_api.MediaUploadLimit(**_only(wire, LIMIT_FIELDS))


def checked(kind: type, value: Json) -> Any:
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def as_is(wire: Json) -> Any:
    return wire


DECODERS: Final[dict[str, Callable[[Json], Any]]] = {
    "none": lambda wire: None,
    "spam": _spam,
    "registration": lambda wire: RegistrationBehaviour[wire],
    "event_decision": lambda wire: (bool(wire["allowed"]), wire["replacement"]),
    "text": lambda wire: checked(str, wire),
    "presence_map": lambda wire: {checked(str, user): _presences(states) for user, states in wire},
    "users": lambda wire: PRESENCE_ALL_USERS if wire == "ALL" else {checked(str, user) for user in checked(list, wire)},
    "upload_limits": lambda wire: [_upload_limit(limit) for limit in checked(list, wire)],
    "ratelimit": lambda wire: module_api.RatelimitOverride(
        per_second=wire["per_second"], burst_count=wire["burst_count"]
    ),
    "renewal": lambda wire: tuple(wire),
}
NEUTRAL_RESULTS: Final[dict[str, Callable[[], Any]]] = {
    "spam": lambda: NOT_SPAM,
    "registration": lambda: RegistrationBehaviour.ALLOW,
    "event_decision": lambda: (True, None),
    "presence_map": dict,
    "users": set,
}


def update_setting(api: ModuleApi, name: str, otherwise: Any) -> Any:
    """What homeserver.yaml says below `background_updates`; Synapse tells modules in no other way."""
    return getattr(getattr(api._hs.config, "background_updates", None), name, otherwise)
