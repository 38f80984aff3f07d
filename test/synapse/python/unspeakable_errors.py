"""Has the bridge answer with errors that no frame can hold, and prints what the module host is told."""

import json
import socket
import sys
from types import SimpleNamespace
from typing import Any

from synapse.api.errors import SynapseError

from vesicle_bridge.frames import FrameReader
from vesicle_bridge.link import Link
from vesicle_bridge.link_table import LIMITS
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED

ERRORS = [
    ValueError("x" * LIMITS["frame"]),
    SynapseError(400, "no", "M_UNKNOWN", {"field": object()}),
    SynapseError(400, "no", "M_UNKNOWN", {"field": 1}),
]

ours, theirs = socket.socketpair()
bridge: Any = SimpleNamespace()
link = Link(bridge, Opened(ours, None, FrameReader(), []), SERVED)
told = []
for number, error in enumerate(ERRORS):
    link.answer_error(number, error)
    (answer,) = FrameReader().feed(theirs.recv(65_536))
    told.append(f"{answer['id']} {answer['error']['message']}")
json.dump(told, sys.stdout)
