"""Connections for calls of one statement, spoken to as plainly as the driver allows.

A session, a transaction, a cursor and a check whether the connection lives cost more, together, than a
statement that is prepared and takes and gives a few texts. So each connection here is in autocommit and
READ COMMITTED, has its statements prepared when it is opened, and sends them through libpq itself. A
connection that has broken is found by the call that meets it, and not given out again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from lodestay.errors import ServiceUnavailable
from transactional.kit.options import BRIEFLY_IDLE_MS, KEEPALIVES, session_options

Values = Sequence[bytes | None]

PLANS_BY_KEY: Final = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan"
"""For connections whose every statement finds its rows by a key.

A plan made while a table was small reads it whole, and such a plan, and those of the foreign keys behind it,
are kept while the table grows.
"""


class QuickConnection:
    """One connection; one call at a time."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[None] | None = None
        self._heard: int | None = self._pg.socket
        self._loop.add_reader(self._heard, self._on_readable)

    @classmethod
    async def open(
        cls, database_url: str, statements: Mapping[str, str], *, lock_timeout_ms: int, patience: float
    ) -> QuickConnection:
        """Connect, and prepare statements by their names."""
        isolation = "-c default_transaction_isolation=read\\ committed"
        options = session_options(idle_in_transaction_ms=BRIEFLY_IDLE_MS, lock_timeout_ms=lock_timeout_ms)
        connection = await psycopg.AsyncConnection.connect(
            database_url,
            autocommit=True,
            options=f"{options} {isolation} {PLANS_BY_KEY}",
            connect_timeout=max(2, int(patience)),
            **KEEPALIVES,
        )
        try:
            async with asyncio.timeout(patience):
                for name, statement in statements.items():
                    await connection.execute(f"PREPARE {name} {statement}".encode())
        except TimeoutError:
            connection.pgconn.finish()
            raise OperationalError("the server does not answer in time") from None
        except BaseException:  # who asked may be gone by now
            connection.pgconn.finish()
            raise
        return cls(connection)

    @property
    def is_idle(self) -> bool:
        """Whether another call can be sent."""
        return self._heard is not None and self._pg.transaction_status == TransactionStatus.IDLE

    async def call(self, name: bytes, values: Values) -> list[bytes | None] | None:
        """Run a prepared statement: the columns of its one row, as text; None for no row.

        Raises
        ------
        psycopg.Error
            What the server refused it with, or that the server is gone.
        """
        self._answer = self._loop.create_future()
        try:
            self._pg.send_query_prepared(name, values)
            while self._pg.flush():  # noqa: ASYNC110 (libpq says when its buffer is empty, and nobody else)
                await asyncio.sleep(0)
            await self._answer
            result = self._pg.get_result()
            while self._pg.get_result() is not None:
                pass
        except OperationalError:
            self._hear_no_more()
            raise
        return _row(result)

    def close(self) -> None:
        """Hang up."""
        self._hear_no_more()
        self._pg.finish()

    def _hear_no_more(self) -> None:
        """Take the reader away, once, and at once: libpq closes a broken socket, and its number is soon another's."""
        if self._heard is not None:
            self._loop.remove_reader(self._heard)
            self._heard = None

    def _on_readable(self) -> None:
        """Take in what has come; tell the call when its answer is whole."""
        waiting = self._answer
        try:
            self._pg.consume_input()
            if waiting is not None and not waiting.done() and not self._pg.is_busy():
                waiting.set_result(None)
        except OperationalError as error:
            self._hear_no_more()
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)


def _row(result: PGresult | None) -> list[bytes | None] | None:
    if result is None:
        raise OperationalError("the server gave no answer")
    if result.status != ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    if result.ntuples == 0:
        return None
    return [result.get_value(0, column) for column in range(result.nfields)]


class QuickConnections:
    """A few such connections, opened when they are first needed.

    Parameters
    ----------
    statements
        What is prepared on each, by name: as after the name in SQL's PREPARE.
    size
        Connections at most; who comes when all are at work waits.
    lock_timeout_ms
        How long a statement may wait for a lock.
    patience
        Seconds to wait for a connection, and for the server to take one.
    """

    def __init__(
        self,
        database_url: str,
        statements: Mapping[str, str],
        *,
        size: int,
        lock_timeout_ms: int,
        patience: float = 10,
    ) -> None:
        self._address = database_url
        self._statements = statements
        self._lock_timeout_ms = lock_timeout_ms
        self._patience = patience
        self._free = size
        self._idle: list[QuickConnection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[QuickConnection]:
        """Lend a connection; :class:`~lodestay.errors.ServiceUnavailable` where none comes in time."""
        connection = await self.acquire()
        try:
            yield connection
        finally:
            self.release(connection)

    async def acquire(self) -> QuickConnection:
        """Take a connection, to be given back by :meth:`release`."""
        if self._free == 0:
            await self._wait()
        else:
            self._free -= 1
        while self._idle:
            connection = self._idle.pop()
            if connection.is_idle:
                return connection
            connection.close()  # it broke while nobody had it
        return await self._open()

    def release(self, connection: QuickConnection) -> None:
        """Give a connection back, whatever became of its call."""
        try:
            if connection.is_idle and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.close()
        finally:
            self._hand_on()

    def close(self) -> None:
        """Close those that nobody has, and each of the others when it is given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    async def _open(self) -> QuickConnection:
        """Open a connection; whoever gives up meanwhile leaves it to the next.

        A connection takes longer to open than a busy server leaves a search. Were it thrown away with the search, the
        next one would begin at the beginning, and nobody would ever be answered.
        """
        opening = asyncio.ensure_future(
            QuickConnection.open(
                self._address, self._statements, lock_timeout_ms=self._lock_timeout_ms, patience=self._patience
            )
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._keep)
            raise
        except BaseException:
            self._hand_on()
            raise

    def _keep(self, opening: asyncio.Future[QuickConnection]) -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._hand_on()
        else:
            self.release(opening.result())

    async def _wait(self) -> None:
        """Wait for a place that somebody gives up; it is then the caller's."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, self._patience)
        except TimeoutError:
            raise ServiceUnavailable("Every connection is at work.", hint="Try again in a moment.") from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        """Give a place to whoever has waited longest, or keep it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
