"""The bridge's own keys of homeserver.yaml."""

from pathlib import Path
from typing import Any

import pytest
from synapse.module_api.errors import ConfigError

from vesicle_bridge.config import parse_address, parse_bridge_config

BASE: dict[str, Any] = {"connect": "unix:/run/host.sock", "modules": []}


@pytest.mark.parametrize(
    ("value", "seconds"), [("5s", 5.0), ("2m", 120.0), ("1h", 3600.0), ("250", 0.25), (250, 0.25), (1.5, 0.0015)]
)
def test_durations(value: object, seconds: float) -> None:
    assert parse_bridge_config({**BASE, "timeout": value}).timeout == seconds


@pytest.mark.parametrize("value", [0, -1, True, "5 s", "1y", "", [], float("inf"), float("nan")])
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ConfigError):
        parse_bridge_config({**BASE, "timeout": value})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"connct": 1}, ["connct"]),
        ({"spawn": ["x"]}, None),
        ({"connect": None}, None),
        ({"connect": None, "spawn": "x"}, ["spawn"]),
        ({"connect": "tcp:here"}, ["connect"]),
        ({"token": ""}, ["token"]),
        ({"token": 1}, ["token"]),
        ({"token": "x", "token_file": "y"}, ["token_file"]),
        ({"token_file": "/no/such/file"}, ["token_file"]),
        ({"queue": -1}, ["queue"]),
        ({"queue": True}, ["queue"]),
        ({"start": "later"}, ["start"]),
    ],
)
def test_mistakes_are_told_with_their_key(change: dict[str, Any], path: list[str] | None) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_bridge_config({**BASE, **change})
    assert raised.value.path == path


def test_addresses() -> None:
    assert parse_address("unix:a:b") == ("unix", "a:b")
    assert parse_address("tcp:[::1]:80") == ("tcp", ("::1", 80))


def test_a_token_of_a_file_or_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(" secret\n")
    assert parse_bridge_config({**BASE, "token_file": str(file)}).token == "secret"
    monkeypatch.setenv("VESICLE_TOKEN", "given")
    assert parse_bridge_config(BASE).token == "given"
