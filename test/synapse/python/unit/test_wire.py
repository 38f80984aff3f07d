"""Values and messages as they travel."""

import datetime
import json
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from vesicle_bridge.frames import FrameReader, ProtocolError, frame_of, part_of
from vesicle_bridge.link_table import LIMITS
from vesicle_bridge.wire import UnsendableError, to_json, to_wire, unmarked

chance = random.Random(3)
NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
SCALARS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**53,
    -(2**70),
    0.5,
    math.inf,
    "",
    "ä\ud800",
    "$vesicle",
    b"\x00\xff",
    NOON,
)


def value(depth: int = 4) -> Any:
    kind = chance.randrange(6) if depth else 0
    if kind == 1:
        return [value(depth - 1) for _ in range(chance.randrange(4))]
    if kind == 2:
        return {chance.choice(SCALARS[:3]) for _ in range(3)}
    if kind >= 3:
        return {chance.choice(("a", "$vesicle", "value", "ü")): value(depth - 1) for _ in range(chance.randrange(4))}
    return chance.choice(SCALARS)


@pytest.mark.parametrize("number", range(200))
def test_any_value_comes_back_as_it_was(number: int) -> None:
    sent = value()
    assert unmarked(json.loads(to_wire(sent))) == sent


def test_what_cannot_be_sent_is_named_with_its_place() -> None:
    with pytest.raises(UnsendableError, match=r"a\[1\] is of the type object"):
        to_wire({"a": [1, object()]})
    with pytest.raises(UnsendableError, match="two keys 1"):
        to_wire({1: "a", "1": "b"})
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(UnsendableError, match="holds itself"):
        to_wire(itself)


def test_values_of_matrix_are_plain_json() -> None:
    assert json.loads(to_json({"users": {"@a:b"}, "big": 2**60})) == {"users": ["@a:b"], "big": 2**60}


def pieces(data: bytes) -> Iterator[bytes]:
    while data:
        size = chance.randrange(1, 12)
        yield data[:size]
        data = data[size:]


@pytest.mark.parametrize("number", range(50))
def test_messages_are_cut_out_of_any_pieces(number: int) -> None:
    sent = [{"id": index, "result": value()} for index in range(5)]
    data = b"".join(frame_of(to_wire(one)) for one in sent)
    reader = FrameReader()
    came = [message for piece in pieces(data + b"\x00") for message in reader.feed(piece)]
    assert [part_of(message, "result") for message in came] == [one["result"] for one in sent]
    assert reader.rest == b"\x00"


@pytest.mark.parametrize("data", [b"[]", b"{", b"{}x", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_message_ends_the_connection(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(FrameReader().feed(len(data).to_bytes(4, "big") + data))


def test_frames_have_a_limit_both_ways() -> None:
    with pytest.raises(ProtocolError):
        list(FrameReader().feed((LIMITS["frame"] + 1).to_bytes(4, "big")))
    with pytest.raises(ValueError, match="too long"):
        frame_of("x" * (LIMITS["frame"] + 1))
