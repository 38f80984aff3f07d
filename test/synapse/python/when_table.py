"""Reads rows of `test/fixtures/when.json` from standard input, and prints what the bridge's filters say of them."""

import json
import sys
from types import SimpleNamespace
from typing import Any

from synapse.api.room_versions import RoomVersions
from synapse.events import make_event_from_dict
from synapse.types import UserID, create_requester

from vesicle_bridge.callback_table import CALLBACKS
from vesicle_bridge.when import compile_when, subject_readers


def is_local(user_id: Any) -> bool:
    return isinstance(user_id, str) and user_id.endswith(":here")


def event_of(members: dict[str, Any]) -> Any:
    """A real event where Synapse makes one of these members, else something of the same look."""
    if not members["room_id"].startswith("!"):
        return SimpleNamespace(**members, get_state_key=lambda: members.get("state_key"))
    rest = {"auth_events": [], "prev_events": [], "hashes": {}, "signatures": {}, "depth": 1, "origin_server_ts": 1}
    return make_event_from_dict({**rest, **members}, RoomVersions.V11)


def argument_of(value: Any) -> Any:
    if isinstance(value, dict) and "requester" in value:
        return create_requester(UserID.from_string(value["requester"]))
    return value


def passes(callback: str, when: Any, args: tuple[Any, ...]) -> bool:
    category, name = callback.split(".")
    return compile_when(when, subject_readers(CALLBACKS[category][name][0]), is_local)(args)


table = json.load(sys.stdin)
of_events = [
    passes("spam_checker.check_event_for_spam", row["when"], (event_of({**table["event"], **row["event"]}),))
    for row in table["events"]
]
of_arguments = [
    passes(row["callback"], row["when"], tuple(argument_of(value) for value in row["args"]))
    for row in table["arguments"]
]
json.dump({"events": of_events, "arguments": of_arguments}, sys.stdout)
