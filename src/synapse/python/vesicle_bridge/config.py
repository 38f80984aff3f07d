"""The bridge's own keys of homeserver.yaml."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from synapse.module_api.errors import ConfigError

from .constants import CONNECT_WITHIN, START_WITHIN
from .opened import Opened
from .rows import Json


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
        parse_address(connect)
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


def parse_address(connect: Json) -> tuple[str, Any]:
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
