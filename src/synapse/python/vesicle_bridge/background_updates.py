"""The controller of background updates: what surrounds one iteration."""

from __future__ import annotations

from typing import cast

from synapse.module_api import make_deferred_yieldable

from .errors import ModuleHostError
from .hooks import Hook
from .link import Bridge, Link
from .results import update_setting
from .rows import Args, Json
from .runtime import logger


class PacedUpdate:
    """What surrounds one iteration of a background update: an async context manager."""

    def __init__(self, bridge: Bridge, hook: Hook, args: Args) -> None:
        self._bridge, self._hook, self._args = bridge, hook, args
        self._link: Link | None = None
        self._slot: Json = None

    async def __aenter__(self) -> float:
        link = self._bridge.ready
        slot = await self._bridge.ask(self._hook, self._args)
        if link is None or not isinstance(slot, dict):
            return await self._unpaced()
        entering = link.request("slot.enter", {"slot": slot.get("slot")}, self._hook.timeout)
        try:
            duration = await make_deferred_yieldable(entering)
        except ModuleHostError as lost:
            link.tell("release", {"handles": [slot.get("slot")]})  # it is not left, since it was not entered
            self._hook.fail(self._args, lost)
            return await self._unpaced()
        self._link, self._slot = link, slot.get("slot")
        return cast(float, duration)

    async def _unpaced(self) -> float:
        """As without a controller."""
        api = self._bridge.api
        if update_setting(api, "sleep_enabled", True):
            await api.sleep(update_setting(api, "sleep_duration_ms", 1000) / 1000)
        return cast(float, update_setting(api, "update_duration_ms", 100))

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._link is None:
            return
        params = {"slot": self._slot, **({} if error is None else {"error": repr(error)})}
        try:
            await make_deferred_yieldable(self._link.request("slot.exit", params, self._hook.timeout))
        except ModuleHostError as lost:
            logger.warning("background_update_controller.on_update: %s", lost)
