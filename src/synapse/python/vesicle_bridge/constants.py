"""How long the bridge waits (seconds), and how much it takes at once (bytes, unless a name or a comment says else)."""

from __future__ import annotations

from typing import Final

CONNECT_WITHIN: Final = 10.0
START_WITHIN: Final = 60.0
SLOW_START: Final = 10.0
DIAL_WITHIN: Final = 3.0
HELLO_WITHIN: Final = 5.0
LOST_GRACE: Final = 0.25
STOP_WITHIN: Final = 3.0
SWEEP_EVERY: Final = 0.02
RETRY_FIRST: Final = 0.1
RETRY_LAST: Final = 1.0
RESTART_LAST: Final = 5.0
HUNG_AFTER: Final = 30.0
STEADY_AFTER: Final = 10.0
WARN_EVERY: Final = 5.0
LOOK_AGAIN: Final = 0.1
SLOWEST: Final = 1_048_576  # bytes a second
KEPT_AT_ONCE: Final = 100
CLOGGED: Final = 1_048_576
ROWS_AT_ONCE: Final = 500
EVENTS_AT_ONCE: Final = 250
PIECE: Final = 4 * 1024 * 1024
BYTES_FLAG: Final = 0x8000_0000
SMALL_BODY: Final = 65_536
KEPT_ERRORS: Final = 1000
# A socket takes about 200 kB at a time, and the system 1,024 pieces.
BYTES_AT_ONCE: Final = 262_144
PIECES_AT_ONCE: Final = 256
