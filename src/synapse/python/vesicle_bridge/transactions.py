"""Database transactions: the function runs in the module host, its statements in a database thread."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from typing import Any

from .background import in_background
from .constants import PIECE, ROWS_AT_ONCE
from .link import Link, OpenTransaction
from .link_table import LIMITS
from .rows import Json
from .runtime import reactor
from .wire import marked, string_or, to_json

_Inbox = queue.SimpleQueue[Callable[[Any], bool]]


class Transaction:
    """One call of `run_db_interaction`. `run` is on a database thread, everything else on the reactor's."""

    def __init__(self, link: Link, handle: int) -> None:
        self._link, self._handle = link, handle
        # What is to be done in the attempt that is under way: with its cursor, or without one when it is over.
        self._inbox: _Inbox | None = None
        self._attempt = 0
        self._run_id = 0
        self._raised: Exception | None = None

    def run(self, txn: Any) -> None:
        """The transaction is open; what comes back commits, what is raised rolls back."""
        self._attempt += 1
        self._raised = None
        inbox: _Inbox = queue.SimpleQueue()
        until = time.monotonic() + LIMITS["transaction"] / 1000
        reactor.callFromThread(self._start, inbox, self._attempt)
        try:
            while True:
                left = until - time.monotonic()
                work = _out_of(inbox, left) if left > 0 else None
                if work is None:
                    raise RuntimeError(f"the transaction took longer than {LIMITS['transaction'] // 1000} s")
                if work(txn):
                    return
        finally:
            reactor.callFromThread(self._close, inbox)

    def _start(self, inbox: _Inbox, attempt: int) -> None:
        self._inbox = inbox
        done = self._link.request("db.run", {"transaction": self._handle, "attempt": attempt})
        self._run_id = self._link.last_id
        done.addCallbacks(lambda _: self._end(inbox, None), lambda failure: self._end(inbox, failure.value))

    def _close(self, inbox: _Inbox) -> None:
        """An attempt is over: nothing that was asked in it may wait for ever, or be done in the next one."""
        self._inbox = None
        self._link.calls.give_up(self._run_id, "the transaction is over")
        while not inbox.empty():
            inbox.get()(None)

    def _end(self, inbox: _Inbox, error: Exception | None) -> None:
        def end(txn: Any | None) -> bool:
            raised = self._raised
            if txn is None or error is None:
                return True
            # Synapse tries again after some errors of its database: they have to be the same objects.
            if raised is not None and str(raised) != "" and str(raised) in str(error):
                raise raised
            raise error

        if inbox is self._inbox:
            inbox.put(end)

    def lost(self, error: Exception) -> None:
        if self._inbox is not None:
            self._end(self._inbox, error)

    def execute(self, request_id: Json, params: Mapping[str, Json]) -> None:
        rows = [[_from_db_value(value) for value in row] for row in params["params"]]
        sql, many = str(params["sql"]), bool(params["many"])

        def work(txn: Any) -> str:
            if many:
                txn.executemany(sql, rows)
            else:
                txn.execute(sql, *([rows[0]] if rows else []))
            columns = None if txn.description is None else [column[0] for column in txn.description]
            found, is_end = ([], True) if columns is None else self._fetch(txn)
            wire = {"rowcount": txn.rowcount, "description": columns, "rows": found, "end": is_end}
            return to_json(wire)

        self._serve(request_id, work)

    def fetch(self, request_id: Json) -> None:
        def work(txn: Any) -> str:
            rows, is_end = self._fetch(txn)
            return to_json({"rows": rows, "end": is_end})

        self._serve(request_id, work)

    def _serve(self, request_id: Json, work: Callable[[Any], str]) -> None:
        def serve(txn: Any | None) -> bool:
            if txn is None:
                self._link.answer_error(request_id, _transaction_is_over())
                return False
            try:
                text = work(txn)
            except Exception as error:
                self._raised = error
                reactor.callFromThread(self._link.answer_error, request_id, error)
            else:
                reactor.callFromThread(self._link.answer, request_id, text)
            return False

        if self._inbox is None:
            raise _transaction_is_over()
        self._inbox.put(serve)

    @staticmethod
    def _fetch(txn: Any) -> tuple[list[list[Json]], bool]:
        found: list[list[Json]] = []
        size = 0
        while size < PIECE:
            rows = txn.fetchmany(ROWS_AT_ONCE)
            for row in rows:
                found.append([_to_db_value(value) for value in row])
                size += sum(len(value) if isinstance(value, (str, bytes, memoryview)) else 16 for value in row)
            if len(rows) < ROWS_AT_ONCE:
                return found, True
        return found, False


def _out_of(inbox: _Inbox, within: float) -> Callable[[Any], bool] | None:
    try:
        return inbox.get(timeout=within)
    except queue.Empty:
        return None


def _transaction_is_over() -> RuntimeError:
    return RuntimeError("the transaction is over")


def _to_db_value(value: Any) -> Json:
    """A value of a column as it travels; big integers, bytes and infinities as marked values."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float, bytes, bytearray, memoryview)):
        return marked(value, (), is_any=True)
    if isinstance(value, (Mapping, list, tuple, set)):
        raise TypeError(
            f"a column is a {type(value).__name__}, which cannot be sent to a module: cast it to text in the SQL"
        )
    return str(value)


def _from_db_value(value: Any) -> Any:
    # Synapse keeps psycopg2 from taking `bytes`.
    return memoryview(value) if isinstance(value, bytes) else value


def serve_db_begin(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    handle = int(params["transaction"])
    transaction = link.transactions[handle] = Transaction(link, handle)
    desc = string_or(params.get("desc"), "vesicle")

    async def work() -> str:
        try:
            await link.bridge.api.run_db_interaction(desc, transaction.run)
        finally:
            link.transactions.pop(handle, None)
        return "null"

    in_background(link, request_id, params, work)


def transaction_of(link: Link, params: Mapping[str, Json]) -> OpenTransaction:
    found = link.transactions.get(params["transaction"])
    if found is None:
        raise _transaction_is_over()
    return found


def serve_db_execute(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    transaction_of(link, params).execute(request_id, params)


def serve_db_fetch(link: Link, request_id: Json, params: Mapping[str, Json]) -> None:
    transaction_of(link, params).fetch(request_id)
