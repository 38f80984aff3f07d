"""What is known of modules that were never there."""

from __future__ import annotations

from .rows import Json
from .wire import string_or


def policy_of_modules(modules: Json, name: str, is_gate: bool) -> list[dict[str, Json]]:
    """What is known of modules that were never there: what the configuration says of their failures.

    The module host does not check it before it is there, so that what is wrong counts as not said.
    """
    entries: list[dict[str, Json]] = []
    for item in modules if isinstance(modules, list) else [None]:
        module = item if isinstance(item, dict) else {}
        callbacks = module.get("callbacks")
        own = callbacks.get(name) if isinstance(callbacks, dict) else None
        said = [one for one in (own, module) if isinstance(one, dict)]
        mode = next((one["mode"] for one in said if "mode" in one), "enforce")
        policy = {"local": "error", "federated": "allow" if is_gate else "error"}
        for one in reversed(said):
            given = one.get("on_failure")
            policy.update(given if isinstance(given, dict) else {"local": given, "federated": given} if given else {})
        entries.append(
            {
                "module": string_or(module.get("module"), "?"),
                "mode": "off" if mode is False else mode,
                "on_failure": {origin: _known_action(action, is_gate) for origin, action in policy.items()},
            }
        )
    return entries


def _known_action(action: Json, is_gate: bool) -> str:
    return action if action == "allow" or (action == "deny" and is_gate) else "error"
