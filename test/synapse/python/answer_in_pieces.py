"""Writes an answer of Synapse to a module in many pieces, and prints how long it took: one JSON object."""

import base64
import json
import sys
import time
from types import SimpleNamespace

from vesicle_bridge.stand_ins import Recorder


def seconds(count: int) -> float:
    recorder = Recorder(SimpleNamespace())
    started = time.process_time()
    for number in range(count):
        recorder.write(b"%07d " % number * 128)
    body = recorder.response()["body"]
    took = time.process_time() - started
    assert isinstance(body, str)
    assert base64.b64decode(body) == b"".join(b"%07d " % number * 128 for number in range(count))
    return took


seconds(1000)
json.dump({"few": min(seconds(2500) for _ in range(3)), "many": min(seconds(40_000) for _ in range(2))}, sys.stdout)
