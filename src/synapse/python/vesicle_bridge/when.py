"""`when`: which questions need not be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .rows import Args, Json

Reader = Callable[[Args], Any]
Test = Callable[[Any], bool]
Filter = Callable[[Args], bool]
_MISSING: Final = object()
_ACTORS: Final = ("user_id", "inviter", "requester_id")


class WhenError(Exception):
    """A filter that this bridge does not understand: the call is sent, and the module host decides."""


def subject_readers(names: Sequence[str]) -> dict[str, Reader]:
    """How to get from the arguments of a callback to what `when` speaks of."""
    if "event" in names:
        at = names.index("event")
        return {
            "type": lambda args: args[at].type,
            "state_key": lambda args: _state_key(args[at]),
            "sender": lambda args: args[at].sender,
            "room_id": lambda args: args[at].room_id,
            "content": lambda args: args[at].content,
        }
    found: dict[str, Reader] = {}
    wanted = {
        "type": ("event_type", "account_data_type"),
        "state_key": ("state_key",),
        "sender": _ACTORS,
        "room_id": ("room_id",),
        "content": ("content",),
    }
    for member, candidates in wanted.items():
        index = next((index for index, name in enumerate(names) if name in candidates), None)
        if index is not None:
            found[member] = _item(index)
    if "requester" in names:
        requester = names.index("requester")
        found["sender"] = lambda args: args[requester].user.to_string()
    return found


def _item(index: int) -> Reader:
    return lambda args: args[index]


def _state_key(event: Any) -> Any:
    key = event.get_state_key()
    return _MISSING if key is None else key


def compile_when(when: Json, subject: Mapping[str, Reader], is_local: Test) -> Filter:
    """A filter as one function; the same as `compileWhen` in src/dispatch/when.ts."""
    if not isinstance(when, dict):
        raise WhenError("not an object")
    filters = [_member(key, test, subject, is_local) for key, test in when.items()]
    if len(filters) == 1:
        return filters[0]
    return lambda args: all(passes(args) for passes in filters)


def _member(key: str, test: Json, subject: Mapping[str, Reader], is_local: Test) -> Filter:
    if key == "not":
        parts = [compile_when(part, subject, is_local) for part in (test if isinstance(test, list) else [test])]
        return lambda args: not any(passes(args) for passes in parts)
    is_content = key.startswith("content.")
    read = subject.get("content" if is_content else key)
    if read is None or key == "content":
        raise WhenError(f"no test {key!r}")
    if is_content:
        read = _content_reader(read, _path(key[len("content.") :]))
    passes_value = _test(test, is_local if key == "sender" else None)
    return _reading(read, passes_value)


def _reading(read: Reader, passes: Test) -> Filter:
    return lambda args: passes(read(args))


def _path(path: str) -> list[str]:
    r"""Dots separate the names; `\.` is a dot and `\\` a backslash in a name."""
    names, at = [""], 0
    while at < len(path):
        char = path[at]
        if char == "\\" and path[at + 1 : at + 2] in (".", "\\"):
            names[-1] += path[at + 1]
            at += 2
            continue
        if char == ".":
            names.append("")
        else:
            names[-1] += char
        at += 1
    return names


def _content_reader(read: Reader, path: list[str]) -> Reader:
    def member(args: Args) -> Any:
        found = read(args)
        for name in path:
            if not isinstance(found, Mapping) or name not in found:
                return _MISSING
            found = found[name]
        return found

    return member


def _test(test: Json, is_local: Test | None) -> Test:
    if isinstance(test, dict):
        return _form(test, is_local)
    values = test if isinstance(test, list) else [test]
    if not values or not all(value is None or isinstance(value, (str, int, float)) for value in values):
        raise WhenError("not a value to compare with")
    # True equals 1 in Python, but not in JSON.
    known = frozenset((isinstance(value, bool), value) for value in values)
    if all(isinstance(value, str) for value in values):
        texts = frozenset(values)
        return lambda value: type(value) is str and value in texts
    scalars = (str, int, float, bool, type(None))
    return lambda value: isinstance(value, scalars) and (isinstance(value, bool), value) in known


def _form(test: dict[str, Json], is_local: Test | None) -> Test:
    if len(test) != 1:
        raise WhenError("not exactly one form")
    (form, operand), *_ = test.items()
    if form == "not":
        passes = _test(operand, is_local)
        return lambda value: not passes(value)
    if form in ("glob", "prefix"):
        patterns = operand if isinstance(operand, list) else [operand]
        if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
            raise WhenError("not a text")
        if form == "prefix":
            prefixes = tuple(patterns)
            return lambda value: isinstance(value, str) and value.startswith(prefixes)
        return lambda value: isinstance(value, str) and any(matches_glob(pattern, value) for pattern in patterns)
    if not isinstance(operand, bool):
        raise WhenError("neither true nor false")
    if form == "exists":
        return lambda value: (value is not _MISSING) == operand
    if form == "local" and is_local is not None:
        local = is_local
        return lambda value: isinstance(value, str) and local(value) == operand
    raise WhenError(f"no form {form!r}")


def matches_glob(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one; goes back to the last star only, so no pattern is slow."""
    at, star, resume, index = 0, -1, 0, 0
    while index < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, index
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[index]):
            at += 1
            index += 1
        elif star >= 0:
            at = star + 1
            resume += 1
            index = resume
        else:
            return False
    return not pattern[at:].strip("*")
