"""Leaves requests of the bridge without an answer, and prints which wait longer than their time: one JSON object."""

import json
import logging
import random
import socket
import sys
from typing import Any

from played_loop import Loop, play
from twisted.internet.defer import Deferred, ensureDeferred

from vesicle_bridge import VesicleBridge
from vesicle_bridge.config import BridgeConfig
from vesicle_bridge.errors import ModuleHostError
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.opened import Opened
from vesicle_bridge.wire import to_json

TRIALS = int(sys.argv[1])
ON_FAILURE = {"local": "allow", "federated": "allow"}
CALLBACKS = (
    ("password_auth_provider", "check_3pid_auth"),
    ("background_update_controller", "on_update"),
    ("third_party_rules", "on_threepid_bind"),
)
# Seconds.
STEP = 0.5
GRACE = 1.0
logging.disable(logging.CRITICAL)
chance = random.Random(4)
problems: list[str] = []


class Api:
    """A `ModuleApi` with what has a time."""

    server_name = "hs.test"
    _hs = None

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.functions: dict[str, Any] = {}

    def register_password_auth_provider_callbacks(self, *, check_3pid_auth: Any = None) -> None:
        self.functions["check_3pid_auth"] = check_3pid_auth

    def register_background_update_controller_callbacks(self, *, on_update: Any) -> None:
        self.functions["on_update"] = on_update

    def register_third_party_rules_callbacks(self, *, on_threepid_bind: Any = None) -> None:
        self.functions["on_threepid_bind"] = on_threepid_bind

    def run_as_background_process(self, *_: Any) -> None:
        pass

    def sleep(self, seconds: float) -> Deferred[None]:
        waking: Deferred[None] = Deferred()
        self._loop.callLater(seconds, waking.callback, None)
        return waking


class Config:
    """The settings of background updates: no pause, so that a test sees when they go on."""

    class background_updates:  # noqa: N801 -- Synapse's name
        sleep_enabled = False
        update_duration_ms = 7


class Homeserver:
    """As much of Synapse as the bridge looks at."""

    config = Config


