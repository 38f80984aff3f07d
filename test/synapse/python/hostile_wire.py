"""Sends values of every kind to the module host and takes answers of every kind from it; prints what became of them."""

import json
import logging
import random
import resource
import socket
import sys
from types import SimpleNamespace
from typing import Any

from hostile_values import odd_value
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from vesicle_bridge.callback_table import CALLBACKS
from vesicle_bridge.calls import Call
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.hooks import Hook
from vesicle_bridge.link import Link
from vesicle_bridge.opened import Opened
from vesicle_bridge.served import SERVED
from vesicle_bridge.wire import UnsendableError, to_json, to_wire

ROUNDS = int(sys.argv[1])
logging.disable(logging.CRITICAL)
chance = random.Random(7)
problems: list[str] = []
counts = {"sent": 0, "refused": 0, "answered": 0, "failed": 0}
# JSON of what a module host could say, right or not.
WORDS = ["SynapseError", "Error", "RedirectException", "ConfigError", "LimitExceededError", "HttpResponseException"]
PLAIN: list[Any] = [
    None,
    True,
    0,
    -1,
    403,
    10**30,
    1.5,
    "",
    "text",
    "\ud800",
    "@a:here",
    [],
    {},
    [[]],
    {"a": 1},
    [None],
]
PLAIN += [
    {"$vesicle": kind, "value": value}
    for kind in ("int", "number", "date", "set", "map", "bytes", "?")
    for value in ("1", 1, [[1, 2]], {})
]
ERROR_FIELDS = ["status", "errcode", "additional_fields", "headers", "location", "cookies", "path", "response", "stack"]
RESULT_FIELDS = ["allowed", "replacement", "errcode", "fields", "message", "user_id", "callback", "changed", "result"]


def odd_json() -> Any:
    kind = chance.randrange(4)
    if kind == 0:
        return {chance.choice(RESULT_FIELDS): chance.choice(PLAIN) for _ in range(3)}
    if kind == 1:
        return [chance.choice(PLAIN) for _ in range(chance.randrange(4))]
    return chance.choice(PLAIN)


def odd_error() -> Any:
    if chance.randrange(5) == 0:
        return odd_json()
    error = {field: odd_json() for field in chance.sample(ERROR_FIELDS, 3)}
    return {
        "type": chance.choice(WORDS),
        "message": chance.choice(["no", "\ud800", 5]),
        "origin": chance.choice(PLAIN),
        **error,
    }


class Bridge:
    """As much of the bridge as a connection sees."""

    api = SimpleNamespace()
    config = SimpleNamespace(timeout=None)
    host = SimpleNamespace(ready=None, lost=lambda _link, reason: problems.append(f"lost: {reason}"))

    def is_local(self, user_id: Any) -> bool:
        return True

    def lost(self, link: Link, reason: str | None) -> None:
        problems.append(f"lost: {reason}")


bridge: Any = Bridge()
ours, theirs = socket.socketpair()
theirs.setblocking(False)
link = Link(bridge, Opened(ours, None, FrameReader(), []), SERVED)
hooks = [
    Hook(bridge, category, name, row)
    for category, callbacks in CALLBACKS.items()
    for name, row in callbacks.items()
    if category != "background_update_controller"
]
for hook in hooks:
    hook.update([{"module": "fake", "on_failure": {"local": "error", "federated": "error"}}])
asking = next(hook for hook in hooks if hook.name == "check_username_for_spam" or hook._kinds == ("json",))


def check_text(text: str) -> None:
    json.loads(text, parse_constant=lambda constant: problems.append(f"not JSON: {constant}"))


def send() -> None:
    """A value goes as JSON, or is refused with its place."""
    value = odd_value(chance)
    for encode in (to_json, to_wire):
        try:
            check_text(encode(value))
            counts["sent"] += 1
        except UnsendableError:
            counts["refused"] += 1
        except Exception as error:
            problems.append(f"{encode.__name__}: {type(error).__name__}")


def ask() -> None:
    """A question whose arguments cannot be sent fails by policy; it raises nothing."""
    value = odd_value(chance)
    asked = link.ask(asking, tuple(value for _ in asking._kinds))
    outcome: list[Any] = []
    asked.addBoth(outcome.append)
    if outcome:
        counts["failed"] += 1
    else:
        link.calls.give_up(link.last_id, "enough")


def answer() -> None:
    """Whatever an answer is, its call ends."""
    hook = chance.choice(hooks)
    outcome: list[Any] = []
    number = link.last_id = link.last_id + 1
    waiting: Deferred[Any] = Deferred()
    waiting.addBoth(outcome.append)
    args: Any = tuple({} for _ in hook.arguments)
    link.calls._pending[number] = Call(waiting, chance.choice([hook, hook, None]), args, (), None)
    message = {"id": number, "error": odd_error()} if chance.randrange(2) else {"id": number, "result": odd_json()}
    data = json.dumps(message).encode()
    theirs.send(len(data).to_bytes(4, "big") + data)
    link.doRead()
    if not outcome:
        problems.append(f"not ended: {message}")
    elif isinstance(outcome[0], Failure):
        counts["failed"] += 1
    else:
        counts["answered"] += 1


def tell() -> None:
    """A request or a notice that is right as a frame fails alone."""
    method = chance.choice(
        ["log", "release", "callback.register", "nonsense", "api.call", "state.get", "template.render"]
    )
    message: dict[str, Any] = {"method": method, "params": odd_json()}
    if chance.randrange(2) and method != "api.call":
        message["id"] = chance.randrange(2**53)
    data = json.dumps(message).encode()
    theirs.send(len(data).to_bytes(4, "big") + data)
    link.doRead()


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


patient: Deferred[Any] = link.request("ping", {})
patient_id = link.last_id
before = memory()
for number in range(ROUNDS):
    if number == ROUNDS // 10:
        before = memory()
    try:
        chance.choice([send, ask, answer, answer, tell])()
        theirs.recv(1 << 20)
    except BlockingIOError:
        pass
    except Exception as error:
        problems.append(repr(error))
    if link.is_closed or len(problems) > 20:
        break
if set(link.calls._pending) != {patient_id}:
    problems.append(f"pending: {len(link.calls._pending)}")
json.dump({"problems": problems[:10], "grown": memory() - before, **counts}, sys.stdout)
