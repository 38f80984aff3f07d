"""Writing to the socket of a link: what one turn of the reactor says goes out together."""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import Protocol

from .constants import BYTES_AT_ONCE, LOOK_AGAIN, PIECES_AT_ONCE
from .link_table import LIMITS
from .runtime import reactor


class Channel(Protocol):
    """Whose socket it is, for the reactor: a link."""

    is_closed: bool

    def lose(self, reason: str | None) -> None:
        """The connection is over."""
        ...


class SocketWriter:
    """What waits to be sent. As a context manager, it gathers what is written meanwhile."""

    def __init__(self, channel: Channel, sock: socket.socket) -> None:
        self._channel, self._sock = channel, sock
        self._out: deque[bytes | memoryview] = deque()
        self._out_size = 0
        self._gathering = 0
        self._is_blocked = False
        # Nothing can be sent any more: the connection is about to be lost.
        self.is_broken = False

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return self._out_size

    def unblock(self) -> None:
        """The socket takes bytes again."""
        self._is_blocked = False
        reactor.removeWriter(self._channel)
        self._flush()

    def __enter__(self) -> None:
        self._gathering += 1

    def __exit__(self, *_: object) -> None:
        self._gathering -= 1
        if not self._gathering:
            self._flush()

    def write(self, *pieces: bytes) -> None:
        """Sends these pieces, now or as soon as the socket takes them."""
        if self.is_broken:
            return  # what waits for an answer goes by its policy in a moment
        self._out.extend(pieces)
        self._out_size += sum(map(len, pieces))
        if not self._gathering and not self._is_blocked:
            self._flush()
        elif self._out_size > 4 * LIMITS["frame"]:
            self._break("the module host does not read", 0.0)

    def _flush(self) -> None:
        if self._is_blocked or self._channel.is_closed or self.is_broken:
            return
        while self._out:
            pieces = self._next_pieces()
            try:
                sent = self._sock.sendmsg(pieces)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                # When the other side has closed it, the reader may learn why: from what was sent before.
                patience = LOOK_AGAIN if error.errno in (errno.EPIPE, errno.ECONNRESET) else 0.0
                self._break(f"nothing can be sent: {error.strerror or error}", patience)
                return
            self._out_size -= sent
            if not self._was_sent(sent, len(pieces)):
                self._is_blocked = True
                reactor.addWriter(self._channel)
                return

    def _next_pieces(self) -> list[bytes | memoryview]:
        """As much of what waits as the socket is likely to take: what it leaves is not looked at again and again."""
        pieces: list[bytes | memoryview] = []
        size = 0
        for piece in self._out:
            pieces.append(piece)
            size += len(piece)
            if size >= BYTES_AT_ONCE or len(pieces) == PIECES_AT_ONCE:
                break
        return pieces

    def _was_sent(self, sent: int, count: int) -> bool:
        """Forgets so many bytes of the first pieces, without a copy of the rest; whether they were all."""
        out = self._out
        for _ in range(count):
            size = len(out[0])
            if sent < size:
                if sent > 0:
                    out[0] = memoryview(out[0])[sent:]
                return False
            sent -= size
            out.popleft()
        return True

    def _break(self, reason: str, patience: float) -> None:
        """Sends nothing more, since frames are missing now, and loses the connection.

        Not at once: whoever writes is in a log context of its own, which those who wait for answers must not change.
        """
        self.is_broken = True
        self._out.clear()
        self._out_size = 0
        reactor.callLater(patience, self._channel.lose, reason)
