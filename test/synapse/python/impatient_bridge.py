"""The bridge, for tests that cannot wait as long as it does."""

from changed_names import change_name

from vesicle_bridge import VesicleBridge
from vesicle_bridge.link_table import LIMITS

__all__ = ["VesicleBridge"]

LIMITS.update(pingEvery=100, pongWithin=200)
for name, seconds in {"HUNG_AFTER": 0.5, "STOP_WITHIN": 0.2}.items():
    change_name(name, seconds)
