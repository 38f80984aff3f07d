"""The logger of the bridge, and Twisted's reactor."""

from __future__ import annotations

import logging
from typing import Any, cast

from twisted.internet import reactor as _twisted_reactor

logger = logging.getLogger("vesicle")
reactor = cast(Any, _twisted_reactor)  # a module to type checkers; the reactor in truth
