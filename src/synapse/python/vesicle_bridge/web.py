"""Web resources of modules."""

from __future__ import annotations

import base64
import json
from typing import Any

from synapse.module_api import make_deferred_yieldable, run_in_background
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from .arguments import http_request_object
from .errors import ModuleHostError
from .held_values import HttpRequest
from .link import Bridge, Link
from .runtime import logger


class _Flow:
    """Tells a streamed response when the client takes no more."""

    def __init__(self) -> None:
        self._is_stopped = False
        self._resumed: Deferred[None] | None = None
        self._is_paused = False

    def pauseProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_paused = True

    def resumeProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_paused = False
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)

    def stopProducing(self) -> None:  # noqa: N802 -- Twisted's name
        self._is_stopped = True
        self.resumeProducing()

    def is_stopped(self) -> bool:
        return self._is_stopped

    async def ready(self) -> None:
        if self._is_paused and not self._is_stopped:
            self._resumed = Deferred()
            await make_deferred_yieldable(self._resumed)


class WebResource(Resource):
    """A web resource of a module: the request goes to the module host, its answer to the client."""

    def __init__(self, bridge: Bridge, path: str, is_leaf: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.isLeaf = is_leaf
        self._bridge, self._path = bridge, path

    def render(self, request: Any) -> int:
        run_in_background(self._answer, request)
        return NOT_DONE_YET

    async def _answer(self, request: Any) -> None:
        with request.processing():
            link = self._bridge.ready
            flow = _Flow()
            if link is None:
                self._refuse(request, flow, 503, "The module host is not reachable")
                return
            handle = link.hold(HttpRequest(request))

            def gone(_: Failure) -> None:
                flow.stopProducing()
                link.tell("web.gone", {"request": handle})

            request.notifyFinish().addErrback(gone)
            try:
                await self._relay(link, handle, request, flow)
            except Exception as error:
                if not isinstance(error, ModuleHostError):
                    logger.warning("The web resource %s failed: %r", self._path, error)
                self._refuse(request, flow, 502 if isinstance(error, ModuleHostError) else 500, "Internal server error")
            finally:
                link.release((handle,))

    async def _relay(self, link: Link, handle: int, request: Any, flow: _Flow) -> None:
        params = {"path": self._path, "request": http_request_object(handle, request)}
        answer = await make_deferred_yieldable(link.request("web.request", params))
        if flow.is_stopped():
            return
        request.defaultContentType = None
        request.setResponseCode(int(answer["status"]))
        for name, value in answer["headers"]:
            request.responseHeaders.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        body = answer.get("body")
        if body is not None:
            data = base64.b64decode(body)
            has_length = request.responseHeaders.hasHeader(b"content-length") or request.method == b"HEAD"
            if not has_length and int(answer["status"]) not in (204, 304):
                request.setHeader(b"content-length", b"%d" % len(data))
            request.write(data)
        else:
            await self._stream(link, handle, request, flow)
        if not flow.is_stopped():
            request.finish()

    async def _stream(self, link: Link, handle: int, request: Any, flow: _Flow) -> None:
        request.registerProducer(flow, True)
        try:
            request.write(b"")
            while not flow.is_stopped():
                piece = await make_deferred_yieldable(link.request("web.read", {"request": handle}))
                if flow.is_stopped():
                    return
                if piece.get("failed"):
                    self._cut(request, flow)
                    return
                request.write(base64.b64decode(piece["data"]))
                if piece["end"]:
                    return
                await flow.ready()
        finally:
            if not flow.is_stopped():
                request.unregisterProducer()

    @staticmethod
    def _cut(request: Any, flow: _Flow) -> None:
        """The rest of a response will not come: the client must not take it for complete."""
        request.unregisterProducer()
        flow.stopProducing()
        channel = request.channel
        if channel is not None:
            channel.forceAbortClient()

    def _refuse(self, request: Any, flow: _Flow, status: int, text: str) -> None:
        if flow.is_stopped():
            return
        if request.startedWriting:
            self._cut(request, flow)
            return
        data = json.dumps({"errcode": "M_UNKNOWN", "error": text}).encode()
        request.responseHeaders = Headers()
        request.setResponseCode(status)
        request.setHeader(b"content-type", b"application/json")
        request.setHeader(b"content-length", b"%d" % len(data))
        request.write(data)
        request.finish()
