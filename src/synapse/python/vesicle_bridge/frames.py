"""Messages as frames of bytes, and the reading of a stream of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .constants import BYTES_FLAG
from .link_table import LIMITS
from .rows import Json
from .wire import MARK_TEXT, unmarked

_scan = json.JSONDecoder().raw_decode


def frame_of(text: str) -> bytes:
    """A message as it goes over the socket."""
    data = text.encode("ascii")
    if len(data) > LIMITS["frame"]:
        raise ValueError(f"a message of {len(data)} bytes is too long for the module host (limit {LIMITS['frame']})")
    return len(data).to_bytes(4, "big") + data


def head_with_bytes(text: str, data: bytes) -> bytes:
    """What goes before the bytes that a message carries: its highest bit says so, and the JSON has its own length."""
    json_text = text.encode("ascii")
    size = 4 + len(json_text) + len(data)
    return (BYTES_FLAG | size).to_bytes(4, "big") + len(json_text).to_bytes(4, "big") + json_text


class ProtocolError(Exception):
    """The other side sent what no module host sends."""


class _MarkedMessage(dict[str, Json]):
    """A message that holds marked values, not made yet."""


def part_of(message: Mapping[str, Json], name: str) -> Any:
    """A part of a message, its marked values made."""
    value = message.get(name)
    return unmarked(value) if isinstance(message, _MarkedMessage) else value


def params_of(message: Mapping[str, Json]) -> dict[str, Json]:
    params = part_of(message, "params")
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
        return message if MARK_TEXT not in text else _MarkedMessage(message)
