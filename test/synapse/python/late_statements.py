"""Ends transactions amid their statements, and prints which are not answered, or done in the wrong attempt."""

import json
import logging
import random
import socket
import sqlite3
import sys
import threading
import time
from collections import deque
from types import SimpleNamespace
from typing import Any

from changed_names import change_name
from played_loop import Loop
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link import Link
from vesicle_bridge.link_table import LIMITS
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED
from vesicle_bridge.wire import to_json

TRIALS = int(sys.argv[1])
# Milliseconds, and seconds.
LIMITS["transaction"] = 60
WITHIN = 30.0
logging.disable(logging.CRITICAL)
chance = random.Random(2)
problems: list[str] = []


class ThreadLoop(Loop):
    """A reactor that other threads may call."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: deque[Any] = deque()

    def callFromThread(self, work: Any, *args: Any) -> None:  # noqa: N802 -- Twisted's name
        self._calls.append((work, args))

    def turn(self) -> bool:
        while self._calls:
            work, args = self._calls.popleft()
            work(*args)
        return super().turn()


class Api:
    """A `ModuleApi` with a database of one table, which tries again as Synapse does."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.stored: list[int] = []

    def run_as_background_process(self, _: str, work: Any, *args: Any) -> None:
        Deferred.fromCoroutine(work(*args)).addErrback(lambda failure: problems.append(failure.getTraceback()))

    def run_db_interaction(self, _: str, work: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def run() -> None:
            database = sqlite3.connect(":memory:")
            database.create_function("nap", 1, lambda milliseconds: time.sleep(milliseconds / 1000))
            database.execute("CREATE TABLE stored (attempt INTEGER)")
            database.commit()
            for tries_left in (2, 1, 0):
                try:
                    work(database.cursor())
                except Exception as error:
                    database.rollback()
                    if isinstance(error, sqlite3.OperationalError) and tries_left > 0:
                        continue
                    self._loop.callFromThread(done.errback, Failure(error))  # type: ignore[no-untyped-call]
                    return
                break
            database.commit()
            self.stored = [attempt for (attempt,) in database.execute("SELECT attempt FROM stored")]
            self._loop.callFromThread(done.callback, None)

        threading.Thread(target=run, daemon=True).start()
        return done


class Host:
    """The module host: sends statements when it likes, and keeps count of the answers."""

    def __init__(self, link: Any, loop: Loop, sock: socket.socket) -> None:
        self._link, self._loop, self._sock = link, loop, sock
        self._reader = FrameReader()
        self._ids = 0
        self.unanswered: dict[int, str] = {}
        self.answers: dict[int, Any] = {}
        self.runs: list[Any] = []

    def frame(self, message: dict[str, Any]) -> bytes:
        data = to_json(message).encode()
        return len(data).to_bytes(4, "big") + data

    def asking(self, method: str, **params: Any) -> bytes:
        self._ids += 1
        self.unanswered[self._ids] = method
        return self.frame({"id": self._ids, "method": method, "params": {"transaction": 1, **params}})

    def statement(self, attempt: int) -> bytes:
        kind = chance.choice(("insert", "insert", "nap", "fetch", "fail"))
        if kind == "fetch":
            return self.asking("db.fetch")
        sql = {"insert": f"INSERT INTO stored VALUES ({attempt})", "fail": "SELECT nothing"}.get(
            kind, f"SELECT nap({chance.choice((1, 30, 80))})"
        )
        return self.asking("db.execute", sql=sql, params=[], many=False)

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def turn(self) -> None:
        self._loop.turn()
        try:
            data = self._sock.recv(1 << 20)
        except BlockingIOError:
            time.sleep(0.001)
            return
        for frame in self._reader.feed(data):
            if frame.get("method") == "db.run":
                self.runs.append(frame)
            elif "method" not in frame:
                self.unanswered.pop(frame["id"], None)
                self.answers[frame["id"]] = frame


def trial(number: int) -> None:
    loop: Any = ThreadLoop()
    change_name("reactor", loop)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    api = Api(loop)
    host_link = SimpleNamespace(lost=lambda *_: None)
    link = Link(SimpleNamespace(api=api, host=host_link), Opened(ours, None, FrameReader(), []), SERVED)  # type: ignore[arg-type]
    link.start()
    host = Host(link, loop, theirs)
    host.send(host.asking("db.begin", desc="a test"))
    until = time.monotonic() + WITHIN
    attempt = 0
    while 1 in host.unanswered and time.monotonic() < until:
        host.turn()
        if host.runs:
            run, attempt = host.runs.pop(0), attempt + 1
            data = b"".join(host.statement(attempt) for _ in range(chance.randrange(4)))
            how = chance.choice(("commits", "fails", "fails again", "hangs"))
            answer = {"id": run["id"], "result": None}
            if how.startswith("fails"):
                message = "no such column: nothing" if how == "fails again" else "no"
                answer = {"id": run["id"], "error": {"type": "Error", "message": message}}
            data += b"" if how == "hangs" else host.frame(answer)
            # What a module did not await, or sends when all is over.
            data += b"".join(host.statement(attempt) for _ in range(chance.randrange(4)))
            host.send(data)
    host.send(b"".join(host.statement(attempt) for _ in range(2)))
    while host.unanswered and time.monotonic() < until:
        host.turn()
    if host.unanswered:
        problems.append(f"{number}: without an answer: {host.unanswered}")
    if "error" not in host.answers.get(1, {}) and set(api.stored) - {attempt}:
        problems.append(f"{number}: attempt {attempt} stored what was asked in {sorted(set(api.stored))}")
    if link.transactions or link.calls._pending:
        problems.append(f"{number}: left behind: {link.transactions}, {link.calls._pending}")
    link.lose(None)
    theirs.close()


for trial_number in range(TRIALS):
    trial(trial_number)
    if len(problems) > 5:
        break
json.dump({"problems": problems[:6], "count": len(problems)}, sys.stdout)
