"""Values of every kind that Python has, also such as fail when they are looked at; made anew for each use."""

import datetime
import decimal
import enum
import fractions
import ipaddress
import random
import uuid
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any


class Colour(enum.Enum):
    RED = "red"


class Number(int):
    def __str__(self) -> str:
        raise ValueError("a number without a text")

    __repr__ = __str__


class Text(str):
    def __str__(self) -> str:
        raise ValueError("a text without a text")

    __repr__ = __str__


class BrokenMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter("ab")

    def __len__(self) -> int:
        return 2


class BrokenList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("a list that cannot be read")


class BrokenId:
    def to_string(self) -> str:
        raise OSError("an id without a text")


class EndlessId:
    def to_string(self) -> "EndlessId":
        return self


class NamelessError(Exception):
    def __str__(self) -> str:
        raise ValueError("an error without a text")


def circle() -> Any:
    one: dict[str, Any] = {}
    one["self"] = [one]
    return one


def nested(depth: int) -> Any:
    value: Any = "core"
    for level in range(depth):
        value = [value] if level % 2 else {"value": value}
    return value


ZONE = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
MAKERS: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: 0,
    lambda: 2**53,
    lambda: -(2**63),
    lambda: 10**30,
    lambda: -0.0,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: float("-inf"),
    lambda: 1e308,
    lambda: 1j,
    lambda: decimal.Decimal("1.10"),
    lambda: decimal.Decimal("sNaN"),
    lambda: fractions.Fraction(1, 3),
    lambda: "",
    lambda: "\ud800",
    lambda: '\0\u2028"\\',
    lambda: "$vesicle",
    lambda: b"\0\xff",
    lambda: bytearray(b"a"),
    lambda: memoryview(b"a"),
    lambda: datetime.date(2026, 1, 31),
    lambda: datetime.date.min,
    lambda: datetime.datetime.max,
    lambda: datetime.datetime(2026, 1, 31, 12, tzinfo=ZONE),
    lambda: datetime.time(12),
    lambda: datetime.timedelta(1),
    lambda: {1, "a"},
    lambda: frozenset([(1, 2)]),
    lambda: (1, ("a",)),
    lambda: [("a", 1), ("b", 2)],
    lambda: deque([1]),
    lambda: range(3),
    lambda: (item for item in "abc"),
    dict,
    lambda: {2: "a", True: "b", None: "c", 1.5: "d"},
    lambda: {(1, 2): "a"},
    lambda: {b"a": 1},
    lambda: {datetime.date(2026, 1, 31): 1},
    lambda: {float("inf"): 1},
    lambda: {"$vesicle": "int", "value": "1"},
    lambda: {"__proto__": {"a": 1}},
    lambda: {"\ud800": 1},
    lambda: OrderedDict(a=1),
    lambda: UserDict(a=1),
    lambda: MappingProxyType({"a": 1}),
    lambda: Colour.RED,
    lambda: uuid.UUID(int=1),
    lambda: ipaddress.ip_address("::1"),
    lambda: SimpleNamespace(a=1),
    lambda: object(),
    lambda: print,
    lambda: int,
    lambda: random,
    lambda: Ellipsis,
    lambda: Number(5),
    lambda: Text("text"),
    lambda: {Text("key"): 1},
    lambda: BrokenMapping(),
    lambda: BrokenList([1]),
    lambda: BrokenId(),
    lambda: EndlessId(),
    lambda: ValueError("an error"),
    lambda: NamelessError(),
    lambda: nested(50),
]
# They take a while.
LARGE: list[Callable[[], Any]] = [
    lambda: 10**5000,
    lambda: nested(200),
    lambda: nested(400),
    lambda: nested(700),
    lambda: nested(20_000),
    circle,
]


def odd_value(chance: random.Random) -> Any:
    """One of them, alone or inside something."""
    value = chance.choice(LARGE if chance.randrange(200) == 0 else MAKERS)()
    kind = chance.randrange(4)
    if kind == 0:
        return [1, value, chance.choice(MAKERS)()]
    if kind == 1:
        return {"a": {"b": value}, "c": [chance.choice(MAKERS)()]}
    return value
