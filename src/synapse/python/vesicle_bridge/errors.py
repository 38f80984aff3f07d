"""Errors of either side, and how they travel."""

from __future__ import annotations

import base64
import builtins
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

# Not of `synapse.module_api`, for want of another way: errors that it does not export are rebuilt by their names.
from synapse.api import errors as synapse_errors
from synapse.module_api.errors import Codes, ConfigError, RedirectException, SynapseError
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers

from .rows import Json
from .wire import said_by, string_or, writable


class ModuleHostError(Exception):
    """The module host cannot be reached, or does not answer in time."""


def failure_of(error: BaseException) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]


class UnreachableModulesError(SynapseError):
    """What clients are told of any other error, too; but Synapse writes no traceback to its log for this one."""

    def __init__(self) -> None:
        super().__init__(500, "Internal server error", Codes.UNKNOWN)


class ModuleError(Exception):
    """An error of a module whose JavaScript class Python does not have."""


class _AnyFieldsError(SynapseError):
    """A SynapseError with any fields: Synapse's own fails for fields that are called `msg` or `code`."""

    def error_dict(self, config: Any) -> dict[str, Any]:
        return {"error": self.msg, "errcode": self.errcode, **self._additional_fields}

    @property
    def debug_context(self) -> str | None:
        return None


_any_fields_classes: dict[str, type[SynapseError]] = {}


def _any_fields(kind: type[SynapseError]) -> type[SynapseError]:
    """The same class of error, with any fields."""
    if kind is SynapseError:
        return _AnyFieldsError
    name = kind.__name__
    if name not in _any_fields_classes:
        _any_fields_classes[name] = type(name, (_AnyFieldsError, kind), {})
    return _any_fields_classes[name]


def without_frames(error: BaseException) -> BaseException:
    """An error that may be kept: tracebacks would keep all that their functions had at hand."""
    one: BaseException | None = error
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        one.__traceback__ = None
        one = one.__cause__ or one.__context__
    return error


def error_from_wire(wire: Json, originals: Mapping[int, BaseException] | None = None) -> BaseException:
    """The Python error that an error of the modules stands for; never raises, whatever the error holds."""
    if not isinstance(wire, dict):
        return ModuleError("an error without a description")
    name, message = string_or(wire.get("type"), "Error"), string_or(wire.get("message"))
    origin = wire.get("origin")
    if originals and isinstance(origin, int) and origin in originals:
        # Tracebacks would pile up on an error that is raised again and again.
        return originals[origin].with_traceback(None)
    try:
        error = _known_error(name, message, wire)
    except Exception as fault:
        error = ModuleError(writable(f"{name}: {message} (it cannot be raised in Synapse: {said_by(fault)})"))
    if error is None:
        error = ModuleError(writable(f"{name}: {message}" if name not in ("Error", "ModuleError") else message))
    if isinstance(error, ModuleError) and isinstance(wire.get("stack"), str) and hasattr(error, "add_note"):
        error.add_note(writable(wire["stack"]))  # what Python prints below the traceback
    return error


def _known_error(name: str, message: str, wire: Mapping[str, Json]) -> BaseException | None:
    status = wire.get("status")
    if wire.get("location") is not None:
        redirect = RedirectException(wire["location"].encode("utf-8"), 302 if status is None else _status(status))
        redirect.cookies.extend(cookie.encode("utf-8") for cookie in wire.get("cookies") or ())
        return redirect
    if isinstance(wire.get("errcode"), str):
        return _synapse_error(name, _status(status), message, wire)
    if name == "ConfigError":
        return ConfigError(message, [str(part) for part in wire.get("path") or ()])
    if name == "HttpResponseException" and isinstance(wire.get("response"), str):
        return synapse_errors.HttpResponseException(_status(status), message, base64.b64decode(wire["response"]))
    known = getattr(synapse_errors, name, None) or getattr(builtins, name, None)
    special = (SynapseError, StopIteration, StopAsyncIteration)
    if isinstance(known, type) and issubclass(known, Exception) and not issubclass(known, special):
        with suppress(Exception):
            return known(message)
    return None


def _status(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"its status is {value!r:.80}")
    return int(value)


def _synapse_error(name: str, status: int, message: str, wire: Mapping[str, Json]) -> SynapseError:
    errcode = string_or(wire.get("errcode"))
    with suppress(ValueError):
        errcode = Codes(errcode)
    fields, headers = dict(wire.get("additional_fields") or {}), wire.get("headers") or None
    _check_answer({"error": message, "errcode": errcode, **fields}, headers or {})
    known = getattr(synapse_errors, name, None)
    known = known if isinstance(known, type) and issubclass(known, SynapseError) else SynapseError
    is_plain = known.error_dict is SynapseError.error_dict and not {"msg", "code"} & fields.keys()
    kind = known if is_plain else _any_fields(known)
    error = kind.__new__(kind)
    SynapseError.__init__(error, status, message, errcode, fields, headers)
    if isinstance(error, synapse_errors.LimitExceededError):
        # Synapse reads them of every error of this class.
        error.limiter_name, error.pause, error.retry_after_ms = "module", None, fields.get("retry_after_ms")
    return error


def _check_answer(body: Mapping[str, Json], headers: Mapping[str, Json]) -> None:
    """Raises for an error that Synapse could not write as its answer: the request would never be answered."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for name, value in headers.items():
        Headers().setRawHeaders(name, [value])


def error_to_wire(error: BaseException, config: Any = None) -> dict[str, Json]:
    """What the modules are told of an error of Synapse."""
    wire: dict[str, Json] = {"type": type(error).__name__, "message": said_by(error)}
    if isinstance(error, SynapseError):
        fields = dict(error.error_dict(config))
        errcode = str(getattr(error.errcode, "value", error.errcode))
        # Some classes answer with other words than their attributes: what differs stays a field, which has precedence.
        if fields.get("error") == error.msg:
            del fields["error"]
        if fields.get("errcode") == errcode:
            del fields["errcode"]
        wire.update(message=error.msg, status=int(error.code), errcode=errcode)
        if fields:
            wire["additional_fields"] = fields
        if error.headers:
            wire["headers"] = dict(error.headers)
    elif isinstance(error, RedirectException):
        wire.update(status=int(error.code), location=error.location.decode("utf-8", "replace"))
        wire["cookies"] = [cookie.decode("utf-8", "replace") for cookie in error.cookies]
    elif isinstance(error, synapse_errors.HttpResponseException):
        wire.update(message=error.msg, status=int(error.code), response=base64.b64encode(error.response).decode())
    elif isinstance(error, ConfigError):
        wire.update(message=error.msg, path=list(error.path or ()))
    return wire
