"""What stays in Synapse while a module may ask for it: events, files, requests, the state of a room."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from .constants import BYTES_AT_ONCE, EVENTS_AT_ONCE
from .link_table import LIMITS
from .wire import to_json


class LaterState(NamedTuple):
    """The state of a room at the time when it is asked for: of a question that had to wait for the module host."""

    room_id: str


class HeldFile:
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


class HttpRequest:
    """A request that is being answered; its body is read on demand."""

    def __init__(self, request: Any) -> None:
        self.request = request


def event_json(event: Any) -> str:
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


class Holder(Protocol):
    """What keeps things of Synapse for as long as a module may ask for them: a link."""

    def hold(self, value: Any) -> int:
        """Keeps a value, and gives its handle."""
        ...


class EventPieces:
    """Events that a module gets a piece at a time: all those of a large room at once would hold up Synapse."""

    def __init__(self, events: Iterable[Any]) -> None:
        self._events = list(events)
        self._at = 0

    def piece(self) -> str:
        """The next of them, with commas between."""
        texts: list[str] = []
        size = 0
        for event in self._events[self._at : self._at + EVENTS_AT_ONCE]:
            texts.append(event_json(event))
            size += len(texts[-1])
            if size >= BYTES_AT_ONCE:
                break
        self._at += len(texts)
        return ",".join(texts)

    def is_at_end(self) -> bool:
        return self._at >= len(self._events)


def first_events(link: Holder, values: Iterable[Any]) -> str:
    events = EventPieces(values)
    piece = events.piece()
    rest = "" if events.is_at_end() else f',"rest":{link.hold(events)}'
    return f'{{"events":[{piece}]{rest}}}'