class Host:
    """The module host: answers pings while it is there, and of the rest what it is told to."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        self._loop, self._sock = loop, sock
        self._reader = FrameReader()
        self.is_there = True
        self.silent_to: set[str] = set()
        self.heard: list[Any] = []
        self._kept: list[Any] = []

    def _answer(self, frame: Any) -> None:
        method = frame["method"]
        if method in self.silent_to or frame.get("params", {}).get("callback") in self.silent_to:
            return
        results: dict[str, Any] = {
            "password_auth_provider.check_3pid_auth": {"user_id": "@a:hs.test", "callback": 5},
            "background_update_controller.on_update": {"slot": 6},
            "function.call": {"response": {"changed": True}},
            "slot.enter": 50,
        }
        result = results.get(frame["params"]["callback"] if method == "callback.invoke" else method)
        data = to_json({"id": frame["id"], "result": result}).encode()
        self._sock.sendall(len(data).to_bytes(4, "big") + data)

    def turn(self) -> None:
        for _ in range(3):
            self._loop.pump()
            try:
                frames = list(self._reader.feed(self._sock.recv(1 << 20)))
            except BlockingIOError:
                frames = []
            self.heard.extend(frames)
            self._kept.extend(frame for frame in frames if "id" in frame)
            if self.is_there:
                kept, self._kept = self._kept, []
                for frame in kept:
                    self._answer(frame)

    def advance(self, seconds: float) -> None:
        until = self._loop.seconds() + seconds
        self.turn()
        while self._loop.seconds() < until:
            self._loop.advance(min(STEP, until - self._loop.seconds()))
            self.turn()

    def cancelled(self) -> set[int]:
        return {frame["params"]["id"] for frame in self.heard if frame.get("method") == "cancel"}


def trial(number: int) -> None:
    loop = play()
    api: Any = Api(loop)
    api._hs = Homeserver
    seconds = chance.choice((1, 4, 12, 25))
    is_own = chance.random() < 0.5
    config = BridgeConfig(
        connect="unix:/played", spawn=None, modules=[], token=None, queue=9, is_required=False, missing="later"
    )
    config.timeout = None if is_own else float(seconds)
    bridge = VesicleBridge(config, api)
    entry = {"module": "./slow.ts", "mode": "enforce", "on_failure": ON_FAILURE}
    entry["timeout"] = seconds * 1000 if is_own else None
    rows = [{"category": category, "name": name, "entries": [entry]} for category, name in CALLBACKS]
    bridge.register(rows, [], is_start=False)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    bridge.host.state = "opening"
    link = bridge.host._attach(Opened(ours, None, FrameReader(), []))
    bridge.host.opened(link)
    host = Host(loop, theirs)
    host.turn()
    for play_one in chance.sample((play_login, play_update, play_notification), 3):
        host.silent_to.clear()
        play_one(number, host, api.functions, seconds)
        host.advance(6)
    calls = link.calls
    if calls._deadlines or [call for call in calls._pending.values() if call.hook is not None] or calls._late:
        problems.append(f"{number}: left behind: {calls._deadlines} {calls._pending} {calls._late}")
    bridge.host.stop()
    theirs.close()


def outcome_of(answer: Any) -> list[Any]:
    outcome: list[Any] = []
    answer.addBoth(outcome.append)
    return outcome


def play_login(number: int, host: Host, functions: Any, seconds: float) -> None:
    """The function of an auth checker is not answered: the login fails in time."""
    checked = outcome_of(functions["check_3pid_auth"]("email", "a@b", "secret"))
    host.turn()
    ((_, function),) = checked
    if chance.random() < 0.7:
        host.silent_to.add("function.call")
    response: dict[str, Any] = {}
    outcome = outcome_of(ensureDeferred(function(response)))
    host.advance(seconds + GRACE)
    if not outcome:
        problems.append(f"{number}: function.call waits longer than {seconds} s")
    elif host.silent_to and not outcome[0].check(ModuleHostError):
        problems.append(f"{number}: function.call ends with {outcome[0]}")
    elif not host.silent_to and response != {"changed": True}:
        problems.append(f"{number}: function.call answers {response}")


def play_update(number: int, host: Host, functions: Any, seconds: float) -> None:
    """The slot of an update is not entered, or not left: updates go on in time, at Synapse's pace."""
    silent = chance.choice(("slot.enter", "slot.exit", "nothing"))
    host.silent_to.add(silent)

    async def update() -> float:
        async with functions["on_update"]("update", "master", False) as duration:
            return float(duration)

    outcome = outcome_of(ensureDeferred(update()))
    host.advance(seconds + GRACE)
    if outcome != [7.0 if silent == "slot.enter" else 50.0]:
        problems.append(f"{number}: an update gets {outcome} after {seconds} s of {silent}")
    released = [frame["params"]["handles"] for frame in host.heard if frame.get("method") == "release"]
    host.heard.clear()
    if ([6] in released) != (silent == "slot.enter"):
        problems.append(f"{number}: released {released} after {silent}")


def play_notification(number: int, host: Host, functions: Any, seconds: float) -> None:
    """A notification is not answered, and the host may be away meanwhile: it is forgotten in the end."""
    host.silent_to.add("third_party_rules.on_threepid_bind")
    outcome = outcome_of(functions["on_threepid_bind"]("@a:hs.test", "email", "a@b"))
    host.turn()
    (request,) = (frame for frame in host.heard if frame.get("params", {}).get("args", [None])[-1] == "a@b")
    if chance.random() < 0.7:
        host.is_there = False
        host.advance(chance.choice((3, 18, 22)))
        host.is_there = True
    host.advance(seconds + GRACE + 12)
    if len(outcome) != 1:
        problems.append(f"{number}: a notification is waited for longer than {seconds} s")
    if request["id"] not in host.cancelled():
        problems.append(f"{number}: a notification is under way for ever, after {seconds} s")
    host.heard.clear()


for trial_number in range(TRIALS):
    trial(trial_number)
json.dump({"problems": problems[:5], "count": len(problems)}, sys.stdout)
