"""Filters of modules."""

from types import SimpleNamespace
from typing import Any

import pytest

from vesicle_bridge.when import WhenError, compile_when, matches_glob, subject_readers

EVENT: Any = SimpleNamespace(
    type="m.room.message",
    sender="@alice:here",
    room_id="!r:here",
    content={"a.b": {"c": 1}, "flag": True},
    get_state_key=lambda: None,
)


def passes(when: Any) -> bool:
    return compile_when(when, subject_readers(("event",)), lambda user: user.endswith(":here"))((EVENT,))


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"type": "m.room.message"}, True),
        ({"type": ["m.a", "m.b"]}, False),
        ({"type": {"prefix": "m.room."}}, True),
        ({"type": {"not": {"glob": "m.*.message"}}}, False),
        ({"sender": {"local": True}}, True),
        ({"state_key": {"exists": False}}, True),
        ({"content.a\\.b.c": 1}, True),
        ({"content.a.b": {"exists": True}}, False),
        ({"content.flag": 1}, False),
        ({"not": [{"type": "m.x"}, {"sender": "@bob:here"}]}, True),
        ({}, True),
    ],
)
def test_filters(when: Any, expected: bool) -> None:
    assert passes(when) is expected


@pytest.mark.parametrize(
    "when", [[], {"type": {}}, {"type": {"a": 1, "b": 2}}, {"room_id": {"local": True}}, {"content": 1}, {"type": []}]
)
def test_what_is_not_understood_is_left_to_the_host(when: Any) -> None:
    with pytest.raises(WhenError):
        passes(when)


def test_globs_are_never_slow() -> None:
    assert not matches_glob("*a" * 100 + "b", "a" * 10_000)
    assert matches_glob("*", "") and matches_glob("a?c*", "abcd") and not matches_glob("?", "")
