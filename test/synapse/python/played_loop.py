"""A reactor on a clock that stands still, with real sockets, for tests that play everything around the bridge."""

import select
from collections.abc import Callable
from typing import Any

from changed_names import change_name
from twisted.internet.task import Clock

from vesicle_bridge import calls


class Loop(Clock):
    """The reactor, as far as the bridge sees it."""

    running = True

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[Any, None] = {}
        self.writers: dict[Any, None] = {}
        self.addReader = self.readers.setdefault
        self.addWriter = self.writers.setdefault
        self.removeReader = lambda one: self.readers.pop(one, None)
        self.removeWriter = lambda one: self.writers.pop(one, None)
        self.addSystemEventTrigger = lambda *_: None

    def callFromThread(self, work: Callable[..., None], *args: Any) -> None:  # noqa: N802 -- Twisted's name
        work(*args)

    def turn(self) -> bool:
        """Reads and writes what can be; returns whether there was anything."""
        readable, writable, _ = select.select(list(self.readers), list(self.writers), [], 0)
        for one in readable:
            one.doRead()
        for one in writable:
            one.doWrite()
        return bool(readable or writable)

    def iterate(self, _: float = 0.0) -> None:
        self.turn()

    def pump(self) -> None:
        """Has everything happen that can without waiting."""
        while self.turn():
            pass


def play() -> Loop:
    """Gives the bridge a reactor of its own, and a clock that only the test turns."""
    loop = Loop()
    change_name("reactor", loop)
    calls.time.monotonic = loop.seconds  # type: ignore[attr-defined]
    return loop
