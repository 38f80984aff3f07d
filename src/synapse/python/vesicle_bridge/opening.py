"""Opening a connection: blocking, since Synapse's `parse_config` is."""

from __future__ import annotations

import importlib.metadata
import itertools
import socket
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from synapse.module_api.errors import ConfigError

from .config import BridgeConfig
from .constants import HELLO_WITHIN, START_WITHIN
from .errors import ModuleHostError, error_from_wire
from .frames import FrameReader, ProtocolError, frame_of, part_of
from .link_table import BRIDGE_VERSION, PROTOCOL_VERSION
from .opened import Opened
from .processes import end_of_process, spawn_host
from .reaching import dial
from .rows import Json
from .wire import UnsendableError, marked, said_by, string_or, to_wire


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


def description_of(error: Exception) -> str:
    if not isinstance(error, ConfigError):
        return str(error)
    causes = [error.msg]
    cause = error.__cause__
    while cause is not None:
        causes.append(str(cause))
        cause = cause.__cause__
    return f"{'.'.join(error.path or ())}: {': '.join(causes)}"


class HandshakeError(Exception):
    """The module host is there but cannot be used; trying again at once is of no use."""


def open_connection(config: BridgeConfig, within: float, dialling: list[socket.socket] | None = None) -> Opened:
    """Connects or starts the module host, says hello, and has it load the modules.

    `dialling` holds the socket meanwhile, so that another thread can end the waiting.
    """
    sock, process = spawn_host(config.spawn) if config.spawn is not None else (dial(config, within), None)
    if dialling is not None:
        dialling.append(sock)
    opened = Opened(sock, process, FrameReader(), [])
    try:
        asked = _Asked(opened)
        hello = {"protocol": PROTOCOL_VERSION, "bridge": BRIDGE_VERSION, "synapse": synapse_version()}
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
        loaded = asked.ask("modules.load", {"modules": config_values(config.modules)}, START_WITHIN)
        opened.problems = list(loaded.get("problems") or ()) if isinstance(loaded, dict) else []
        return opened
    except ModuleHostError:
        if process is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
        end = end_of_process(process)
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
    return string_or(answer.get("vesicle"), "?") if isinstance(answer, dict) else "?"


def synapse_version() -> str:
    try:
        return importlib.metadata.version("matrix-synapse")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


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
                    raise HandshakeError(said_by(error_from_wire(message["error"])))
                return part_of(message, "result")

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
                return f": {string_or((notice.get('params') or {}).get('reason'))}"
        return ""


def config_values(modules: Json) -> Json:
    """The modules' configuration as it travels; what YAML has and no module can get is refused with its key."""
    try:
        return marked(modules, (), is_any=True)
    except UnsendableError as error:
        path = [f"<item {part}>" if isinstance(part, int) else part for part in error.path]
        raise ConfigError(f"is {error.kind}, which cannot be sent to the module host", ["modules", *path]) from None


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
    config.missing = description_of(failure)
    return None
