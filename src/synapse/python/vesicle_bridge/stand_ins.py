"""What stands for something of the modules when Synapse is called: a request, and a cached function."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

from twisted.web.http_headers import Headers

from .link import Bridge
from .rows import Json
from .wire import latin


class Recorder:
    """Stands for a request while Synapse answers it, and keeps the answer for the module."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._disconnected = False
        self.responseHeaders = Headers()
        self.cookies: list[bytes] = []
        self.code = 200
        self._written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:  # noqa: N802 -- Twisted's name
        self.code = int(code)

    def setHeader(self, name: Any, value: Any) -> None:  # noqa: N802 -- Twisted's name
        self.responseHeaders.setRawHeaders(name, [value])

    def redirect(self, url: Any) -> None:
        self.setResponseCode(302)
        self.setHeader(b"location", url)

    def write(self, data: bytes) -> None:
        self._written.append(bytes(data))

    def finish(self) -> None:
        """Nothing goes to the client: the module's own answer will carry it."""

    def response(self) -> dict[str, Json]:
        headers = [
            [latin(name), latin(value)] for name, values in self.responseHeaders.getAllRawHeaders() for value in values
        ]
        headers += [["Set-Cookie", latin(cookie)] for cookie in self.cookies]
        return {"status": self.code, "headers": headers, "body": base64.b64encode(b"".join(self._written)).decode()}


class CachedFunction:
    """Stands for a cached function of the modules, so that Synapse forgets its results on all processes."""

    def __init__(self, bridge: Bridge | None, name: str) -> None:
        module, _, function = name.rpartition(".")
        self.__module__ = module or "vesicle"
        self.__name__ = function
        self._bridge, self._name = bridge, name

    def invalidate(self, keys: Iterable[Any]) -> None:
        self._tell(list(keys))

    def invalidate_all(self) -> None:
        self._tell(None)

    def _tell(self, keys: list[Any] | None) -> None:
        # Before it is ready, too: what its modules remember by then must not stay.
        link = self._bridge.host.link if self._bridge is not None else None
        if link is not None:
            link.tell("cache.invalidate", {"cache": self._name, "keys": keys})


def _register_cached_function(bridge: Bridge, cached_func: str) -> None:
    bridge.api.register_cached_function(cast(Any, CachedFunction(bridge, cached_func)))


def _invalidate_cache(bridge: Bridge, cached_func: str, keys: Sequence[Json]) -> Any:
    # The modules of this process have forgotten already.
    return bridge.api.invalidate_cache(cast(Any, CachedFunction(None, cached_func)), tuple(keys))


SPECIAL_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "register_cached_function": _register_cached_function,
    "invalidate_cache": _invalidate_cache,
}
