"""The markets and rates in memory, while PostgreSQL is quick, late, failing, and away for long.

The loop's time passes only while it waits, so the seconds are exact and none of them are real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from lodestay.errors import ServiceUnavailable
from serving.search.markets import FIRST_SECONDS, KEPT_SECONDS, LENT_SECONDS, READ_SECONDS, WAIT_SECONDS, MarketShelf
from tests.serving.virtual_time import run
from transactional.markets.exchange import ExchangeRates

FROZEN = 1e9
"""Seconds that a frozen PostgreSQL takes."""


@dataclass
class Database:
    """Stands in for PostgreSQL: it answers after some time, with one market more each time, or fails."""

    seconds: float = 0.0
    error: Exception | None = None
    asked: int = 0

    async def list_all(self, _session: object) -> list[Any]:
        """The markets."""
        self.asked += 1
        number = self.asked
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        place = {"currency": "EUR", "timezone": "UTC", "latitude": 0.0, "longitude": 0.0}
        return [SimpleNamespace(market_key=f"m{n}", name="M", **place) for n in range(number)]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """What the shelf reads."""
    database = Database()

    async def no_rates(_session: object) -> ExchangeRates:
        return ExchangeRates(None, {})

    monkeypatch.setattr("serving.search.markets.list_all", database.list_all)
    monkeypatch.setattr("serving.search.markets.latest_rates", no_rates)
    return database


@asynccontextmanager
async def no_session() -> AsyncIterator[None]:
    """A session that nobody looks at."""
    yield None


def with_shelf(work: Callable[[MarketShelf], Coroutine[Any, Any, None]]) -> None:
    """Do something with a new shelf."""

    async def do() -> None:
        await work(MarketShelf(no_session))  # type: ignore[arg-type]  # nobody looks at it

    run(do())


async def timed(shelf: MarketShelf) -> tuple[int, float]:
    """How many markets the book has, and how long it took to have it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return len((await shelf.book()).markets), loop.time() - began


def test_a_book_is_kept_and_read_again_once_for_all(database: Database) -> None:
    """Within its time nobody reads; after it one reading serves everybody who asks, with the new book."""

    async def look(shelf: MarketShelf) -> None:
        assert await timed(shelf) == (1, 0.0)
        await asyncio.sleep(KEPT_SECONDS - 1)
        assert await timed(shelf) == (1, 0.0)
        await asyncio.sleep(2)
        database.seconds = 0.05
        found = await asyncio.gather(*(timed(shelf) for _ in range(20)))
        assert {book for book, _ in found} == {2}
        assert database.asked == 2

    with_shelf(look)


def test_while_the_database_is_frozen_the_last_book_is_lent(database: Database) -> None:
    """Nobody waits longer than a tenth of a second, hardly anybody at all; it is said once, and tried again."""

    async def look(shelf: MarketShelf) -> None:
        await shelf.book()
        await asyncio.sleep(KEPT_SECONDS + 1)
        database.seconds = FROZEN
        waits = []
        for _ in range(60):
            markets, seconds = await timed(shelf)
            assert markets == 1
            waits.append(seconds)
            await asyncio.sleep(1)
        assert max(waits) == pytest.approx(WAIT_SECONDS)
        assert sum(wait > 0 for wait in waits) <= 60 / READ_SECONDS
        assert database.asked >= 8, "it is tried again and again"
        database.seconds = 0.0
        await asyncio.sleep(READ_SECONDS + 1)
        await shelf.book()
        assert (await timed(shelf))[0] > 1, "the freeze is over"

    with structlog.testing.capture_logs() as logs:
        with_shelf(look)
    assert [entry["event"] for entry in logs] == ["markets not read again: the last are lent", "markets read again"]


def test_a_reading_that_fails_costs_nobody_an_answer(database: Database) -> None:
    """The last book is lent for an hour; then the failure is the caller's to hear."""

    async def look(shelf: MarketShelf) -> None:
        await shelf.book()
        database.error = OSError("refused")
        await asyncio.sleep(LENT_SECONDS - 1)
        assert await timed(shelf) == (1, 0.0)
        await asyncio.sleep(2)
        with pytest.raises(OSError, match="refused"):
            await shelf.book()

    with_shelf(look)


def test_without_a_book_the_wait_is_bounded(database: Database) -> None:
    """A process that starts while PostgreSQL is frozen says so in two seconds, and has the book when it is back."""

    async def look(shelf: MarketShelf) -> None:
        database.seconds = FROZEN
        loop = asyncio.get_running_loop()
        for _ in range(2):
            began = loop.time()
            with pytest.raises(ServiceUnavailable, match="which markets"):
                await shelf.book()
            assert loop.time() - began == pytest.approx(FIRST_SECONDS)
        assert database.asked == 1, "who comes later joins the reading"
        database.seconds = 0.0
        await asyncio.sleep(READ_SECONDS)
        assert await timed(shelf) == (2, 0.0)

    with_shelf(look)


def test_who_gives_up_leaves_the_reading_to_the_next(database: Database) -> None:
    """A search has less time than the first reading may take."""

    async def look(shelf: MarketShelf) -> None:
        database.seconds = 1.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(shelf.book(), 0.6)
        markets, seconds = await timed(shelf)
        assert (markets, round(seconds, 3)) == (1, 0.4)
        assert database.asked == 1

    with_shelf(look)


def test_the_end_waits_for_no_reading(database: Database) -> None:
    """A process that is told to stop does so while PostgreSQL is frozen."""

    async def look(shelf: MarketShelf) -> None:
        database.seconds = FROZEN
        asking = asyncio.create_task(shelf.book())
        await asyncio.sleep(0.1)
        await shelf.close()
        with pytest.raises(ServiceUnavailable):
            await asking
        assert asyncio.get_running_loop().time() == pytest.approx(0.1)

    with_shelf(look)
