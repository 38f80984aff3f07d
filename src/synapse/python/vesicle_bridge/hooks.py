"""One callback of Synapse: all modules that registered it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from synapse.module_api import ModuleApi
from twisted.internet.defer import Deferred, fail, succeed

from .arguments import HOLDING_ENCODERS, PLAIN_ENCODERS
from .config import BridgeConfig
from .constants import LOST_GRACE
from .errors import UnreachableModulesError
from .held_values import Holder, LaterState
from .log_lines import RepeatedLines
from .results import DECODERS, NEUTRAL_RESULTS, as_is, checked, update_setting
from .rows import Args, CallbackRow, Json
from .runtime import logger
from .when import Filter, WhenError, compile_when, subject_readers
from .wire import string_or


@dataclass
class _Entry:
    """One callback of one module, as far as the bridge must know it."""

    module: str
    is_enforced: bool
    passes: Filter | None
    timeout: float | None
    on_failure: Mapping[str, str]


class HookOwner(Protocol):
    """What a hook must know of its bridge."""

    config: BridgeConfig
    api: ModuleApi

    def is_local(self, user_id: Any) -> bool:
        """Whether a user is of this homeserver."""


class Answering(Holder, Protocol):
    """The connection that an answer came over: a link."""

    def function(self, handle: int, hook: Hook) -> Callable[[dict[str, Any]], Any]:
        """A function of the modules that an answer names."""


class Hook:
    """One callback that Synapse calls: all modules that registered it."""

    def __init__(self, bridge: HookOwner, category: str, name: str, row: CallbackRow) -> None:
        names, kinds, result, is_told, throws, neutral, refusal = row
        self.category, self.name, self.arguments = category, name, names
        self.where = f"{category}.{name}"
        self.is_told = is_told
        self.module_names = ""
        self.entries: list[_Entry] = []
        self.skips: Filter | None = _always
        self.timeout: float | None = None
        self.head = f'"method":"callback.invoke","params":{{"callback":"{self.where}","args":['
        self._bridge = bridge
        self._subject = subject_readers(names)
        self._kinds = kinds
        self._live = [index for index, kind in enumerate(kinds) if kind == "live_json"]
        self._is_auth = result == "auth"
        self._decode = DECODERS.get(result, as_is)
        self._neutral: Callable[[], Any] = NEUTRAL_RESULTS.get(result) or fresh(neutral)
        if category == "background_update_controller" and neutral is not None:
            self._neutral = lambda: update_setting(bridge.api, name, neutral)
        self._refusal, self._throws = refusal, throws
        self._is_masked = throws == "propagates" or self.where == "third_party_rules.check_event_allowed"
        self._encoders = [PLAIN_ENCODERS.get(kind) for kind in kinds]
        self.only_encoder = self._encoders[0] if len(kinds) == 1 else None
        self._failures = RepeatedLines()

    def update(self, entries: Sequence[Json]) -> None:
        """Takes over what the module host says of this callback now."""
        self.entries = [self._entry(entry) for entry in entries if entry.get("mode") != "off"]
        self.module_names = ", ".join(entry.module for entry in self.entries)
        filters = [entry.passes for entry in self.entries]
        if not filters:
            self.skips = _always
        elif any(passes is None for passes in filters):
            self.skips = None
        else:
            self.skips = _none_passes([passes for passes in filters if passes is not None])
        timeouts = [entry.timeout for entry in self.entries]
        known = [timeout for timeout in timeouts if timeout is not None]
        self.timeout = sum(known) + LOST_GRACE if known and len(known) == len(timeouts) else self._bridge.config.timeout

    def _entry(self, wire: Mapping[str, Json]) -> _Entry:
        when, timeout = wire.get("when"), wire.get("timeout")
        passes = None
        if when is not None:
            try:
                passes = compile_when(when, self._subject, self._bridge.is_local)
            except WhenError as error:
                logger.warning("%s: `when` of %s cannot be evaluated here: %s", wire.get("module"), self.where, error)
        return _Entry(
            module=string_or(wire.get("module"), "?"),
            is_enforced=wire.get("mode") != "audit",
            passes=passes,
            timeout=timeout / 1000 if isinstance(timeout, (int, float)) else None,
            on_failure=wire.get("on_failure") or {},
        )

    def encode(self, link: Holder, handles: list[int], args: Args) -> str:
        """The arguments as JSON, without brackets."""
        texts = []
        for index, encoder in enumerate(self._encoders):
            if encoder is not None:
                texts.append(encoder(args[index]))
            else:
                texts.append(HOLDING_ENCODERS[self._kinds[index]](link, handles, args[index]))
        return ",".join(texts)

    def keepable(self, args: Args) -> Args:
        """The arguments of a question that has to wait: big ones are fetched anew then."""
        if "state" not in self._kinds:
            return args
        room_id = self._subject["room_id"](args)
        later = LaterState(room_id)
        return tuple(later if kind == "state" else arg for kind, arg in zip(self._kinds, args, strict=True))

    def completed(self, args: Args) -> Args:
        """The arguments of a Synapse that is older than the last of them."""
        return (*args, *({} if name == "room_config" else None for name in self.arguments[len(args) :]))

    def neutral(self) -> Any:
        """What Synapse gets when no module objects."""
        return self._neutral()

    def decode(self, wire: Json, args: Args, link: Answering) -> Any:
        """An answer as Synapse wants it."""
        changed: Mapping[str, Json] = {}
        if self._live and type(wire) is dict and "changed" in wire:
            changed, wire = wire["changed"], wire.get("result")
        value = self._value(wire, link)
        for index in self._live:
            members = changed.get(str(index))
            if isinstance(members, dict):
                args[index].clear()
                args[index].update(members)
        return value

    def _value(self, wire: Json, link: Answering) -> Any:
        if wire is None:
            return self._neutral()
        if self._is_auth:
            handle = wire["callback"]
            return checked(str, wire["user_id"]), None if handle is None else link.function(handle, self)
        return self._decode(wire)

    def fail(self, args: Args, error: Exception) -> Any:
        """What a lost question means: by the policy of one entry after the other."""
        user = self._subject["sender"](args) if "sender" in self._subject else None
        origin = "federated" if isinstance(user, str) and not self._bridge.is_local(user) else "local"
        for entry in self.entries:
            if not entry.is_enforced or (entry.passes is not None and not entry.passes(args)):
                continue
            if self.is_told:
                self._failures.warn("%s: %s may not have been told: %s", entry.module, self.where, error)
                continue
            action = entry.on_failure.get(origin, "error")
            self._failures.warn('%s: %s failed, which counts as "%s": %s', entry.module, self.where, action, error)
            if action == "allow" or (action == "error" and self._throws == "logged"):
                continue
            if action == "deny" and self._refusal is not None:
                return self._decode(self._refusal)
            if origin == "local" and self._is_masked:
                raise UnreachableModulesError from error
            raise error
        return self._neutral()

    def failed(self, args: Args, error: Exception) -> Deferred[Any]:
        """The same, for who awaits it."""
        try:
            return succeed(self.fail(args, error))
        except Exception as raised:
            return fail(raised)


def fresh(value: Json) -> Callable[[], Any]:
    if isinstance(value, dict):
        return lambda: dict(value)
    return lambda: value


def _always(_args: Args) -> bool:
    return True


def _none_passes(filters: list[Filter]) -> Filter:
    if len(filters) == 1:
        (only,) = filters
        return lambda args: not only(args)
    return lambda args: not any(passes(args) for passes in filters)
