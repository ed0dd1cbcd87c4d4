"""Connections of the driver's own, for calls of one statement: no session, no transaction to begin or to end.

SQLAlchemy's pool asks a connection whether it lives each time it gives one out; that is a round trip, and
this pool is for calls that are two. A connection that has broken is found by the call that meets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from lodestay.errors import ServiceUnavailable

Connection = AsyncConnection[Any]


class QuickConnections:
    """A few connections in autocommit, READ COMMITTED and UTC, opened when they are first needed.

    Parameters
    ----------
    size
        Connections at most; who comes when all are at work waits.
    lock_timeout_ms
        How long a statement may wait for a lock.
    patience
        Seconds to wait for a connection, and for the server to take one.
    """

    def __init__(self, database_url: str, *, size: int, lock_timeout_ms: int, patience: float = 10) -> None:
        self._address = database_url
        self._options = (
            f"-c timezone=UTC -c lock_timeout={lock_timeout_ms} -c default_transaction_isolation=read\\ committed"
        )
        self._patience = patience
        self._free = size
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; :class:`~lodestay.errors.ServiceUnavailable` where none comes in time."""
        connection = await self.acquire()
        try:
            yield connection
        finally:
            self.release(connection)

    async def acquire(self) -> Connection:
        """Take a connection, to be given back by :meth:`release`."""
        if self._free == 0:
            await self._wait()
        else:
            self._free -= 1
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        try:
            return await self._open()
        except BaseException:
            self._hand_on()
            raise

    def release(self, connection: Connection) -> None:
        """Give a connection back, whatever became of its call."""
        if not connection.closed and connection.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.pgconn.finish()
        self._hand_on()

    async def close(self) -> None:
        """Close those that nobody has."""
        while self._idle:
            await self._idle.pop().close()

    async def _open(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, options=self._options, connect_timeout=int(self._patience)
        )

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
