"""Versions and limits of the protocol, and what each state of the link means.

Made from package.json and src/synapse/protocol/*.ts by `npm run docs`.
"""

from __future__ import annotations

from typing import Final

from .rows import LinkRow

BRIDGE_VERSION: Final = "0.2.0"
PROTOCOL_VERSION: Final = 2
LIMITS: Final[dict[str, int]] = {
    "frame": 33554432,
    "depth": 500,
    "chunk": 65536,
    "piece": 1048576,
    "pingEvery": 5000,
    "pongWithin": 10000,
    "transaction": 60000,
}
# (questions, notifications, requests of the module host are served, the state after each event)
LINK_STATES: Final[dict[str, LinkRow]] = {
    "connecting": ("policy", "kept", False, {"connected": "opening", "failed": "waiting", "stop": "stopped"}),
    "opening": ("policy", "kept", True, {"opened": "ready", "lost": "waiting", "stop": "stopped"}),
    "ready": ("asked", "told", True, {"pong": "ready", "silent": "unresponsive", "lost": "waiting", "stop": "stopped"}),
    "unresponsive": ("policy", "kept", True, {"pong": "ready", "lost": "waiting", "stop": "stopped"}),
    "waiting": ("policy", "kept", False, {"retry": "connecting", "stop": "stopped"}),
    "stopped": ("policy", "counted", False, {}),
}
