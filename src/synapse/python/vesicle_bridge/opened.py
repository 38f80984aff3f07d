"""A connection as it is handed over to the reactor."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass, field

from .frames import FrameReader
from .processes import stop_process
from .rows import Json


@dataclass
class Opened:
    """A connection on which the module host has loaded the modules."""

    sock: socket.socket
    process: subprocess.Popen[bytes] | None
    reader: FrameReader
    problems: list[Json]
    notices: list[dict[str, Json]] = field(default_factory=list)
    pid: int = field(default_factory=os.getpid)

    def close(self) -> None:
        self.sock.close()
        stop_process(self.process)
