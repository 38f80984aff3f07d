"""What the module host may ask of Synapse, by name."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from .api_calls import serve_api_call
from .background import in_background
from .held_values import EventPieces, HeldFile, LaterState, event_json, first_events
from .link import Link, Serve
from .link_table import LIMITS
from .rows import Json
from .transactions import serve_db_begin, serve_db_execute, serve_db_fetch
from .wire import to_json


async def _room_state(link: Link, params: Mapping[str, Json]) -> Mapping[tuple[str, str], Any]:
    held = link.held(params.get("state"))
    if isinstance(held, LaterState):
        return cast(Mapping[tuple[str, str], Any], await link.bridge.api.get_room_state(held.room_id))
    return cast(Mapping[tuple[str, str], Any], held)


def serve_state_get(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        event = (await _room_state(link, params)).get((params["type"], params["state_key"]))
        return "null" if event is None else event_json(event)

    _quickly(link, request_id, params, work)


def serve_state_keys(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        return to_json(list(await _room_state(link, params)))

    _quickly(link, request_id, params, work)


def serve_state_all(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    async def work() -> str:
        return first_events(link, (await _room_state(link, params)).values())

    _quickly(link, request_id, params, work)


def serve_events_more(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    handle = params.get("rest")
    events = cast(EventPieces, link.held(handle))
    piece = events.piece()
    rest = f',"rest":{handle}'
    if events.is_at_end():
        link.release([cast(int, handle)])
        rest = ""
    link.answer(request_id, f'{{"events":[{piece}]{rest}}}')


def _quickly(link: Link, request_id: Json, params: Mapping[str, Json], work: Callable[[], Any]) -> None:
    """State that is at hand is answered at once; it is in the memory of the question."""
    if isinstance(link.held(params.get("state")), LaterState):
        in_background(link, request_id, params, work)
        return
    try:
        work().send(None)
    except StopIteration as done:
        link.answer(request_id, done.value)


def serve_media_read(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    file, offset = cast(HeldFile, link.held(params.get("file"))), int(params["offset"])

    async def work() -> Any:
        data, is_end = await link.bridge.api.defer_to_thread(file.read, offset)
        return f'{{"end":{"true" if is_end else "false"}}}', data

    in_background(link, request_id, params, work)


def _piece(data: bytes, is_end: bool) -> str:
    return f'{{"data":"{base64.b64encode(data).decode()}","end":{"true" if is_end else "false"}}}'


def serve_web_body(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    content = link.held(params.get("request")).request.content
    size = content.seek(0, os.SEEK_END)
    content.seek(int(params["offset"]))
    data = content.read(LIMITS["chunk"])
    link.answer(request_id, _piece(data, content.tell() >= size))


def serve_template(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    template = link.held(params.get("template"))
    link.answer(request_id, to_json(template.render(params.get("values") or {})))


SERVED: Final[dict[str, Serve]] = {
    "state.get": serve_state_get,
    "state.keys": serve_state_keys,
    "state.all": serve_state_all,
    "events.more": serve_events_more,
    "media.read": serve_media_read,
    "web.body": serve_web_body,
    "template.render": serve_template,
    "api.call": serve_api_call,
    "db.begin": serve_db_begin,
    "db.execute": serve_db_execute,
    "db.fetch": serve_db_fetch,
}
