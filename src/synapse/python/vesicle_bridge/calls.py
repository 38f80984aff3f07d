"""The requests to the module host that are not yet answered, and how long each may still take."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from .constants import SWEEP_EVERY
from .errors import ModuleHostError, failure_of
from .hooks import Hook
from .rows import Args, Json
from .runtime import reactor
from .socket_writer import SocketWriter


class Caller(Protocol):
    """The connection that the requests went over: a link."""

    is_closed: bool
    writer: SocketWriter

    def tell(self, method: str, params: Json) -> None:
        """Sends a notice."""
        ...

    def release(self, handles: Iterable[int]) -> None:
        """Forgets what was kept for the request."""
        ...


class Call(NamedTuple):
    """A request of ours that is not yet answered."""

    answer: Deferred[Any] | None  # None: nobody waits any longer for the end of this notification
    hook: Hook | None
    args: Args
    handles: Sequence[int]
    context: Any


class Calls:
    """All requests of one connection that wait for an answer."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._pending: dict[int, Call] = {}
        self._deadlines: dict[int, float] = {}
        self._is_sweeping = False
        self._late: list[int] = []

    def add(self, request_id: int, call: Call, within: float | None) -> None:
        """Keeps a request; gives it up when it is not answered in so many seconds."""
        self._pending[request_id] = call
        if within is not None:
            self._deadlines[request_id] = time.monotonic() + within
            self._sweep_later()

    def get(self, request_id: Json) -> Call | None:
        """A request that still waits."""
        return self._pending.get(request_id) if isinstance(request_id, int) else None

    def take(self, request_id: Json) -> Call | None:
        """A request that is answered now; None when it was given up meanwhile."""
        call = self._pending.pop(request_id, None) if isinstance(request_id, int) else None
        if call is None:
            return None
        if self._deadlines:
            self._deadlines.pop(request_id, None)
        if call.handles:
            self._caller.release(call.handles)
        return call

    def settle_all(self, error: Exception) -> None:
        """The connection is over: nothing will be answered any more."""
        pending = list(self._pending.values())
        self._pending.clear()
        self._deadlines.clear()
        for call in pending:
            self.settle(call, error)

    def settle(self, call: Call, error: Exception) -> None:
        """Ends a call that gets no answer."""
        self._caller.release(call.handles)
        self._fail(call, error)

    @staticmethod
    def _fail(call: Call, error: Exception) -> None:
        if call.answer is None:
            return
        if call.hook is None:
            call.answer.errback(failure_of(error))
            return
        try:
            value = call.hook.fail(call.args, error)
        except Exception as raised:
            call.answer.errback(failure_of(raised))
        else:
            call.answer.callback(value)

    def _sweep_later(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            reactor.callLater(SWEEP_EVERY, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        if self._caller.is_closed:
            return
        now = time.monotonic()
        late = [request_id for request_id, deadline in self._deadlines.items() if deadline <= now]
        with self._caller.writer:
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
        with self._caller.writer:
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

    def _let_go(self, request_id: int, call: Call, why: str) -> None:
        self._pending[request_id] = call._replace(answer=None)
        self._fail(call, ModuleHostError(why))

    def _cancel(self, request_id: int) -> None:
        call = self._pending.pop(request_id, None)
        if call is not None:
            self._caller.tell("cancel", {"id": request_id})
            self._caller.release(call.handles)
