"""One connection with the module host, inside the reactor."""

from __future__ import annotations

import itertools
import subprocess
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from synapse.logging.context import current_context
from synapse.module_api import ModuleApi, make_deferred_yieldable
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from .calls import Call, Calls
from .config import BridgeConfig
from .constants import KEPT_ERRORS
from .contexts import LoggingContext, keeping_context
from .errors import ModuleHostError, error_from_wire, error_to_wire, failure_of, without_frames
from .frames import ProtocolError, frame_of, head_with_bytes, params_of, part_of
from .hooks import Hook
from .notices import Notices
from .opened import Opened
from .pulse import Pulse
from .rows import Args, Json
from .runtime import logger, reactor
from .socket_writer import SocketWriter
from .wire import said_by, to_json


class OpenTransaction(Protocol):
    """A database transaction of a module, as far as its link knows it."""

    def execute(self, request_id: Json, params: Mapping[str, Json]) -> None:
        """Executes a statement, and answers with its first rows."""
        ...

    def fetch(self, request_id: Json) -> None:
        """Answers with further rows of the last statement."""
        ...

    def lost(self, error: Exception) -> None:
        """The connection is over: the transaction is rolled back."""
        ...


class LinkKeeper(Protocol):
    """Who learns what becomes of links: the bridge's way to the module host."""

    @property
    def link(self) -> Link | None:
        """The connection of now."""
        ...

    def silent(self, link: Link, ping_id: int) -> None:
        """A ping was not answered in time."""
        ...

    def pong(self, link: Link) -> None:
        """A ping was answered."""
        ...

    def lost(self, link: Link, reason: str | None) -> None:
        """A connection is over."""
        ...


class Bridge(Protocol):
    """What the parts of the bridge know of the module that Synapse loaded."""

    config: BridgeConfig
    api: ModuleApi
    functions: dict[str, Callable[..., Any]]

    @property
    def host(self) -> LinkKeeper:
        """Where the module host is known."""
        ...

    @property
    def ready(self) -> Link | None:
        """The connection while modules may be asked."""
        ...

    def ask(self, hook: Hook, args: Args) -> Any:
        """Asks the modules, or gives what is known without asking; an awaitable."""
        ...

    def facts(self) -> dict[str, Json]:
        """What modules may know of this process."""
        ...

    def register(self, callbacks: Sequence[Json], web: Sequence[Json], is_start: bool) -> None:
        """Takes over what the modules registered."""
        ...

    def register_late(self, one: Mapping[str, Json]) -> None:
        """A module registered a callback after the start."""
        ...


# What answers a request of the module host: of which link, its number, and its params.
Serve = Callable[["Link", Json, Mapping[str, Json]], None]


