"""The link with the module host: where it is in its table of states, and what that means."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

from synapse.module_api import make_deferred_yieldable
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from .background import run_apart
from .config import BridgeConfig
from .constants import RESTART_LAST, RETRY_FIRST, RETRY_LAST, SLOW_START, START_WITHIN, STEADY_AFTER
from .errors import ModuleHostError
from .hooks import Hook
from .kept_notifications import KeptNotifications
from .link import Bridge, Link
from .link_table import LINK_STATES
from .log_lines import write_log_line
from .opened import Opened
from .opening import config_error, connect_at_start, description_of, open_connection
from .own_turns import own_thread_calls
from .processes import end_of_process, stop_process
from .rows import Args, Json
from .runtime import logger, reactor
from .served import SERVED


class Backoff:
    """The pauses before attempts: they double, until a link has been ready for a while."""

    def __init__(self) -> None:
        self._wait = RETRY_FIRST

    def pause(self, last: float) -> float:
        """The next pause, a little longer each time at random, since all workers may wait for the same host."""
        wait = min(self._wait, last)
        self._wait = min(self._wait * 2, RESTART_LAST)
        return wait * random.uniform(1.0, 1.25)

    def ready_for(self, seconds: float) -> None:
        """A link was ready for so long."""
        if seconds >= STEADY_AFTER:
            self._wait = RETRY_FIRST


class HostLink:
    """The link with the module host. Its state alone, by `LINK_STATES`, says what becomes of a question."""

    def __init__(self, bridge: Bridge, config: BridgeConfig) -> None:
        self.state = "connecting"
        # The connection, from the request to open the modules on; and again, while questions are asked.
        self.link: Link | None = None
        self.ready: Link | None = None
        self._bridge, self._config = bridge, config
        self._kept = KeptNotifications(config.queue)
        self._backoff = Backoff()
        self._ready_at = 0.0
        self._said = ""
        self._dialling: list[socket.socket] = []

    def _take(self, event: str) -> None:
        """Something has happened: the table says what that means."""
        following = LINK_STATES[self.state][3]
        if not following:
            return  # Synapse is stopping: nothing has a meaning any more
        state = following.get(event)
        if state is None:
            logger.error("The link with the module host is %r, where %r has no meaning: a bug", self.state, event)
            return
        self.state = state
        self.ready = self.link if LINK_STATES[state][0] == "asked" else None

    # -- What Synapse says --

    def tell(self, hook: Hook, args: Args) -> Any:
        """Tells the modules, now or later; an awaitable."""
        how = LINK_STATES[self.state][1]
        if how == "told" and self.ready is not None and not self.ready.writer.is_broken and not self._kept:
            return self.ready.ask(hook, args)
        self._kept.add(hook, args)
        return succeed(None)

    # -- The first connection --

    def open(self, opened: Opened | None) -> tuple[Link, Json] | None:
        """Has the modules opened while Synapse starts; None when it is to start without them."""
        config = self._config
        try:
            if opened is None or opened.pid != os.getpid():
                # Synapse has become a daemon meanwhile: a connection belongs to one process.
                if opened is not None:
                    opened.sock.close()
                opened = None if config.missing is not None else connect_at_start(config)
            if opened is None:
                self._take("failed")
                return None
            self._take("connected")
            link = self._attach(opened)
        except BaseException:
            self._take("stop")
            raise
        try:
            return link, self._wait(self._open_modules(link))
        except BaseException as error:
            if config.is_required or not isinstance(error, Exception):
                self.give_up_start(link)
                raise
            config.missing = description_of(error)
            link.lose(None)
            stop_process(opened.process)
            return None

    def give_up_start(self, link: Link) -> None:
        """Synapse does not start."""
        self._take("stop")
        link.lose(None)
        stop_process(link.process)

    def opened(self, link: Link) -> None:
        """The modules are open, and Synapse knows what they registered."""
        if link.is_closed:
            # Between the answer and its reader, when Synapse starts.
            logger.warning("The module host at %s was lost as soon as its modules were open", self._config.where)
            self.connect_later(link.process)
            return
        self._take("opened")
        self._ready_at, self._said = time.monotonic(), ""
        link.watch()
        self._kept.send(link)

    def connect_later(self, process: subprocess.Popen[bytes] | None) -> None:
        """There are no modules now; `process` is what is left of the last module host."""
        run_apart(self._bridge.api, "vesicle_reconnect", self._reconnect, process)

    def _attach(self, opened: Opened) -> Link:
        for notice in opened.notices:
            if notice.get("method") == "log" and isinstance(notice.get("params"), dict):
                write_log_line(notice["params"])
        link = self.link = Link(self._bridge, opened, SERVED)
        link.start()
        return link

    def _open_modules(self, link: Link) -> Deferred[Any]:
        """Has the modules made; says so when that takes long, and gives up when it takes longer."""
        answer = link.request("modules.open", self._bridge.facts())
        slow = "The module host at %s has been starting its modules for %d s: nothing is asked of them meanwhile"
        why = f"the modules were not ready within {START_WITHIN:.0f} s"
        timers = (
            reactor.callLater(SLOW_START, logger.warning, slow, self._config.where, SLOW_START),
            reactor.callLater(START_WITHIN, link.calls.give_up, link.last_id, why),
        )

        def done(result: Any) -> Any:
            for timer in timers:
                if timer.active():
                    timer.cancel()
            return result

        return answer.addBoth(done)

    def _wait(self, answer: Deferred[Any]) -> Any:
        """Waits in a constructor, which cannot await: turns the reactor, so that modules can use the database."""
        outcome: list[Any] = []
        answer.addBoth(outcome.append)
        parked: Deferred[None] = Deferred()
        make_deferred_yieldable(parked)  # what the reactor runs must not be in the context of the start
        try:
            with own_thread_calls():
                while not outcome:
                    if not reactor.running:
                        raise ModuleHostError("Synapse is stopping")
                    reactor.iterate(0.05)
        finally:
            parked.callback(None)
        (result,) = outcome
        if isinstance(result, Failure):
            result.raiseException()
        return result

    # -- What a connection says --

    def silent(self, link: Link, ping_id: int) -> None:
        """A ping was not answered in time."""
        if self.link is not link:
            return
        self._take("silent")
        logger.warning("The module host at %s does not respond", self._config.where)
        link.calls.give_up_all("the module host does not respond", ping_id)

    def pong(self, link: Link) -> None:
        """A ping was answered."""
        if self.link is not link:
            return
        before = self.state
        self._take("pong")
        if self.state != before:
            logger.warning("The module host at %s responds again", self._config.where)
            self._kept.send(link)

    def lost(self, link: Link, reason: str | None) -> None:
        """A connection is over."""
        if self.link is not link:
            return
        before, self.link = self.state, None
        self._take("lost")
        if (count := link.calls.under_way) > 0:
            logger.warning("%d notifications were under way: they may not have been told", count)
        if before not in ("ready", "unresponsive"):
            return  # whoever opens it learns why
        self._backoff.ready_for(time.monotonic() - self._ready_at)
        logger.warning("The connection with the module host at %s is lost: %s", self._config.where, reason)
        self.connect_later(link.process)

    # -- Further connections --

    async def _reconnect(self, process: subprocess.Popen[bytes] | None) -> None:
        api, last = self._bridge.api, RETRY_LAST if self._config.spawn is None else RESTART_LAST
        if process is not None:
            await api.defer_to_thread(stop_process, process)
            if self.state == "waiting":
                logger.warning("The module host %s: %s", self._config.where, end_of_process(process))
        pause = RESTART_LAST
        while self.state == "waiting":
            await api.sleep(self._backoff.pause(pause))
            if self.state != "waiting":
                return
            try:
                await self._attempt()
            except Exception as error:
                # That nobody listens at an address is learnt cheaply, and soon over when the host is started again.
                pause = last if isinstance(error, ModuleHostError) else RESTART_LAST
                self._say_unusable(description_of(error))

    async def _attempt(self) -> None:
        bridge, defer_to_thread = self._bridge, self._bridge.api.defer_to_thread
        self._take("retry")
        try:
            opened = await defer_to_thread(open_connection, self._config, 0.0, self._dialling)
            if self.state == "stopped" or opened.problems:
                await defer_to_thread(opened.close)
                raise config_error(opened.problems) if opened.problems else ModuleHostError("Synapse is stopping")
        except BaseException:
            self._take("failed")
            raise
        self._take("connected")
        link = self._attach(opened)
        try:
            answer = await make_deferred_yieldable(self._open_modules(link))
            bridge.register(answer["callbacks"], answer["web"], is_start=False)
        except BaseException:
            link.lose(None)
            await defer_to_thread(stop_process, opened.process)
            raise
        self.opened(link)
        logger.warning("Connected with the module host at %s again", self._config.where)

    def _say_unusable(self, text: str) -> None:
        if text != self._said and self.state != "stopped":
            self._said = text
            logger.warning("The module host at %s cannot be used: %s", self._config.where, text)

    def stop(self) -> Deferred[None]:
        """Synapse is stopping: it waits for the end of a module host that it started."""
        link = self.link
        self._take("stop")
        self._kept.drop()
        for sock in self._dialling:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if link is None:
            return succeed(None)
        link.close("Synapse is stopping")
        return succeed(None) if link.process is None else deferToThread(stop_process, link.process)
