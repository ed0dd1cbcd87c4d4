"""The columns of a process of the API: made of the lake's documents, kept up by the outbox, killed, made again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.errors import ServiceUnavailable
from search.columns.engine import ColumnEngine
from serving.search.columns import ColumnShelf
from transactional.kit.connections import QuickConnections
from transactional.outbox.repository import Position

PATIENCE: Final = 120.0
"""Seconds after which columns that do not come, or do not catch up, are a finding."""
_PAUSE: Final = 0.001
_LAST: Final = text("""
    SELECT CAST(CAST(xid AS text) AS bigint) AS xid, entry_id FROM outbox
    ORDER BY outbox.xid DESC, entry_id DESC LIMIT 1
""")
_NOTHING: Final = Position(0, 0)


class Follower:
    """A shelf of columns with its two tasks, as :func:`serving.state.open_services` has them.

    Attributes
    ----------
    shelf
        The one that is alive.
    kills
        How often one was killed in the middle of whatever it did.
    """

    def __init__(
        self, lake: str, sessions: async_sessionmaker[AsyncSession], clock: Clock, quick: QuickConnections
    ) -> None:
        self._make = partial(ColumnShelf, lake, sessions, clock, quick)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.kills = 0
        self.shelf = self._make()

    @property
    def engine(self) -> ColumnEngine:
        """The columns in service, up to date or not: a search would not ask those that are long out of date."""
        engine = self.shelf.engine
        if engine is None:
            raise ServiceUnavailable("There are no columns.", hint="Wait for them.")
        return engine

    async def start(self) -> None:
        """Start it and wait for its first columns."""
        self._stop = asyncio.Event()
        self._tasks = [asyncio.create_task(step(self._stop)) for step in (self.shelf.follow, self.shelf.look)]
        await self._wait(lambda: self.shelf.engine is not None, "No columns have come.")

    async def kill(self) -> None:
        """End it in the middle; the next one has nothing but the lake's documents and the outbox."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.shelf.close()
        self.kills += 1
        self.shelf = self._make()

    async def stop(self) -> None:
        """End it as a process ends."""
        self._stop.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=True), 10.0)
        self.shelf.close()

    async def renew(self, before: ColumnEngine) -> None:
        """Wait until columns of newer documents have taken the place of these."""
        await self._wait(lambda: self.shelf.engine not in {None, before}, "Newer documents are not taken up.")

    async def catch_up(self, session: AsyncSession) -> None:
        """Wait until everything that is committed now is in the columns."""
        row = (await session.execute(_LAST)).one_or_none()
        last = _NOTHING if row is None else Position(*row)
        await self._wait(lambda: self._has_read(last), "The columns do not catch up.")

    def _has_read(self, last: Position) -> bool:
        read = self.shelf.position
        return read is not None and (read.xid, read.entry_id) >= (last.xid, last.entry_id)

    async def _wait(self, is_so: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > deadline:
                raise ServiceUnavailable(otherwise, hint="Look at what it logged.")
            await asyncio.sleep(_PAUSE)
