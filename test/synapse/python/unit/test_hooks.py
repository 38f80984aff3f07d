"""One callback of all modules: what is asked, decoded, and what a lost question means."""

from types import SimpleNamespace
from typing import Any

import pytest
from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import Codes, SynapseError

from vesicle_bridge.callback_table import CALLBACKS
from vesicle_bridge.errors import ModuleHostError
from vesicle_bridge.hooks import Hook

OWNER: Any = SimpleNamespace(
    config=SimpleNamespace(timeout=None),
    api=SimpleNamespace(_hs=SimpleNamespace(config=None)),
    is_local=lambda user: user.endswith(":here"),
)
LINK: Any = SimpleNamespace()
LOST = ModuleHostError("gone")


def hook(category: str, name: str, *entries: dict[str, Any]) -> Hook:
    made = Hook(OWNER, category, name, CALLBACKS[category][name])
    made.update(entries)
    return made


def join(*entries: dict[str, Any]) -> Hook:
    return hook("spam_checker", "user_may_join_room", *entries)


def test_timeouts_add_up_when_every_module_has_one() -> None:
    assert join({"timeout": 1000}, {"timeout": 500}).timeout == 1.75
    assert join({"timeout": 1000}, {}).timeout is None


def test_what_no_filter_lets_through_is_not_sent() -> None:
    local = join({"when": {"sender": {"local": True}}})
    assert local.skips is not None
    assert not local.skips(("@a:here", "!r", False)) and local.skips(("@a:there", "!r", False))
    assert join({"when": {"type": "x"}}).skips is None  # not understood: the host decides
    off = join({"mode": "off"}).skips
    assert off is not None and off(("@a:here", "!r", False))


def test_answers_are_decoded_by_their_kind() -> None:
    args = ("@a:here", "!r", False)
    assert join({}).decode(None, args, LINK) == NOT_SPAM
    assert join({}).decode({"errcode": "M_FORBIDDEN"}, args, LINK) == Codes.FORBIDDEN
    assert join({}).decode({"errcode": "M_NEW"}, args, LINK) == Codes.FORBIDDEN


@pytest.mark.parametrize(("action", "outcome"), [("allow", NOT_SPAM), ("deny", Codes.FORBIDDEN)])
def test_a_lost_question_goes_by_policy(action: str, outcome: object) -> None:
    asked = join({"module": "a", "on_failure": {"local": action}})
    assert asked.fail(("@a:here", "!r", False), LOST) == outcome


def test_a_lost_question_fails_closed_without_a_policy() -> None:
    for user, kind in (("@a:here", SynapseError), ("@a:there", ModuleHostError)):
        with pytest.raises(kind):
            join({"module": "a"}).fail((user, "!r", False), LOST)
    audited = join({"module": "a", "mode": "audit"})
    assert audited.fail(("@a:here", "!r", False), LOST) == NOT_SPAM
