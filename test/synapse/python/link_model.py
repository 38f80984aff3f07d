"""The bridge on a clock that stands still, for a test that plays everything around it: Synapse, the socket, the host.

Orders come as lines of JSON on standard input, and each is answered with what has happened since. The connection is
made by order, so that the test sees every state; from then on real frames go over a real pair of sockets.
"""

import gc
import json
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any

from played_loop import play
from synapse.module_api import NOT_SPAM
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from vesicle_bridge import VesicleBridge
from vesicle_bridge.config import BridgeConfig
from vesicle_bridge.errors import ModuleHostError
from vesicle_bridge.frames import FrameReader
from vesicle_bridge.opened import Opened
from vesicle_bridge.opening import open_connection
from vesicle_bridge.wire import to_json

# Seconds.
STEP = 0.02

log: list[str] = []
unhandled: list[str] = []


class LogKeeper(logging.Handler):
    """Keeps the lines of the bridge."""

    def emit(self, record: logging.LogRecord) -> None:
        log.append(f"{record.levelname} {record.getMessage()}")


class Api:
    """The `ModuleApi` of a Synapse with two callbacks: one is asked, one is told."""

    server_name = "hs.test"
    public_baseurl = email_app_name = worker_name = worker_app = custom_template_dir = None

    def __init__(self, game: "Game") -> None:
        self._game = game
        self.functions: dict[str, Callable[..., Any]] = {}

    def register_spam_checker_callbacks(self, *, user_may_create_room_alias: Any = None) -> None:
        self.functions["ask"] = user_may_create_room_alias

    def register_third_party_rules_callbacks(self, *, on_threepid_bind: Any = None) -> None:
        self.functions["tell"] = on_threepid_bind

    def register_password_auth_provider_callbacks(self) -> None:
        pass

    def should_run_background_tasks(self) -> bool:
        return True

    def run_as_background_process(self, desc: str, work: Callable[..., Any], *args: Any) -> None:
        Deferred.fromCoroutine(work(*args)).addErrback(lambda failure: unhandled.append(failure.getTraceback()))

    def sleep(self, seconds: float) -> Deferred[None]:
        waking: Deferred[None] = Deferred()
        self._game.loop.callLater(seconds, waking.callback, None)
        return waking

    def defer_to_thread(self, work: Callable[..., Any], *args: Any) -> Deferred[Any]:
        if work is open_connection:
            return self._game.dial()
        return maybeDeferred(work, *args)


