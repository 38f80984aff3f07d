"""Breaks connections while the bridge writes, and prints what is wrong then: calls that hang, log contexts, the log."""

import errno
import json
import logging
import random
import socket
import sys
from typing import Any

from played_loop import Loop, play
from synapse.logging.context import SENTINEL_CONTEXT, LoggingContext, current_context
from synapse.module_api import NOT_SPAM, run_in_background

from vesicle_bridge import VesicleBridge
from vesicle_bridge.config import BridgeConfig
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link_table import LIMITS
from vesicle_bridge.opened import Opened

TRIALS = int(sys.argv[1])
ERRORS = (errno.ENOBUFS, errno.ENOMEM, errno.EPIPE, errno.ECONNRESET, errno.EMSGSIZE, errno.EHOSTUNREACH)
ENTRIES = [{"module": "./gate.ts", "mode": "enforce", "on_failure": {"local": "deny", "federated": "deny"}}]
chance = random.Random(11)
problems: list[str] = []
lines: list[str] = []


class LogKeeper(logging.Handler):
    """Keeps what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        lines.append(record.getMessage())


class Socket:
    """A socket that takes some pieces, and then no more: it fails, or is full."""

    def __init__(self, sock: socket.socket, good_for: int, error: int | None) -> None:
        self._sock, self._good_for, self._error = sock, good_for, error
        self.has_failed = False
        self.written_after = 0

    def sendmsg(self, pieces: Any) -> int:
        self._good_for -= 1
        self.written_after += self.has_failed
        if self._good_for >= 0:
            return self._sock.sendmsg(pieces)
        if self._error is None:
            raise BlockingIOError
        self.has_failed = True
        raise OSError(self._error, "no more")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Api:
    """A `ModuleApi` with one callback."""

    server_name = "hs.test"
    function: Any = None

    def register_spam_checker_callbacks(self, *, user_may_create_room_alias: Any = None) -> None:
        self.function = user_may_create_room_alias

    def register_password_auth_provider_callbacks(self) -> None:
        pass

    def run_as_background_process(self, *_: Any) -> None:
        pass


VesicleBridge._start_without = lambda _: None  # type: ignore[method-assign]


def connect(loop: Loop, api: Any, error: int | None) -> tuple[Any, Any, socket.socket]:
    """A bridge whose link is ready."""
    config = BridgeConfig(
        connect="unix:/played", spawn=None, modules=[], token=None, queue=9, is_required=False, missing="later"
    )
    bridge = VesicleBridge(config, api)
    row = {"category": "spam_checker", "name": "user_may_create_room_alias", "entries": ENTRIES}
    bridge.register([row], [], is_start=False)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    sock: Any = Socket(ours, chance.randrange(1, 6), error)
    bridge.host.state = "opening"
    link = bridge.host._attach(Opened(sock, None, FrameReader(), []))
    bridge.host.opened(link)
    assert bridge.ready is link
    return bridge, sock, theirs


def trial(number: int) -> None:
    loop = play()
    lines.clear()
    api: Any = Api()
    error = chance.choice((None, *ERRORS))
    LIMITS["frame"] = 2_000
    bridge, sock, theirs = connect(loop, api, error)
    link = bridge.ready
    outcomes: dict[int, Any] = {}
    count = chance.randrange(20, 60)

    async def question(index: int) -> None:
        with LoggingContext(name=f"question {index}", server_name="hs.test") as context:
            outcomes[index] = await api.function("@a:hs.test", "x" * 400)
            if current_context() is not context:
                problems.append(f"{number}: question {index} goes on in the log context {current_context()}")

    def other(index: int) -> None:
        """What else writes, in the context of a request."""
        with LoggingContext(name=f"request {index}", server_name="hs.test") as context:
            chance.choice(
                (
                    lambda: link.tell("web.gone", {"request": 1, "text": "x" * 400}),
                    lambda: link.answer(1, '"' + "x" * 400 + '"'),
                    lambda: link.answer_error(1, ValueError("x" * 400)),
                )
            )()
            if current_context() is not context:
                problems.append(f"{number}: a request goes on in the log context {current_context()}")

    for index in range(count):
        if chance.random() < 0.3:
            outcomes[index] = None
            other(index)
        else:
            run_in_background(question, index)
        if chance.random() < 0.1:
            loop.turn()
    judge(number, loop, bridge, sock, outcomes, count)
    theirs.close()


def judge(number: int, loop: Loop, bridge: Any, sock: Any, outcomes: dict[int, Any], count: int) -> None:
    how = "a full socket" if sock._error is None else errno.errorcode[sock._error]
    loop.advance(0)
    loop.advance(0.2)
    if bridge.ready is not None or bridge.host.state != "waiting":
        problems.append(f"{number}: the link is {bridge.host.state} after {how}")
    if len(outcomes) != count:
        problems.append(f"{number}: {count - len(outcomes)} questions hang after {how}")
    if any(outcome in (NOT_SPAM, "deny") for outcome in outcomes.values()):
        problems.append(f"{number}: a question did not go by its policy: {set(map(str, outcomes.values()))}")
    if sock.written_after:
        problems.append(f"{number}: it writes after {how}, although frames are missing")
    reason = "does not read" if sock._error is None else "no more"
    if sum("is lost" in line and reason in line for line in lines) != 1:
        problems.append(f"{number}: the log does not tell of {how}: {lines}")
    if current_context() is not SENTINEL_CONTEXT:
        problems.append(f"{number}: the log context {current_context()} is left behind")
    problems.extend(f"{number}: {line}" for line in lines if "logging context" in line or "log context" in line)


logging.getLogger().addHandler(LogKeeper())
for trial_number in range(TRIALS):
    trial(trial_number)
json.dump({"problems": problems[:10], "count": len(problems)}, sys.stdout)
