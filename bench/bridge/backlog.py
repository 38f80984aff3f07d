"""Prints what it costs the bridge to send frames that wait, by their number: JSON, milliseconds of its thread."""

import json
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any

from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link import Link
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED

FRAME = "x" * 61_000
ROUNDS, SIZES = int(sys.argv[1]), [int(size) for size in sys.argv[2:]]


def cost(count: int) -> float:
    """Lets so many frames wait, since nobody reads, and then sends them to somebody who does."""
    ours, theirs = socket.socketpair()
    bridge: Any = SimpleNamespace(host=SimpleNamespace(lost=lambda *_: None))
    link = Link(bridge, Opened(ours, None, FrameReader(), []), SERVED)
    spent, received = 0.0, 0
    for _ in range(count):
        link.tell("log", {"message": FRAME})
    while link.writer._out:
        received += len(theirs.recv(1 << 20))
        started = time.thread_time()
        link.doWrite()
        spent += time.thread_time() - started
    theirs.setblocking(False)
    while received < count * len(FRAME):
        received += len(theirs.recv(1 << 20))
    link.lose(None)
    theirs.close()
    return spent * 1000


json.dump({size: [cost(size) for _ in range(ROUNDS)] for size in SIZES}, sys.stdout)
