"""Has a module get the state of rooms of many sizes, and prints how it came: one JSON object."""

import json
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any, cast

from vesicle_bridge.api_calls import api_result
from vesicle_bridge.constants import BYTES_AT_ONCE, EVENTS_AT_ONCE
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link import Link
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED


def event_of(number: int, length: int) -> Any:
    pdu = {"type": "m.room.member", "state_key": f"@{number}:here", "content": {"displayname": "x" * length}}
    version = SimpleNamespace(identifier="11")
    return SimpleNamespace(
        event_id=f"${number}", room_id="!room:here", room_version=version, redacts=None, get_dict=lambda: pdu
    )


class Answers(Link):
    """Keeps what would be sent."""

    told: list[str]

    def answer(self, request_id: Any, text: str, data: bytes = b"") -> None:
        self.told.append(text)


def link() -> Answers:
    ours, _ = socket.socketpair()
    one = Answers(cast(Any, SimpleNamespace(ready=None)), Opened(ours, None, FrameReader(), []), SERVED)
    one.told = []
    return one


def pieces_of(one: Answers, first: str) -> list[str]:
    pieces = [first]
    while (rest := json.loads(pieces[-1]).get("rest")) is not None:
        SERVED["events.more"](one, 1, {"rest": rest})
        pieces.append(one.told[-1])
    return pieces


problems: list[str] = []
longest = 0.0
for count, length in [(0, 1), (1, 1), (249, 1), (250, 1), (251, 1), (500, 1), (20_000, 1), (1000, 2000), (30, 300_000)]:
    events = {("m.room.member", f"@{number}:here"): event_of(number, length) for number in range(count)}
    for way in ("state.all", "state_events", "events"):
        one = link()
        if way == "state.all":
            SERVED[way](one, 1, {"state": one.hold(events)})
            first = one.told[-1]
        else:
            first = api_result(one, way, events if way == "state_events" else list(events.values()))
        pieces = pieces_of(one, first)
        came = [event["event_id"] for piece in pieces for event in json.loads(piece)["events"]]
        name = f"{way} of {count} events of {length}"
        if came != [event.event_id for event in events.values()]:
            problems.append(f"{name}: others came")
        if any(len(json.loads(piece)["events"]) > EVENTS_AT_ONCE for piece in pieces):
            problems.append(f"{name}: too many at once")
        if any(len(piece) > BYTES_AT_ONCE + length + 1000 for piece in pieces):
            problems.append(f"{name}: too much at once")
        held = len(one._handles) - (way == "state.all")
        if held != 0:
            problems.append(f"{name}: {held} handles are kept")
one = link()
first = api_result(one, "events", [event_of(number, 1) for number in range(1000)])
rest = json.loads(first)["rest"]
one.release([rest])
try:
    SERVED["events.more"](one, 1, {"rest": rest})
    problems.append("released events were sent")
except KeyError:
    pass
for size in (10_000, 100_000):
    one = link()
    events = {("m.room.member", f"@{number}:here"): event_of(number, 30) for number in range(size)}
    state = one.hold(events)
    started = time.process_time()
    SERVED["state.all"](one, 1, {"state": state})
    while (rest := json.loads(one.told[-1]).get("rest")) is not None:
        longest = max(longest, time.process_time() - started)
        started = time.process_time()
        SERVED["events.more"](one, 1, {"rest": rest})
json.dump({"problems": problems, "longest": longest}, sys.stdout)
