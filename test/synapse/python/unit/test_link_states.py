"""The table of states, notifications that wait, and pauses."""

from types import SimpleNamespace
from typing import Any

import pytest

from vesicle_bridge.constants import RESTART_LAST, STEADY_AFTER
from vesicle_bridge.host_link import Backoff, HostLink
from vesicle_bridge.kept_notifications import KeptNotifications
from vesicle_bridge.link_table import LINK_STATES


@pytest.mark.parametrize("state", LINK_STATES)
def test_every_state_can_be_reached_and_stopped(state: str) -> None:
    following = [after for row in LINK_STATES.values() for after in row[3].values()]
    assert state == "connecting" or state in following
    assert state == "stopped" or LINK_STATES[state][3]["stop"] == "stopped"


@pytest.mark.parametrize("state", LINK_STATES)
def test_questions_are_asked_only_where_the_table_says_so(state: str) -> None:
    config: Any = SimpleNamespace(queue=1, where="here")
    bridge: Any = SimpleNamespace()
    for before, row in LINK_STATES.items():
        for event, after in row[3].items():
            if after == state:
                link = HostLink(bridge, config)
                link.state, link.link = before, SimpleNamespace()  # type: ignore[assignment]
                link._take(event)
                assert link.state == state
                assert (link.ready is link.link) is (LINK_STATES[state][0] == "asked")


def test_notifications_beyond_the_queue_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    kept = KeptNotifications(2)
    hook: Any = SimpleNamespace(keepable=lambda args: args)
    for number in range(5):
        kept.add(hook, (number,))
    assert len(kept) == 2
    kept.drop()
    assert len(kept) == 0
    assert "5 notifications were dropped" in caplog.text


def test_pauses_double_until_a_link_was_steady() -> None:
    backoff = Backoff()
    pauses = [backoff.pause(RESTART_LAST) for _ in range(10)]
    assert pauses[0] < 0.2 and RESTART_LAST <= pauses[-1] <= RESTART_LAST * 1.25
    backoff.ready_for(STEADY_AFTER - 1)
    assert backoff.pause(RESTART_LAST) >= RESTART_LAST
    backoff.ready_for(STEADY_AFTER)
    assert backoff.pause(RESTART_LAST) < 0.2
