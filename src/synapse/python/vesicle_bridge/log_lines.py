"""Lines for Synapse's log: those of modules, and those that would repeat themselves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from twisted.python.failure import Failure

from .constants import WARN_EVERY
from .rows import Json
from .runtime import logger, reactor
from .wire import string_or, writable

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


def write_log_line(params: Mapping[str, Json]) -> None:
    """A line of a module in Synapse's log."""
    module = params.get("module")
    to = logging.getLogger(writable(f"vesicle.{module}")) if isinstance(module, str) and module else logger
    text, stack = string_or(params.get("message")), params.get("stack")
    level = _LEVELS.get(string_or(params.get("level")), logging.INFO)
    to.log(level, "%s", writable(f"{text}\n{stack}" if isinstance(stack, str) and stack else text))


class RepeatedLines:
    """Writes the first of several like lines to the log, and then how many were left out."""

    def __init__(self) -> None:
        # By the text and its first arguments: how many came since the last line. The last argument is the error.
        self._left_out: dict[tuple[object, ...], int] = {}

    def warn(self, text: str, *args: object) -> None:
        """Writes a warning, unless one of the kind was written within the last seconds."""
        kind = (text, *args[:-1])
        if kind in self._left_out:
            self._left_out[kind] += 1
            return
        logger.warning(text, *args)
        self._wait(kind, args[-1])

    def _wait(self, kind: tuple[object, ...], last: object) -> None:
        self._left_out[kind] = 0
        reactor.callLater(WARN_EVERY, self._sum_up, kind, last)

    def _sum_up(self, kind: tuple[object, ...], last: object) -> None:
        count = self._left_out.pop(kind)
        if count:
            text, *args = kind
            logger.warning(f"{text} (%d more in %d s)", *args, last, count, WARN_EVERY)
            self._wait(kind, last)


def log_failure(failure: Failure, where: str) -> None:
    logger.warning("%s failed: %s", where, failure.getErrorMessage())
