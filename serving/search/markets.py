"""Markets and exchange rates, kept in memory for a moment: every search needs them and they seldom change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from math import inf

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.errors import ServiceUnavailable
from lodestay.geography import distances_km
from search.request import Point
from search.today import Today
from serving.search.budget import within
from transactional.markets.errors import MarketNotFound, NoExchangeRate
from transactional.markets.exchange import ExchangeRates
from transactional.markets.repository import latest_rates, list_all

KEPT_SECONDS = 15.0
LENT_SECONDS = 3_600.0
"""Age beyond which a book is not lent even while PostgreSQL does not answer: exchange rates are of a day."""
WAIT_SECONDS = 0.1
"""How long those who could have an old book wait for a new one: suggestions are asked for at every key."""
FIRST_SECONDS = 2.0
"""How long those wait for whom there is none."""
READ_SECONDS = 5.0
"""How long a reading may take before it is given up."""
AGAIN_SECONDS = 5.0
"""Least time from the beginning of a reading that gave nothing to the next."""
WORLD_CURRENCY = "EUR"
WORLD_TIMEZONE = "UTC"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MarketInfo:
    """What search needs of a market."""

    market_key: str
    name: str
    currency: str
    timezone: str
    centre: Point


@dataclass(frozen=True)
class MarketBook:
    """All markets and today's rates."""

    markets: Mapping[str, MarketInfo]
    exchange: ExchangeRates

    def get(self, market_key: str) -> MarketInfo:
        """Find a market, or raise :class:`MarketNotFound`."""
        if market_key not in self.markets:
            raise MarketNotFound(market_key)
        return self.markets[market_key]

    def nearest(self, point: Point) -> MarketInfo | None:
        """The market whose centre is nearest; None where there is no market."""
        if not self.markets:
            return None
        distances = distances_km(point.latitude, point.longitude, *self._centres)
        return self._listed[int(distances.argmin())]

    @cached_property
    def _timezones(self) -> dict[str, str]:
        return {key: market.timezone for key, market in self.markets.items()}

    @cached_property
    def _listed(self) -> tuple[MarketInfo, ...]:
        return tuple(self.markets.values())

    @cached_property
    def _centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        centres = [market.centre for market in self._listed]
        return np.array([at.latitude for at in centres]), np.array([at.longitude for at in centres])

    def today(self, market: str | None, timezone: str, instant: datetime) -> Today:
        """Dates of everything that a search may find.

        Parameters
        ----------
        market
            The one that is looked at; None for all.
        timezone
            Where the search looks.
        """
        return Today.at(instant, timezone, self._timezones if market is None else {})

    def rates(self, currency: str) -> dict[str, float]:
        """Units of `currency` for one unit of each currency known.

        A currency that a market trades in needs no rate for itself; any other without a rate raises
        :class:`NoExchangeRate`.
        """
        try:
            return {source: float(rate) for source, rate in self.exchange.into(currency).items()}
        except NoExchangeRate:
            if any(market.currency == currency for market in self.markets.values()):
                return {}
            raise


@dataclass
class MarketShelf:
    """Reads the book again when it is older than :data:`KEPT_SECONDS`, and lends the one it has while that is late.

    One reading is done at a time, for all who ask. Markets and rates change so seldom that an old book is a better
    answer than none, for :data:`LENT_SECONDS`.
    """

    sessions: async_sessionmaker[AsyncSession]
    _book: MarketBook | None = field(default=None, init=False)
    _read_at: float = field(default=-inf, init=False)
    _reading: asyncio.Task[None] | None = field(default=None, init=False)
    _began_at: float = field(default=-inf, init=False)
    _is_late: bool = field(default=False, init=False)

    async def book(self) -> MarketBook:
        """The book, at most a moment old while PostgreSQL answers.

        Raises
        ------
        ServiceUnavailable
            There is none yet, or none that is young enough to be lent, and it is not read in time.
        """
        now = asyncio.get_running_loop().time()
        age = now - self._read_at
        if self._book is not None and age <= KEPT_SECONDS:
            return self._book
        if self._book is None or age > LENT_SECONDS:
            return await self._surely_read(now)
        if self._reading is not None or now - self._began_at > AGAIN_SECONDS:
            reading = self._read(now)
            await asyncio.wait({reading}, timeout=max(0.0, self._began_at + WAIT_SECONDS - now))
        return self._book

    async def close(self) -> None:
        """Give up on a reading that is at work."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _surely_read(self, now: float) -> MarketBook:
        """Wait for a reading; what it fails with is the caller's to hear."""
        reading = self._read(now)
        await asyncio.wait({reading}, timeout=FIRST_SECONDS)
        if not reading.done() or reading.cancelled():
            raise _not_read()
        try:
            reading.result()
        except TimeoutError:
            raise _not_read() from None
        assert self._book is not None  # noqa: S101 (a reading that ends well leaves one)
        return self._book

    def _read(self, now: float) -> asyncio.Task[None]:
        """Begin to read, or join who does."""
        if self._reading is None:
            self._began_at = now
            self._reading = asyncio.create_task(self._replace())
            self._reading.add_done_callback(self._end)
        return self._reading

    async def _replace(self) -> None:
        self._book = await within(READ_SECONDS, self._load())
        self._read_at = asyncio.get_running_loop().time()
        if self._is_late:
            self._is_late = False
            log.info("markets read again")

    async def _load(self) -> MarketBook:
        async with self.sessions() as session:
            return MarketBook(
                markets={
                    row.market_key: MarketInfo(
                        row.market_key, row.name, row.currency, row.timezone, Point(row.latitude, row.longitude)
                    )
                    for row in await list_all(session)
                },
                exchange=await latest_rates(session),
            )

    def _end(self, reading: asyncio.Task[None]) -> None:
        self._reading = None
        error = None if reading.cancelled() else reading.exception()
        if error is not None and self._book is not None and not self._is_late:
            self._is_late = True  # said once, however many ask and however often it is tried
            log.warning("markets not read again: the last are lent", reason=type(error).__name__)


def _not_read() -> ServiceUnavailable:
    return ServiceUnavailable("The database does not tell which markets there are.", hint="Try again in a moment.")
