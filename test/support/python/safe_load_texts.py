"""Reads a JSON list of YAML texts from standard input, and writes what PyYAML's `safe_load` makes of each."""

import datetime
import json
import sys
from typing import Any

import yaml

Json = Any


def outcome(text: str) -> Json:
    """The value with its kinds, or in which stage it was refused."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except Exception as error:
        return {"refused": "compose", "why": str(error)[:200]}
    try:
        notes = sorted(set(noted(node, []))) if node is not None else []
        value = yaml.safe_load(text)
    except Exception as error:
        return {"refused": "construct", "why": f"{type(error).__name__}: {error}"[:200]}
    return {"notes": notes} if "recursive" in notes else {"value": kinds(value), "notes": notes}


def noted(node: yaml.Node, above: list[yaml.Node]) -> list[str]:
    """What PyYAML takes without a word: keys that are given twice, and values that hold themselves."""
    if any(node is one for one in above):
        return ["recursive"]
    within = [*above, node]
    if isinstance(node, yaml.SequenceNode):
        return [note for item in node.value for note in noted(item, within)]
    if not isinstance(node, yaml.MappingNode):
        return []
    names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and not key.tag.endswith(":merge")]
    twice = ["duplicate"] if len(names) > len(set(names)) and not node.tag.endswith(":set") else []
    return twice + [note for pair in node.value for one in pair for note in noted(one, within)]


def kinds(value: Any) -> Json:
    """A value as JSON, with the name of its kind."""
    if isinstance(value, dict):
        return ["map", [[kinds(key), kinds(member)] for key, member in value.items()]]
    if isinstance(value, (list, tuple)):
        return ["list", [kinds(item) for item in value]]
    if isinstance(value, set):
        return ["set", [kinds(item) for item in value]]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, datetime.date):
        return ["time", milliseconds(value)]
    return [type(value).__name__, repr(value) if isinstance(value, (int, float)) else value]


def milliseconds(value: datetime.date) -> int:
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    zone = value.utcoffset() or datetime.timedelta()
    since = value.replace(tzinfo=None) - datetime.datetime(1970, 1, 1) - zone
    return since // datetime.timedelta(milliseconds=1)


json.dump([outcome(text) for text in json.load(sys.stdin)], sys.stdout)
