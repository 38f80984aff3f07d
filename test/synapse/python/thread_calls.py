"""Has other threads call the reactor while the bridge turns it inside a turn, and prints which calls are lost."""

import itertools
import json
import random
import sys
from typing import Any

from changed_names import change_name

from vesicle_bridge.own_turns import own_thread_calls

TRIALS = int(sys.argv[1])
chance = random.Random(1)
problems: list[str] = []


class Reactor:
    """As much of Twisted's as runs the calls of other threads; these call whenever the queue is looked at or set."""

    def __init__(self) -> None:
        self._queue: list[int] = []
        self.added = 0
        self.ran: list[int] = []

    def _others(self) -> None:
        for _ in range(chance.randrange(3)):
            self._queue.append(self.added)
            self.added += 1

    @property
    def threadCallQueue(self) -> list[int]:  # noqa: N802 -- Twisted's name
        self._others()
        return self._queue

    @threadCallQueue.setter
    def threadCallQueue(self, queue: list[int]) -> None:  # noqa: N802 -- Twisted's name
        self._others()
        self._queue = queue
        self._others()

    def runUntilCurrent(self, work: Any = None) -> None:  # noqa: N802 -- Twisted's name
        """As Twisted does it: the calls that are there, in a loop over the list, which is shortened afterwards."""
        calls = self._queue
        count, total = 0, len(calls)
        for call in calls:
            if count == total:
                break
            self.ran.append(call)
            count += 1
            if work is not None and count == 1:
                work()
        del self._queue[:count]


def trial(number: int) -> None:
    reactor = Reactor()
    change_name("reactor", reactor)
    reactor._queue, reactor.added = list(range(5)), 5

    def inside() -> None:
        with own_thread_calls():
            for _ in range(chance.randrange(3)):
                reactor._others()
                reactor.runUntilCurrent()
            reactor._others()

    reactor.runUntilCurrent(inside)
    while reactor._queue:
        reactor.runUntilCurrent()
    if sorted(reactor.ran) != list(range(reactor.added)):
        lost = set(range(reactor.added)) - set(reactor.ran)
        problems.append(f"{number}: lost {sorted(lost)}, ran {reactor.ran}")
    # What came before the bridge turned the reactor waits, and so may come after what came meanwhile; nothing else.
    later = [call for call in reactor.ran if call >= 5]
    outer = [call for call in reactor.ran if call < 5]
    if outer != sorted(outer) or sum(after < before for before, after in itertools.pairwise(later)) > 1:
        problems.append(f"{number}: out of order: {reactor.ran}")


for trial_number in range(TRIALS):
    trial(trial_number)
json.dump({"problems": problems[:5], "count": len(problems)}, sys.stdout)
