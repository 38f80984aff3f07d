"""Registers callbacks while the modules are opened, and prints which the bridge forgets: one JSON object."""

import json
import logging
import random
import socket
import sys
from typing import Any

from played_loop import Loop, play
from twisted.internet.defer import Deferred, succeed

from vesicle_bridge import VesicleBridge
from vesicle_bridge.config import BridgeConfig
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.opened import Opened
from vesicle_bridge.wire import to_json

TRIALS = int(sys.argv[1])
NAMES = ("user_may_invite", "user_may_join_room", "user_may_create_room", "check_event_for_spam")
FIRST_ID = 1001  # of `modules.open`
logging.disable(logging.CRITICAL)
chance = random.Random(3)
problems: list[str] = []


class Api:
    """A `ModuleApi` that connects at once."""

    server_name = "hs.test"
    public_baseurl = email_app_name = worker_name = worker_app = custom_template_dir = None

    def __init__(self, loop: Loop, opened: Opened) -> None:
        self._loop, self._opened = loop, opened
        self.functions: dict[str, Any] = {}

    def register_spam_checker_callbacks(
        self,
        *,
        user_may_invite: Any = None,
        user_may_join_room: Any = None,
        user_may_create_room: Any = None,
        check_event_for_spam: Any = None,
    ) -> None:
        given = zip(
            NAMES, (user_may_invite, user_may_join_room, user_may_create_room, check_event_for_spam), strict=True
        )
        self.functions.update({name: function for name, function in given if function is not None})

    def register_password_auth_provider_callbacks(self) -> None:
        pass

    def should_run_background_tasks(self) -> bool:
        return True

    def run_as_background_process(self, _: str, work: Any, *args: Any) -> None:
        Deferred.fromCoroutine(work(*args)).addErrback(lambda failure: problems.append(failure.getTraceback()))

    def sleep(self, seconds: float) -> Deferred[None]:
        waking: Deferred[None] = Deferred()
        self._loop.callLater(seconds, waking.callback, None)
        return waking

    def defer_to_thread(self, *_: Any) -> Deferred[Any]:
        return succeed(self._opened)


def row(name: str, module: str) -> dict[str, Any]:
    return {"category": "spam_checker", "name": name, "entries": [{"module": module, "mode": "enforce"}]}


def framed(message: dict[str, Any]) -> bytes:
    data = to_json(message).encode()
    return len(data).to_bytes(4, "big") + data


def trial(number: int) -> None:
    loop = play()
    ours, theirs = socket.socketpair()
    opened = Opened(ours, None, FrameReader(), [])
    at_start = chance.random() < 0.5
    config = BridgeConfig(
        connect="unix:/played", spawn=None, modules=[], token=None, queue=9, is_required=at_start, missing=None
    )
    config.opened, config.missing = (opened, None) if at_start else (None, "later")
    expected: dict[str, str] = {}
    frames: list[bytes] = []
    answered = [row(name, "at the start") for name in chance.sample(NAMES, chance.randrange(len(NAMES) + 1))]
    expected.update({one["name"]: "at the start" for one in answered})
    late = [(name, f"late {index}") for index, name in enumerate(chance.choices(NAMES, k=chance.randrange(6)))]
    expected.update(late)
    frames = [framed({"method": "callback.register", "params": row(*one)}) for one in late]
    answer = framed({"id": FIRST_ID, "result": {"callbacks": answered, "web": []}})
    frames.insert(chance.randrange(len(frames) + 1), answer)
    data = b"".join(frames)
    # In one read, or in as many as the network likes.
    cuts = sorted(chance.sample(range(1, len(data)), chance.choice((0, 0, 1, 5))))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def iterate(_: float = 0.0) -> None:
        if pieces:
            theirs.sendall(pieces.pop(0))
        loop.turn()

    loop.iterate = iterate  # type: ignore[method-assign]
    api: Any = Api(loop, opened)
    bridge = VesicleBridge(config, api)
    loop.advance(1)
    while pieces:
        iterate()
        loop.pump()
    found = {
        hook.name: hook.module_names
        for hook in bridge._hooks.values()
        if hook.module_names and hook.name in api.functions
    }
    if bridge.host.state != "ready" or found != expected:
        how = "at the start" if at_start else "at a later connection"
        problems.append(f"{number}, {how}: {bridge.host.state}, {found} instead of {expected}")
    bridge.host.stop()
    theirs.close()


for number in range(TRIALS):
    trial(number)
json.dump({"problems": problems[:5], "count": len(problems)}, sys.stdout)
