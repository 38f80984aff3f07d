"""Prints how long the bridge waits for a connection over a network when it connects again."""

import json
import socket
from typing import Any

from vesicle_bridge.config import parse_bridge_config
from vesicle_bridge.errors import ModuleHostError
from vesicle_bridge.opening import open_connection

waits: list[float] = []


def refuse(_address: Any, timeout: float) -> socket.socket:
    waits.append(timeout)
    raise TimeoutError("too slow")


socket.create_connection = refuse  # type: ignore[assignment]
try:
    open_connection(parse_bridge_config({"connect": "tcp:elsewhere:1", "modules": []}), 0.0)
except ModuleHostError as error:
    print(json.dumps({"waits": waits, "error": str(error)}))
