"""Synapse's log contexts around requests that wait for the module host."""

from __future__ import annotations

from typing import Any

# Not of `synapse.module_api`, for want of another way: `make_deferred_yieldable` would start a context anew that is
# finished (see `keeping_context`), and a background process costs ten times what most calls of modules do (see
# `in_background`).
from synapse.logging.context import SENTINEL_CONTEXT, set_current_context
from synapse.logging.context import LoggingContext as LoggingContext  # type: ignore[attr-defined]
from twisted.internet.defer import Deferred


def keeping_context(answer: Deferred[Any]) -> Deferred[Any]:
    """`make_deferred_yieldable` in fewer steps, and for requests that may be over when the answer comes.

    Synapse calls `on_new_event` in the context of a request that it answers meanwhile, and warns when such a context is
    started again. What goes on then gets a new one of the same name.
    """
    context = set_current_context(SENTINEL_CONTEXT)
    return answer.addBoth(_restore_context, context)


def _restore_context(result: Any, context: Any) -> Any:
    if context.finished:
        context = type(context)(name=str(context), **server_of(context))
    set_current_context(context)
    return result


def server_of(context: Any) -> dict[str, Any]:
    """The name of the server, which Synapse before 1.138 does not ask for."""
    return {"server_name": context.server_name} if hasattr(context, "server_name") else {}
