"""A module host that the bridge starts itself, and its end."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from typing import Final

from .constants import STOP_WITHIN
from .errors import ModuleHostError

# Gives a program its standard input as descriptor 3, too.
_WITH_OWN_DESCRIPTOR: Final = ("/bin/sh", "-c", 'exec 3<&0 "$@"', "sh")


def spawn_host(argv: Sequence[str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Starts a module host that speaks over one socket.

    It is descriptor 3, which no child of the host inherits. It is standard input, too, for hosts that something else
    starts in turn and passes no other descriptors (as npx does). Standard output goes where standard error goes: what
    native libraries and children write to it is no part of the protocol.
    """
    if shutil.which(argv[0]) is None:
        raise ModuleHostError(f"cannot start {argv[0]!r}: {_why_not(argv[0])}")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        try:
            # A session of its own, so that what it starts in turn can be ended with it.
            command, stdin, stdout = [*_WITH_OWN_DESCRIPTOR, *argv], theirs.fileno(), _standard_error()
            return ours, subprocess.Popen(command, stdin=stdin, stdout=stdout, start_new_session=True)
        except OSError as error:
            ours.close()
            raise ModuleHostError(f"cannot start {argv[0]!r}: {error.strerror or error}") from None


def _why_not(program: str) -> str:
    return os.strerror(errno.EACCES if os.path.exists(program) else errno.ENOENT)


def _standard_error() -> int:
    """Descriptor 2, if it is open: `sys.stderr` may be something of Synapse's."""
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def stop_process(process: subprocess.Popen[bytes] | None) -> None:
    """Ends a module host whose socket is closed: it does so by itself, unless it hangs."""
    if process is None:
        return
    for signal_number in (None, signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_WITHIN
        while _is_running(process, signal_number) and time.monotonic() < until:
            signal_number = None
            time.sleep(0.01)
        if not _is_running(process):
            return


def _is_running(process: subprocess.Popen[bytes], signal_number: int | None = None) -> bool:
    """Whether there is anything left of what we started; it gets the signal."""
    process.poll()
    try:
        os.killpg(process.pid, signal_number or 0)
    except OSError:
        return False
    return True


def end_of_process(process: subprocess.Popen[bytes] | None) -> str:
    """How a module host that we started has ended, for whoever has to look for the reason."""
    if process is None or process.returncode is None:
        return ""
    code = process.returncode
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return f"it ended with {how}; what it said is in Synapse's standard error"