class Game:
    """One bridge, and what is played around it."""

    def __init__(self, queue: int, modules: Any) -> None:
        self.loop = play()
        self.dialling: Deferred[Opened] | None = None
        self.dials: list[float] = []
        self.host: socket.socket | None = None
        self.reader = FrameReader()
        self.reads = self.pongs = True
        self.pings: list[Any] = []
        self.ponged_at = 0.0
        self.heard: list[Any] = []
        self.outcomes: list[Any] = []
        api: Any = Api(self)
        config = BridgeConfig(
            connect="unix:/played",
            spawn=None,
            modules=modules,
            token=None,
            queue=queue,
            is_required=False,
            missing="it is not there yet",
        )
        self.bridge = VesicleBridge(config, api)
        self.functions = api.functions
        log.clear()

    # -- Orders --

    def do(self, order: dict[str, Any]) -> None:
        getattr(self, f"do_{order['do']}")(order)
        self.pump()

    def do_ask(self, order: dict[str, Any]) -> None:
        self._call("ask", order["number"], str(order["number"]))

    def do_tell(self, order: dict[str, Any]) -> None:
        for number in range(order["first"], order["first"] + order["count"]):
            self._call("tell", number, f"{number} " + "x" * order["size"])

    def _call(self, kind: str, number: int, text: str) -> None:
        args = ("@a:hs.test", text) if kind == "ask" else ("@a:hs.test", "email", text)

        def done(result: Any) -> None:
            value = result.type.__name__ if isinstance(result, Failure) else "accept" if result == NOT_SPAM else "deny"
            self.outcomes.append([kind, number, value])

        maybeDeferred(self.functions[kind], *args).addBoth(done)

    def do_connect(self, order: dict[str, Any]) -> None:
        dialling, self.dialling = self.dialling, None
        if dialling is None:
            return
        how = order["how"]
        if how == "refused":
            dialling.errback(Failure(ModuleHostError("nobody listens")))  # type: ignore[no-untyped-call]
            return
        problems = [] if how == "loaded" else [{"path": ["modules"], "messages": ["it is wrong"]}]
        ours, self.host = socket.socketpair()
        self.host.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self.reader, self.reads, self.pongs, self.pings = FrameReader(), True, True, []
        if problems:
            self.host = None
        dialling.callback(Opened(ours, None, FrameReader(), problems))

    def do_send(self, order: dict[str, Any]) -> None:
        data = to_json(order["frame"]).encode()
        self._send(len(data).to_bytes(4, "big") + data)

    def do_bytes(self, order: dict[str, Any]) -> None:
        """The length of a frame, if any, and a part of it."""
        start = b"" if order.get("length") is None else order["length"].to_bytes(4, "big")
        self.pongs = False
        self._send(start + b" " * order["count"])

    def do_lose(self, order: dict[str, Any]) -> None:
        if self.host is not None:
            self.host.close()
            self.host = None

    def do_block(self, order: dict[str, Any]) -> None:
        self.reads = not order["blocked"]

    def do_mute(self, order: dict[str, Any]) -> None:
        self.pongs = False

    def do_advance(self, order: dict[str, Any]) -> None:
        until = self.loop.seconds() + order["seconds"]
        while (left := until - self.loop.seconds()) > 0:
            due = [call.getTime() for call in self.loop.getDelayedCalls()]
            # From one call to the next, as they come; those that are late together happen together.
            self.loop.advance(min(left, max(STEP, min(due, default=until) - self.loop.seconds())))
            self.pump()

    def do_stop(self, order: dict[str, Any]) -> None:
        self.bridge.host.stop()
        if self.dialling is not None:
            self.dialling.errback(Failure(ModuleHostError("stopped")))  # type: ignore[no-untyped-call]
        self.loop.advance(100)

    # -- The world --

    def dial(self) -> Deferred[Opened]:
        if self.dialling is not None:
            return fail(RuntimeError("two connections are made at once"))
        self.dials.append(round(self.loop.seconds(), 3))
        self.dialling = Deferred()
        return self.dialling

    def _send(self, data: bytes) -> None:
        while data and self.host is not None:
            try:
                data = data[self.host.send(data) :]
            except BlockingIOError:
                pass
            except OSError:
                self.do_lose({})
            self.loop.turn()

    def pump(self) -> None:
        """Has everything read that was sent."""
        while self.loop.turn() or self._host_reads():
            pass

    def _host_reads(self) -> bool:
        if self.host is None or not self.reads:
            return False
        try:
            data = self.host.recv(1 << 20)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.do_lose({})
            self.heard.append({"method": "lost"})
            return True
        for frame in list(self.reader.feed(data)):
            if frame.get("method") != "ping":
                params = frame.get("params") or {}
                # Long texts are of no interest.
                args = [str(arg)[:20] for arg in params.get("args") or ()]
                self.heard.append({**frame, "params": {"args": args, "id": params.get("id")}})
            elif self.pongs:
                data = to_json({"id": frame["id"], "result": None}).encode()
                self.ponged_at = self.loop.seconds()
                self._send(len(data).to_bytes(4, "big") + data)
        return True

    def report(self) -> dict[str, Any]:
        report = {
            "state": self.bridge.host.state,
            "now": self.loop.seconds(),
            "pongedAt": self.ponged_at,
            "isDialling": self.dialling is not None,
            "dials": self.dials,
            "heard": self.heard,
            "outcomes": self.outcomes,
            "log": list(log),
        }
        self.dials, self.heard, self.outcomes = [], [], []
        log.clear()
        return report


def main() -> None:
    logging.getLogger().addHandler(LogKeeper())
    logging.getLogger("twisted").setLevel(logging.CRITICAL)
    globalLogPublisher.addObserver(
        lambda event: unhandled.append(str(event)) if event.get("log_level") is LogLevel.critical else None
    )
    game: Game | None = None
    for number, line in enumerate(sys.stdin):
        order = json.loads(line)
        if order["do"] == "begin":
            if game is not None:
                game.do_lose({})
            game = Game(order["queue"], order["modules"])
        elif game is not None:
            game.do(order)
        if number % 5_000 == 0:
            gc.collect()
        assert game is not None
        print(json.dumps({**game.report(), "unhandled": unhandled}), flush=True)


main()
