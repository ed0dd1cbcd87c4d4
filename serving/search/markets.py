"""Markets and exchange rates, kept in memory for a moment: every search needs them and they seldom change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.geography import distances_km
from search.request import Point
from search.today import Today
from transactional.markets.errors import MarketNotFound, NoExchangeRate
from transactional.markets.exchange import ExchangeRates
from transactional.markets.repository import latest_rates, list_all

KEPT_SECONDS = 15.0
WORLD_CURRENCY = "EUR"
WORLD_TIMEZONE = "UTC"


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
    """Reads the book again when it is older than :data:`KEPT_SECONDS`."""

    sessions: async_sessionmaker[AsyncSession]
    _book: MarketBook | None = field(default=None, init=False)
    _read_at: float = field(default=0.0, init=False)

    async def book(self) -> MarketBook:
        """The book, at most a moment old."""
        if self._book is None or time.monotonic() - self._read_at > KEPT_SECONDS:
            async with self.sessions() as session:
                self._book = MarketBook(
                    markets={
                        row.market_key: MarketInfo(
                            row.market_key, row.name, row.currency, row.timezone, Point(row.latitude, row.longitude)
                        )
                        for row in await list_all(session)
                    },
                    exchange=await latest_rates(session),
                )
            self._read_at = time.monotonic()
        return self._book
