"""Sends mutated frames to the bridge, and prints what became of it: one JSON object."""

import json
import logging
import random
import resource
import socket
import sys
from types import SimpleNamespace
from typing import Any

from vesicle_bridge.api_table import API_METHODS
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link import Link
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED
from vesicle_bridge.wire import to_json

FRAMES = int(sys.argv[1])
logging.disable(logging.CRITICAL)
chance = random.Random(7)
failures: list[str] = []
reasons: list[str | None] = []

# What a module host sends to a bridge.
SAMPLES: list[dict[str, Any]] = [
    {"id": 1001, "result": None},
    {"id": 1001, "result": {"errcode": "M_FORBIDDEN", "fields": {"a": 1}}},
    {"id": 1001, "error": {"type": "SynapseError", "message": "no", "status": 403, "errcode": "M_FORBIDDEN"}},
    {"id": 1, "method": "ping", "params": {}},
    {"id": 2, "method": "state.get", "params": {"state": 1, "type": "m.room.create", "state_key": ""}},
    {"id": 3, "method": "state.all", "params": {"state": 1}},
    {"id": 8, "method": "events.more", "params": {"rest": 1}},
    {"id": 4, "method": "web.body", "params": {"request": 1, "offset": 0}},
    {"id": 5, "method": "db.execute", "params": {"transaction": 1, "sql": "", "params": [], "many": False}},
    {"id": 6, "method": "template.render", "params": {"template": 1, "values": {}}},
    {"method": "log", "params": {"level": "info", "module": "A", "message": "text"}},
    {"method": "release", "params": {"handles": [1, 2]}},
    {"method": "callback.register", "params": {"category": "spam_checker", "name": "x", "entries": []}},
    *({"id": 7, "method": "api.call", "params": {"method": method, "args": {}}} for method in API_METHODS),
]
VALUES: list[Any] = [None, True, -1, 10**30, 1e308, "", "x" * 1000, [], {}, [[[]]], {"id": 1}, "\ud800"]


class Api:
    """Runs background work at once, up to its first wait."""

    def run_as_background_process(self, desc: str, work: Any) -> None:
        try:
            work().send(None)
        except StopIteration:
            pass
        except BaseException as error:
            failures.append(repr(error))


class Bridge:
    """As much of the bridge as a connection sees."""

    ready = None
    api = Api()
    config = SimpleNamespace(timeout=None)

    def is_local(self, user_id: Any) -> bool:
        return True

    def register_late(self, one: Any) -> None:
        str(one["category"] + one["name"])

    @property
    def host(self) -> Any:
        return SimpleNamespace(lost=lambda _, reason: reasons.append(reason), link=None)


def mutated(message: dict[str, Any]) -> bytes:
    """A frame that is nearly right: another value somewhere, other bytes, or another length."""
    kind = chance.randrange(4)
    if kind == 0:
        message = json.loads(json.dumps(message))
        inner = message.get("params") or message.get("error") or message
        target = chance.choice([message, inner])
        if isinstance(target, dict):
            target[chance.choice([*target, "extra"])] = chance.choice(VALUES)
    data = bytearray(to_json(message).encode())
    if kind == 1:
        for _ in range(chance.randrange(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    if kind == 2:
        del data[chance.randrange(len(data)) :]
    length = len(data) + (chance.choice([-1, 1, 2**31, 2**24]) if kind == 3 else 0)
    return length.to_bytes(4, "big") + bytes(data)


def connect() -> tuple[Link, socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    link = Link(Bridge(), Opened(ours, None, FrameReader(), []), SERVED)  # type: ignore[arg-type]
    link._notices._early = None  # as if the modules were open
    link.hold({})
    link.request("ping", {}).addErrback(lambda _: None)
    return link, theirs


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


link, theirs = connect()
before, connections = memory(), 1
for number in range(FRAMES):
    if number == FRAMES // 10:
        before = memory()
    theirs.send(mutated(chance.choice(SAMPLES)))
    try:
        link.doRead()
        theirs.recv(1 << 20)
    except BlockingIOError:
        pass
    except Exception as error:
        failures.append(repr(error))
    if link.is_closed or number % 100 == 99:
        link.lose(None)
        theirs.close()
        link, theirs = connect()
        connections += 1
json.dump(
    {
        "failures": failures[:5],
        "lost": len(reasons),
        "connections": connections,
        "grown": memory() - before,
        "lines": sorted({line.partition("(")[0] for line in reasons if line is not None})[:20],
    },
    sys.stdout,
)
