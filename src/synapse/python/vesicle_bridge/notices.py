"""What the module host tells without waiting for an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from .frames import params_of
from .log_lines import write_log_line
from .rows import Json
from .runtime import logger
from .wire import said_by, string_or, writable


class Listener(Protocol):
    """The connection that notices come over: a link."""

    def release(self, handles: Iterable[int]) -> None:
        """The modules need these no longer."""
        ...

    def register_late(self, one: Mapping[str, Json]) -> None:
        """A module registered a callback after the start."""
        ...

    def lose(self, reason: str | None) -> None:
        """The connection is over."""
        ...


class Notices:
    """Does what the notices of one connection say."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._misunderstood = 0
        # What modules registered before Synapse knows what they registered at their start; None from then on.
        self._early: dict[tuple[Json, ...], Mapping[str, Json]] | None = {}

    def watch(self) -> None:
        """The modules are open: takes over what they registered meanwhile."""
        early, self._early = self._early, None
        for one in (early or {}).values():
            self.hear("callback.register", {"params": one})

    def hear(self, method: str, message: Mapping[str, Json]) -> None:
        """A notice that cannot be understood is nobody's call: nothing else may be lost with it."""
        try:
            self._note(method, params_of(message))
        except Exception as error:
            self._misunderstood += 1
            # As many lines as digits, however many come.
            if self._misunderstood in (1, 10, 100, 1_000, 10_000, 100_000):
                told = "A notice %.100s of the module host is ignored (number %d): %s"
                logger.warning(told, writable(method), self._misunderstood, said_by(error))

    def _note(self, method: str, params: Mapping[str, Json]) -> None:
        if method == "log":
            write_log_line(params)
        elif method == "callback.register":
            if self._early is None:
                self._listener.register_late(params)
            else:
                # The answer to `modules.open` does not know of it, whichever comes first, and may be in the same read.
                self._early[tuple(params.get(name) for name in ("category", "name", "login_type"))] = params
        elif method == "release":
            handles = params.get("handles")
            self._listener.release(
                [handle for handle in handles if isinstance(handle, int)] if isinstance(handles, list) else ()
            )
        elif method == "bye":
            self._listener.lose(f"the module host says: {string_or(params.get('reason'), 'bye')}")
