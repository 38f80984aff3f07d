"""Reaching a module host that listens at an address."""

from __future__ import annotations

import socket
import time

from .config import BridgeConfig, parse_address
from .constants import DIAL_WITHIN
from .errors import ModuleHostError


def dial(config: BridgeConfig, within: float) -> socket.socket:
    kind, address = parse_address(config.connect)
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
