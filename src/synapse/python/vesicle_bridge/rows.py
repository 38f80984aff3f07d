"""Types of what travels and of the rows of the tables."""

from __future__ import annotations

from typing import Any

Json = Any
CallbackRow = tuple[tuple[str, ...], tuple[str, ...], str, bool, str, Json, Json]
ApiRow = tuple[dict[str, str], str]
LinkRow = tuple[str, str, bool, dict[str, str]]
Args = tuple[Any, ...]
