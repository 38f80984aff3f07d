"""The bridge, for tests that cannot wait as long as it does."""

import vesicle_bridge
from vesicle_bridge import VesicleBridge

__all__ = ["VesicleBridge"]

vesicle_bridge.LIMITS.update(pingEvery=100, pongWithin=200)
for name, seconds in {"HUNG_AFTER": 0.5, "STOP_WITHIN": 0.2}.items():
    setattr(vesicle_bridge, name, seconds)
