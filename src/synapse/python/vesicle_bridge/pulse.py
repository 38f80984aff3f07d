"""Pings: whether the module host still responds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from .constants import HUNG_AFTER, LOOK_AGAIN, SLOWEST
from .link_table import LIMITS
from .rows import Json
from .runtime import reactor


class Pinged(Protocol):
    """The connection that is pinged: a link."""

    is_closed: bool
    received: int
    last_id: int

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        ...

    @property
    def is_ours_to_end(self) -> bool:
        """Whether nobody else would end it when it hangs."""
        ...

    def request(self, method: str, params: Json) -> Deferred[Any]:
        """Asks the module host anything."""
        ...

    def silent(self, ping_id: int) -> None:
        """This ping was not answered in time."""
        ...

    def responded(self, ping_id: int) -> None:
        """This ping was answered."""
        ...

    def lose(self, reason: str | None) -> None:
        """The connection is over."""
        ...


class Pulse:
    """Pings the module host: only the answer to the ping shows life; what else comes lengthens the patience."""

    def __init__(self, link: Pinged) -> None:
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
            self._link.silent(self._ping_id)

    def _end(self) -> None:
        if self._link.is_ours_to_end:
            self._link.lose(f"it has not responded for {HUNG_AFTER:.0f} s")

    def _pong(self, _: Any) -> None:
        if self._link.is_closed:
            return
        self._after(self._sent_at + LIMITS["pingEvery"] / 1000 - time.monotonic(), self._ping)
        self._link.responded(self._ping_id)