class Link:
    """One connection with the module host. Everything here runs on the reactor thread."""

    def __init__(self, bridge: Bridge, opened: Opened, served: Mapping[str, Serve]) -> None:
        self.bridge = bridge
        self._served = served
        self.is_closed = False
        self._process = opened.process
        self._reader = opened.reader
        self._sock = opened.sock
        self._sock.setblocking(False)
        self._fileno = self._sock.fileno()
        self.writer = SocketWriter(self, opened.sock)
        self._write = self.writer.write
        self.calls = Calls(self)
        self.last_id = 1000
        self._handles: dict[int, Any] = {}
        self._handle_ids = itertools.count(1)
        self._errors: OrderedDict[int, BaseException] = OrderedDict()
        self._error_ids = itertools.count(1)
        self.transactions: dict[int, OpenTransaction] = {}
        self.received = 0
        self._pulse = Pulse(self)
        self._notices = Notices(self)

    def start(self) -> None:
        """Reads from now on."""
        reactor.addReader(self)
        self._take(b"")

    def watch(self) -> None:
        """The modules are open: takes over what they registered meanwhile, and pings from now on."""
        self._notices.watch()
        self._pulse.start()

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return self.writer.unsent

    # -- Requests of ours --

    def ask(self, hook: Hook, args: Args) -> Deferred[Any]:
        """Asks all modules that registered a callback. Follows Synapse's rules for log contexts."""
        self.last_id = request_id = self.last_id + 1
        handles: list[int] = []
        try:
            text = hook.only_encoder(args[0]) if hook.only_encoder is not None else hook.encode(self, handles, args)
            frame = frame_of(f'{{"id":{request_id},{hook.head}{text}]}}}}')
        except Exception as error:
            self.release(handles)
            return hook.failed(args, ModuleHostError(f"the arguments cannot be sent: {said_by(error)}"))
        answer: Deferred[Any] = Deferred()
        self.calls.add(request_id, Call(answer, hook, args, handles, current_context()), hook.timeout)
        self._write(frame)
        return keeping_context(answer)

    def request(self, method: str, params: Json, within: float | None = None) -> Deferred[Any]:
        """Asks the module host anything; the Deferred knows nothing of log contexts."""
        if self.is_closed:
            return fail(ModuleHostError("the connection with the module host is lost"))
        self.last_id = request_id = self.last_id + 1
        frame = frame_of(to_json({"id": request_id, "method": method, "params": params}))
        answer: Deferred[Any] = Deferred()
        self.calls.add(request_id, Call(answer, None, (), (), current_context()), within)
        self._write(frame)
        return answer

    def tell(self, method: str, params: Json) -> None:
        """Sends a notice."""
        if not self.is_closed:
            self._write(frame_of(to_json({"method": method, "params": params})))

    def answer(self, request_id: Json, text: str, data: bytes | None = None) -> None:
        """Answers a request of theirs with JSON, and with bytes besides."""
        if self.is_closed:
            return
        try:
            told_id = request_id if type(request_id) is int else to_json(request_id)
            frame = f'{{"id":{told_id},"result":{text}}}'
            self._write(*((frame_of(frame),) if data is None else (head_with_bytes(frame, data), data)))
        except ValueError as error:
            self.answer_error(request_id, error)

    def answer_error(self, request_id: Json, error: BaseException) -> None:
        """Answers a request of theirs with an error."""
        if self.is_closed:
            return
        try:
            config = getattr(getattr(getattr(self.bridge, "api", None), "_hs", None), "config", None)
            wire = {**error_to_wire(error, config), "origin": self._keep_error(error)}
            frame = frame_of(to_json({"id": request_id, "error": wire}))
        except Exception as failure:
            # Too long, or with fields that cannot be sent.
            told = ModuleHostError(f"a {type(error).__name__} that cannot be sent: {said_by(failure):.300}")
            frame = frame_of(to_json({"id": request_id, "error": error_to_wire(told)}))
        self._write(frame)

    def _keep_error(self, error: BaseException) -> int:
        """Keeps an error, so that a module that lets it through raises the very same one; the last ones only."""
        number = next(self._error_ids)
        self._errors[number] = without_frames(error)
        if len(self._errors) > KEPT_ERRORS:
            self._errors.popitem(last=False)
        return number

    def context_of(self, request_id: Json) -> LoggingContext | None:
        """The log context in which one of our requests was made, if both are still going on."""
        call = self.calls.get(request_id)
        context = None if call is None else call.context
        return context if isinstance(context, LoggingContext) and not context.finished else None

    # -- Handles of things that stay here --

    def hold(self, value: Any) -> int:
        handle = next(self._handle_ids)
        self._handles[handle] = value
        return handle

    def held(self, handle: Json) -> Any:
        try:
            return self._handles[handle]
        except (KeyError, TypeError):
            raise KeyError("this handle is not valid any more: its call is over") from None

    def release(self, handles: Iterable[int]) -> None:
        for handle in handles:
            self._handles.pop(handle, None)

    def function(self, handle: int, hook: Hook) -> Callable[[dict[str, Any]], Any]:
        """A function of the modules, as an auth checker answers it; it has as long as the checker had."""

        async def callback(response: dict[str, Any]) -> None:
            params = {"function": handle, "response": response}
            answer = await make_deferred_yieldable(self.request("function.call", params, hook.timeout))
            changed = answer.get("response") if isinstance(answer, dict) else None
            if isinstance(changed, dict):
                response.clear()
                response.update(changed)

        # Python may collect the function on any thread.
        gone = weakref.finalize(callback, reactor.callFromThread, self.tell, "release", {"handles": [handle]})
        gone.atexit = False
        return callback

    # -- What the reactor calls --

    def fileno(self) -> int:
        return self._fileno

    def logPrefix(self) -> str:  # noqa: N802 -- Twisted's name
        return "vesicle"

    def doRead(self) -> None:  # noqa: N802 -- Twisted's name
        """Bytes have come."""
        try:
            # Python makes a buffer of this size for each call: more would be mapped and given back every time.
            data = self._sock.recv(65_536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.lose(f"{error.strerror or error}")
            return
        if not data:
            self.lose("the module host closed it")
            return
        self.received += len(data)
        self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            with self.writer:
                for message in self._reader.feed(data):
                    if self.is_closed:
                        return
                    self._hear(message)
        except ProtocolError as error:
            self.lose(f"the module host sent {error}")
        except Exception as error:
            logger.debug("A message of the module host", exc_info=True)
            self.lose(f"the module host sent what cannot be handled ({error!r})")

    def doWrite(self) -> None:  # noqa: N802 -- Twisted's name
        """The socket takes bytes again."""
        self.writer.unblock()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 -- Twisted's name
        self.lose(reason.getErrorMessage())

    # -- Messages --

    def _hear(self, message: dict[str, Json]) -> None:
        method, request_id = message.get("method"), message.get("id")
        if method is None:
            self._answered(message)
        elif not isinstance(method, str):
            raise ProtocolError("a message whose method is not a string")
        elif "id" not in message:
            self._notices.hear(method, message)
        elif type(request_id) is int:
            self._asked(method, request_id, message)
        else:
            raise ProtocolError("a message whose id is not an integer")

    def _answered(self, message: dict[str, Json]) -> None:
        call = self.calls.take(message.get("id"))
        if call is None or (answer := call.answer) is None:
            return  # nobody waits any longer
        try:
            outcome = self._outcome(call, message)
        except Exception as error:
            self.calls.settle(call, ModuleHostError(f"the answer of the module host cannot be used: {said_by(error)}"))
            return
        if isinstance(outcome, Failure):
            answer.errback(outcome)
        else:
            answer.callback(outcome)

    def _outcome(self, call: Call, message: Mapping[str, Json]) -> Any:
        """What an answer says: a value, or the failure that a module's error is."""
        if "unreadable" in message and "result" not in message:
            raise ValueError(message["unreadable"])
        if "error" not in message:
            result = part_of(message, "result")
            return result if call.hook is None else call.hook.decode(result, call.args, self)
        return failure_of(error_from_wire(part_of(message, "error"), self._errors))

    def _asked(self, method: str, request_id: int, message: Mapping[str, Json]) -> None:
        if method == "ping":
            self.answer(request_id, "null")
            return
        serve = self._served.get(method)
        if serve is None:
            self.answer_error(request_id, NotImplementedError(f"the bridge does not know a request {method:.100}"))
            return
        try:
            serve(self, request_id, params_of(message))
        except Exception as error:
            self.answer_error(request_id, error)

    # -- The end --

    def close(self, reason: str) -> None:
        """Says goodbye."""
        self.tell("bye", {"reason": reason})
        self.lose(None)

    def lose(self, reason: str | None) -> None:
        """The connection is over; `reason` is what the log says."""
        if self.is_closed:
            return
        self.is_closed = True
        reactor.removeReader(self)
        reactor.removeWriter(self)
        self._pulse.stop()
        self._sock.close()
        self.bridge.host.lost(self, reason)
        because = "" if reason is None else f": {reason}"
        error = ModuleHostError(f"the connection with the module host was lost{because}")
        for transaction in self.transactions.values():
            transaction.lost(error)
        self.calls.settle_all(error)
        self._handles.clear()

    def silent(self, ping_id: int) -> None:
        """A ping was not answered in time."""
        self.bridge.host.silent(self, ping_id)

    def responded(self, ping_id: int) -> None:
        """A ping was answered: what was sent before it is read."""
        self.calls.read_up_to(ping_id)
        self.bridge.host.pong(self)

    @property
    def is_ours_to_end(self) -> bool:
        """Nobody else would end what we started, and a network that lost a connection does not say so."""
        return self._process is not None or self.bridge.config.is_over_tcp

    def register_late(self, one: Mapping[str, Json]) -> None:
        """A module registered a callback after the start."""
        self.bridge.register_late(one)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process
