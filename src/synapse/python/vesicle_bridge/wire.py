"""JSON, and values that JSON has no form for."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from .link_table import LIMITS
from .rows import Json

MARK: Final = "$vesicle"
MARK_TEXT: Final = f'"{MARK}"'
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_SAFE_INTEGER: Final = 2**53
# Digits of an integer that Python converts at once.
_MOST_DIGITS: Final = 4300
_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}


class UnsendableError(ValueError):
    """A value that cannot be sent to the module host, and where it is."""

    def __init__(self, path: Sequence[str | int], kind: str) -> None:
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        where = "".join(parts).lstrip(".")[:200]
        super().__init__(f"{where or 'the value'} is {kind}, which cannot be sent to the module host")
        self.path, self.kind = list(path), kind


def _plain(value: object) -> Json:
    """What the JSON encoder does not know: Rust mappings, sets, ids."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray, memoryview, str)):
        return list(value)
    to_string = getattr(value, "to_string", None)
    if callable(to_string):
        return to_string()
    raise TypeError(type(value).__name__)


def _refuse(value: object) -> Json:
    raise TypeError(type(value).__name__)


class _Mark(dict[str, Json]):
    """A value that JSON has no form for, as it travels."""

    def __init__(self, kind: str, value: Json) -> None:
        super().__init__({MARK: kind, "value": value})


# ASCII only, so that lone surrogates of a client survive and the frame is its text.
_encode_json = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_plain).encode
_encode_any = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False, default=_refuse).encode


def to_json(value: Any) -> str:
    """Values of Matrix as JSON: ids as texts, sets as lists; infinities and bytes as marked values."""
    try:
        text = _encode_json(value)
    except Exception:
        text = MARK_TEXT
    return text if MARK_TEXT not in text else _encode_json(marked(value, (), is_any=False))


def to_wire(value: Any) -> str:
    """Any values as JSON: what JSON has no form for is marked, and integers that JavaScript would round."""
    return _encode_any(marked(value, (), is_any=True))


def marked(value: Any, path: tuple[str | int, ...], is_any: bool) -> Json:
    try:
        if len(path) > LIMITS["depth"]:
            raise RecursionError
        return _written(value, path, is_any)
    except UnsendableError:
        raise
    except RecursionError:
        raise UnsendableError(path[:4], "nested too deeply, or holds itself") from None
    except Exception as error:
        kind = f"of the type {type(value).__name__} and cannot be read ({said_by(error)})"
        raise UnsendableError(path, kind) from None


def _written(value: Any, path: tuple[str | int, ...], is_any: bool) -> Json:
    if value is None or isinstance(value, (bool, _Mark)):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _integer(int(value), path, is_any)
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, Mapping):
        return _mapping(value, path, is_any)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _Mark("bytes", base64.b64encode(bytes(value)).decode())
    if isinstance(value, datetime.date):
        return _Mark("date", _milliseconds(value))
    if isinstance(value, (set, frozenset)) and is_any:
        return _Mark("set", _items(value, path, is_any))
    if isinstance(value, Collection):
        return _items(value, path, is_any)
    if isinstance(value, decimal.Decimal):
        return str(value)
    to_string = getattr(value, "to_string", None)
    if callable(to_string):
        return _written(to_string(), path, is_any)
    raise UnsendableError(path, f"of the type {type(value).__name__}")


def _integer(value: int, path: tuple[str | int, ...], is_any: bool) -> Json:
    if -_SAFE_INTEGER < value < _SAFE_INTEGER:
        return value
    if value.bit_length() > _MOST_DIGITS * 3:
        raise UnsendableError(path, "an integer of thousands of digits")
    return _Mark("int", str(value)) if is_any else value


def _number(value: float) -> Json:
    if math.isfinite(value):
        return value
    return _Mark("number", "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _items(values: Iterable[Any], path: tuple[str | int, ...], is_any: bool) -> list[Json]:
    return [marked(item, (*path, index), is_any) for index, item in enumerate(values)]


def _mapping(value: Mapping[Any, Any], path: tuple[str | int, ...], is_any: bool) -> Json:
    members: dict[str, Json] = {}
    for key, member in value.items():
        if isinstance(key, str):
            name = str.__str__(key)
        elif key is None or isinstance(key, (int, float)):
            name = _encode_json(key)  # as JSON writes keys
        else:
            raise UnsendableError(path, f"a mapping with a key of the type {type(key).__name__}")
        if name in members:
            raise UnsendableError(path, f"a mapping with two keys {name:.80}")
        members[name] = marked(member, (*path, name), is_any)
    return members if MARK not in members else _Mark("map", [[name, member] for name, member in members.items()])


def _milliseconds(value: datetime.date) -> int:
    """Since 1970; what names no time zone is UTC, and a date is its midnight."""
    moment = value if isinstance(value, datetime.datetime) else datetime.datetime(value.year, value.month, value.day)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.timezone.utc)
    return (aware - _EPOCH) // datetime.timedelta(milliseconds=1)


def unmarked(value: Json) -> Any:
    """The value that JSON with marks stands for."""
    if isinstance(value, list):
        return [unmarked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if MARK not in value:
        return {key: unmarked(member) for key, member in value.items()}
    kind, content = value[MARK], value.get("value")
    if kind == "int" and isinstance(content, str) and len(content) <= _MOST_DIGITS:
        return int(content)
    if kind == "number" and isinstance(content, str):
        return _NUMBERS[content]
    if kind == "date" and isinstance(content, (int, float)):
        return _EPOCH + datetime.timedelta(milliseconds=content)
    if kind == "bytes" and isinstance(content, str):
        return base64.b64decode(content, validate=True)
    if kind == "set" and isinstance(content, list):
        return {unmarked(item) for item in content}
    if kind == "map" and isinstance(content, list):
        return {unmarked(key): unmarked(member) for key, member in content}
    raise ValueError(f"a value of the unknown or malformed kind {kind!r:.80}")


def said_by(error: BaseException) -> str:
    """The text of an exception, which may be anybody's."""
    try:
        return writable(str(error))
    except Exception:
        return f"a {type(error).__name__} without a text"


def writable(text: str) -> str:
    """A text that a file and a log take: halves of characters are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def string_or(value: object, otherwise: str = "") -> str:
    return value if isinstance(value, str) else otherwise


def latin(value: bytes) -> str:
    return value.decode("latin-1")
