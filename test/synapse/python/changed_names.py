"""Gives a name of the bridge another value in every module that has it."""

import sys

import vesicle_bridge


def change_name(name: str, value: object) -> None:
    """Modules hold what they import by names of their own: all of these, and at least one."""
    package = vesicle_bridge.__name__
    modules = [one for key, one in sys.modules.items() if key == package or key.startswith(f"{package}.")]
    holders = [one for one in modules if hasattr(one, name)]
    if not holders:
        raise AttributeError(f"the bridge has no {name}")
    for one in holders:
        setattr(one, name, value)
