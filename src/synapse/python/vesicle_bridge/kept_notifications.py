"""Notifications that wait for the module host."""

from __future__ import annotations

from collections import deque

from synapse.module_api import run_in_background

from .constants import CLOGGED, KEPT_AT_ONCE, SWEEP_EVERY
from .hooks import Hook
from .link import Link
from .log_lines import log_failure
from .rows import Args
from .runtime import logger, reactor


class KeptNotifications:
    """Notifications that wait for the module host: as many as `queue` says, told in order, the others counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[tuple[Hook, Args]] = deque()
        self._dropped = 0
        self._is_over = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, hook: Hook, args: Args) -> None:
        if len(self._waiting) < self._limit:
            self._waiting.append((hook, hook.keepable(args)))
            return
        self._dropped += 1
        if self._is_over:
            self._say_dropped()
        elif self._dropped == 1:
            logger.warning("The queue of notifications is full (%d): further ones are dropped", self._limit)

    def send(self, link: Link) -> None:
        """Tells them, as fast as the module host takes them."""
        self._say_dropped()
        with link.writer:
            for _ in range(KEPT_AT_ONCE):
                if not self._waiting or link.bridge.ready is not link or link.writer.is_broken:
                    return
                if link.unsent > CLOGGED:
                    break
                hook, args = self._waiting.popleft()
                if hook.skips is not None and hook.skips(args):
                    continue  # of no module that is there now
                try:
                    run_in_background(link.ask, hook, args).addErrback(log_failure, hook.where)
                except Exception:
                    logger.exception("A notification (%s) could not be sent", hook.where)
        if self._waiting:
            reactor.callLater(SWEEP_EVERY, self.send, link)

    def drop(self) -> None:
        """Nobody will be told of them."""
        self._dropped += len(self._waiting)
        self._waiting.clear()
        self._limit, self._is_over = 0, True
        self._say_dropped()

    def _say_dropped(self) -> None:
        if self._dropped:
            logger.warning("%d notifications were dropped while the module host was away", self._dropped)
            self._dropped = 0
