"""A module of Synapse that tells what the bridge beside it holds, and makes it work."""

import gc
import json
import weakref
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from synapse.module_api import ModuleApi, make_deferred_yieldable, run_in_background
from twisted.internet.defer import DeferredList
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from vesicle_bridge.link import Link

TABLES = ("calls._pending", "calls._deadlines", "_handles", "transactions", "writer._out")


class LinkProbe:
    """Answers with the sizes of all tables of open connections; asks callbacks; drops connections."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        api.register_web_resource("/_synapse/client/link_probe", _Probe(api))


# Synapse hides what is there at its start from the garbage collector.
_known: weakref.WeakSet[Link] = weakref.WeakSet()
_start = Link.start


def _started(link: Link) -> None:
    _known.add(link)
    _start(link)


Link.start = _started  # type: ignore[method-assign]


def links() -> list[Link]:
    """All that have not been forgotten."""
    gc.collect()
    return list(_known)


class _Probe(Resource):
    def __init__(self, api: ModuleApi) -> None:
        super().__init__()
        self.isLeaf = True
        self._api = api

    def render_GET(self, request: Any) -> bytes:  # noqa: N802 -- Twisted's name
        found = links()
        sizes = {
            path.rpartition(".")[2].strip("_"): sum(len(attrgetter(path)(one)) for one in found) for path in TABLES
        }
        open_ones = sum(not one.is_closed for one in found)
        # One may stay: what Synapse hid from the garbage collector at its start.
        return json.dumps(
            {"links": open_ones, "lost": len(found) - open_ones, "objects": len(gc.get_objects()), **sizes}
        ).encode()

    def render_POST(self, request: Any) -> int:  # noqa: N802 -- Twisted's name
        """Asks each callback with these arguments, so often, so many at once; or drops all connections."""
        order = json.load(request.content)
        if order.get("drop"):
            for link in links():
                link.lose("the probe dropped it")
        run_in_background(self._work, request, order)
        return NOT_DONE_YET

    async def _work(self, request: Any, order: dict[str, Any]) -> None:
        with request.processing():
            questions = self._questions(order)

            async def ask() -> None:
                for callback, args in questions:
                    await callback(*args)

            asking = [run_in_background(ask) for _ in range(order.get("at_once", 1))]
            await make_deferred_yieldable(DeferredList(asking))
            request.write(b"{}")
            request.finish()

    def _questions(self, order: dict[str, Any]) -> Iterator[tuple[Any, list[Any]]]:
        callbacks = self._api._hs.get_module_api_callbacks()
        for _ in range(order.get("count", 0)):
            for where, args in order["ask"]:
                category, name = where.split(".")
                (callback, *_others) = getattr(getattr(callbacks, category), f"_{name}_callbacks")
                yield callback, args
