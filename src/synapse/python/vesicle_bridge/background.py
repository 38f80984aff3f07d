"""Work for modules in log contexts of its own."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import Any

from synapse import module_api
from synapse.module_api import ModuleApi, run_in_background

from .contexts import LoggingContext, server_of
from .link import Link
from .rows import Json


def run_apart(api: ModuleApi, name: str, work: Callable[..., Any], *args: Any) -> None:
    """Runs work in a log context of its own."""
    runner: Any = api if hasattr(api, "run_as_background_process") else module_api  # an older Synapse's way
    runner.run_as_background_process(name, work, *args)


def _start(work: Coroutine[Any, Any, None]) -> None:
    """`run_in_background` out of the sentinel context, for work that mostly ends in its first step.

    It is made no Deferred until it waits for something, which costs as much as most calls of modules.
    """
    try:
        awaited = work.send(None)
    except StopIteration:
        return

    async def rest() -> None:
        await _rest_of(work, awaited)

    run_in_background(rest)


@types.coroutine
def _rest_of(work: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """A coroutine that waits for something already."""
    try:
        while True:
            try:
                result = yield awaited
            except Exception as error:
                awaited = work.throw(error)
            else:
                awaited = work.send(result)
    except StopIteration:
        return


def in_background(link: Link, request_id: Json, params: Mapping[str, Json], work: Callable[[], Any]) -> None:
    """Runs work for a module in a log context of its own, and answers with the JSON that it gives.

    Work that belongs to a question of Synapse gets a child of its context, since what a module does not await may go on
    when its question is answered: the context of a request that is finished must not be started again. What the child
    has used counts as used by the parent.
    """
    parent = link.context_of(params.get("call"))
    if parent is None:
        run_apart(link.bridge.api, "vesicle_request", _answer, link, request_id, work)
        return

    async def run() -> None:
        with LoggingContext(name=str(parent), parent_context=parent, **server_of(parent)):
            await _answer(link, request_id, work)

    _start(run())


async def _answer(link: Link, request_id: Json, work: Callable[[], Any]) -> None:
    try:
        told = await work()
    except Exception as error:
        link.answer_error(request_id, error)
    else:
        link.answer(request_id, *(told if isinstance(told, tuple) else (told,)))
