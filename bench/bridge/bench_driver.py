"""Modules of a Synapse that is measured: two to compare with, and one that calls the others on demand."""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from synapse.api.room_versions import RoomVersions
from synapse.events import make_event_from_dict
from synapse.media._base import FileInfo
from synapse.media.media_storage import ReadableFileWrapper
from synapse.module_api import (
    NOT_SPAM,
    DirectServeJsonResource,
    ModuleApi,
    make_deferred_yieldable,
    parse_json_object_from_request,
    run_in_background,
)
from twisted.internet.defer import gatherResults

Call = Callable[[], Awaitable[Any]]


def event_of(type: str, content: dict[str, Any], **members: Any) -> Any:
    """An event as Synapse passes it to modules, with what a signed event of a room has."""
    return make_event_from_dict(
        {
            "type": type,
            "room_id": "!IdsOfRoomsAreThisLong:localhost",
            "sender": "@alice:localhost",
            "content": content,
            "origin_server_ts": 1_700_000_000_000,
            "depth": 12,
            "hashes": {"sha256": "h" * 43},
            "signatures": {"localhost": {"ed25519:a_key": "s" * 86}},
            "auth_events": ["$" + letter * 43 for letter in "abc"],
            "prev_events": ["$" + "d" * 43],
            "unsigned": {"age_ts": 1_700_000_000_000},
            **members,
        },
        RoomVersions.V11,
    )


MESSAGE = event_of(
    "m.room.message", {"msgtype": "m.text", "body": "a message of the usual length, as people write them"}
)


def state_of(size: int) -> dict[tuple[str, str], Any]:
    """The state of a room with so many members."""
    members = (f"@user{number}:localhost" for number in range(size))
    content = {"membership": "join"}
    return {("m.room.member", user): event_of("m.room.member", content, state_key=user) for user in members}


class Noop:
    """What a question costs that a Python module answers at once."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        api.register_spam_checker_callbacks(check_event_for_spam=self.check_event_for_spam)

    async def check_event_for_spam(self, event: Any) -> Any:
        return NOT_SPAM


class Asking:
    """What a Python module's own calls cost: it asks as often as an event says, and reads files."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        self.api = api
        api.register_spam_checker_callbacks(
            check_event_for_spam=self.check_event_for_spam,
            check_media_file_for_spam=self.check_media_file_for_spam,
        )

    async def check_event_for_spam(self, event: Any) -> Any:
        for _ in range(event.content.get("rounds", 0) * event.content.get("at_once", 1)):
            await self.api.get_userinfo_by_id(ASKED)
        return NOT_SPAM

    async def check_media_file_for_spam(self, file: Any, info: Any) -> Any:
        size = 0

        def take(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)

        await file.write_chunks_to(take)
        assert size == os.path.getsize(file.path)
        return NOT_SPAM


ASKED = "@asked:localhost"


class Driver:
    """Answers `POST /_synapse/client/bench` with what some calls of one callback took."""

    def __init__(self, config: Any, api: ModuleApi) -> None:
        callbacks = api._callbacks
        # In the order of `modules:`.
        self.spam = callbacks.spam_checker._check_event_for_spam_callbacks
        self.files = callbacks.spam_checker._check_media_file_for_spam_callbacks
        self.allowed = callbacks.third_party_event_rules._check_event_allowed_callbacks
        self.states = {size: state_of(size) for size in (10, 10_000)}
        self.api = api
        api.register_web_resource("/_synapse/client/bench", Resource(self))

    def call(self, request: dict[str, Any]) -> Call:
        if "members" in request:
            callback, state = self.allowed[0], self.states[request["members"]]
            return lambda: callback(MESSAGE, state)
        if "file" in request:
            check, file = self.files[request["module"]], ReadableFileWrapper(self.api._hs.get_clock(), request["file"])
            return lambda: check(file, FileInfo(None, "an_id"))
        checker = self.spam[request["module"]]
        event = event_of("m.room.message", request["content"]) if "content" in request else MESSAGE
        return lambda: checker(event)

    async def measure(self, request: dict[str, Any]) -> dict[str, float]:
        if await self.api.check_user_exists(ASKED) is None:
            await self.api.register_user("asked")
        call, count = self.call(request), request["calls"]
        wall, cpu = time.perf_counter(), time.process_time()
        times = await self.run(call, count, request["in_flight"])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"wall": wall / count * 1e6, "cpu": cpu / count * 1e6, "median": sorted(times)[count // 2] * 1e6}

    async def run(self, call: Call, count: int, in_flight: int) -> list[float]:
        times: list[float] = []
        left = count

        async def caller() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                started = time.perf_counter()
                await call()
                times.append(time.perf_counter() - started)

        await make_deferred_yieldable(gatherResults([run_in_background(caller) for _ in range(in_flight)]))
        return times


class Resource(DirectServeJsonResource):
    """Takes `module` (and `content` or `file`) or `members`, `calls`, `in_flight`; answers with microseconds a call."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver

    async def _async_render_POST(self, request: Any) -> tuple[int, Any]:  # noqa: N802 -- Synapse's name
        return 200, await self.driver.measure(parse_json_object_from_request(request))
