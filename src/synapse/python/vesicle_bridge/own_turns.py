"""Turns of the reactor inside one of its own turns."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

from .runtime import reactor


@contextmanager
def own_thread_calls() -> Iterator[None]:
    """Lets the reactor turn inside one of its own turns.

    Twisted runs the calls of other threads in a loop over a list that it shortens afterwards. If that loop is what
    called us, then a turn of ours would run the same calls again: so it gets a list of its own meanwhile. Modules are
    made in a start-up event, where this is not so; a look at the stack tells.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != "runUntilCurrent":
        frame = frame.f_back
    if frame is None:
        yield
        return
    before, reactor.threadCallQueue = reactor.threadCallQueue, []
    try:
        yield
    finally:
        # Other threads add calls all the time: their list is theirs again before ours is looked at for the last time.
        end = len(before)
        ours, reactor.threadCallQueue = reactor.threadCallQueue, before
        before[end:end] = ours
