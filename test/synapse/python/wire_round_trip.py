"""Reads values from the wire and writes them to it again: a JSON array of texts on both standard streams."""

import json
import sys

from vesicle_bridge.frames import FrameReader, part_of
from vesicle_bridge.wire import to_wire

texts = []
for text in json.load(sys.stdin):
    data = f'{{"id":1,"result":{text}}}'.encode("utf-8", "surrogatepass")
    (message,) = FrameReader().feed(len(data).to_bytes(4, "big") + data)
    texts.append(to_wire(part_of(message, "result")))
json.dump(texts, sys.stdout)
