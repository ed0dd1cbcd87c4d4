"""The marketplace as other engines are given it: calendars laid out by day, listings as plain columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from bench.engines.stock import CODES, CURRENCIES, QUARTERS, SERVICE_FEE_BPS, TAXES, Stock
from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from search.document import popularity
from transactional.calendars.rules import Window

DAYS: Final = HORIZON_NIGHTS + 2
"""Days from the stock's first one on that engines know."""
TERMS: Final = (
    "cleaning_fee_minor",
    "guests_included",
    "extra_guest_fee_minor",
    "weekly_discount_bps",
    "monthly_discount_bps",
)
"""Price terms of a calendar, as numbers; the currency and the tax come beside them."""
Span = tuple[int, int]


@dataclass(frozen=True)
class Calendars:
    """The pool's calendars, a row each, a column a day.

    Attributes
    ----------
    free, no_arrival, no_departure
        (pool, DAYS) bool.
    min_stay
        (pool, DAYS) int16, nights of a stay that arrives that day.
    max_stay
        (pool,) int16: in the drawn marketplace it is the rate plan's alone.
    price
        (pool, DAYS) int32, minor units of the listing's currency.
    currency
        (pool,) places in CURRENCIES.
    terms
        (pool, TERMS) int32.
    """

    free: NDArray[np.bool_]
    no_arrival: NDArray[np.bool_]
    no_departure: NDArray[np.bool_]
    min_stay: NDArray[np.int16]
    max_stay: NDArray[np.int16]
    price: NDArray[np.int32]
    currency: NDArray[np.int8]
    terms: NDArray[np.int32]

    @classmethod
    def of(cls, stock: Stock) -> Self:
        """Ask each calendar of the pool."""
        window = Window(stock.today, stock.today + timedelta(days=DAYS))
        laid: list[StayCalendar] = [each.calendar(window) for each in stock.pool]
        return cls(
            free=np.stack([each.free for each in laid]),
            no_arrival=np.stack([each.closed_to_arrival for each in laid]),
            no_departure=np.stack([each.closed_to_departure for each in laid]),
            min_stay=np.stack([each.min_stay for each in laid]).astype(np.int16),
            max_stay=np.array([each.max_stay[0] for each in laid], np.int16),
            price=np.stack([each.price_minor for each in laid]).astype(np.int32),
            currency=np.array([CURRENCIES.index(each.terms.currency) for each in stock.pool], np.int8),
            terms=np.array([[getattr(each.terms, name) for name in TERMS] for each in stock.pool], np.int32),
        )

    def __len__(self) -> int:
        return len(self.free)

    @property
    def sums(self) -> NDArray[np.int32]:
        """(pool, DAYS + 1) price of the nights before each day: a stay's nights cost the difference of two."""
        return np.concatenate([np.zeros((len(self), 1), np.int32), self.price.cumsum(axis=1, dtype=np.int32)], axis=1)

    @property
    def longest(self) -> NDArray[np.int16]:
        """(pool, DAYS) most nights of a stay that arrives that day: free ones in a row, and what the rules leave."""
        run = np.zeros((len(self), DAYS + 1), np.int16)
        for day in range(DAYS - 1, -1, -1):
            run[:, day] = np.where(self.free[:, day], run[:, day + 1] + 1, 0)
        return np.where(self.no_arrival, 0, np.minimum(run[:, :-1], self.max_stay[:, None]))


def spans(flags: NDArray[np.bool_]) -> list[Span]:
    """Runs of days that are set, as (first, last + 1), of one row (DAYS,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


@dataclass(frozen=True)
class Columns:
    """Some listings, in the order in which engines are loaded: city by city.

    Attributes
    ----------
    number
        (n,) row in the stock; the listing is numbered one more.
    calendar
        (n,) row in the calendars.
    neighbourhood
        (n,) place among all neighbourhoods.
    amenities
        (n, CODES) bool.
    """

    number: NDArray[np.int64]
    calendar: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    accommodates: NDArray[np.int64]
    bedrooms: NDArray[np.int64]
    room_type: NDArray[np.int64]
    property_type: NDArray[np.int64]
    neighbourhood: NDArray[np.int64]
    cancellation_policy: NDArray[np.int64]
    instant_book: NDArray[np.int64]
    superhost: NDArray[np.int64]
    service_fee_bps: NDArray[np.int64]
    tax_bps: NDArray[np.int64]
    popularity: NDArray[np.float64]
    amenities: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.number)

    def rows(self) -> Iterator[tuple[int, dict[str, int | float], list[int]]]:
        """Calendar, own values by name, and amenities of each listing."""
        values = {name: getattr(self, name).tolist() for name in OWN}
        calendars, numbers = self.calendar.tolist(), self.number.tolist()
        for place, number in enumerate(numbers):
            own = {"listing_id": number + 1} | {name: column[place] for name, column in values.items()}
            yield calendars[place], own, np.flatnonzero(self.amenities[place]).tolist()


OWN: Final = tuple(field.name for field in fields(Columns) if field.name not in {"number", "calendar", "amenities"})
"""Columns of a listing that are numbers of its own."""


def listing_columns(stock: Stock, size: int) -> Iterator[Columns]:
    """Every listing, so many at a time."""
    liked = popularities(stock)
    order = np.argsort(stock.city, kind="stable")
    for part in stock.chunks(size):
        rows = order[part]
        city = stock.city[rows].astype(np.int64)
        yield Columns(
            number=rows,
            calendar=stock.calendar[rows].astype(np.int64),
            latitude=stock.latitude[rows],
            longitude=stock.longitude[rows],
            accommodates=stock.accommodates[rows].astype(np.int64),
            bedrooms=stock.bedrooms[rows].astype(np.int64),
            room_type=stock.room_type[rows].astype(np.int64),
            property_type=stock.property_type[rows].astype(np.int64),
            neighbourhood=city * QUARTERS + stock.quarter[rows],
            cancellation_policy=stock.policy[rows].astype(np.int64),
            instant_book=stock.instant_book[rows].astype(np.int64),
            superhost=stock.superhost[rows].astype(np.int64),
            service_fee_bps=np.full(len(rows), SERVICE_FEE_BPS),
            tax_bps=np.array(TAXES)[city % len(TAXES)],
            popularity=liked[rows],
            amenities=np.unpackbits(stock.amenities[rows], axis=1, count=len(CODES)).astype(np.bool_),
        )


def popularities(stock: Stock) -> NDArray[np.float64]:
    """(n,) what the best are ordered by."""
    ratings = [None if np.isnan(rating) else round(rating, 2) for rating in stock.rating.tolist()]
    return np.array([popularity(*of) for of in zip(ratings, stock.review_count.tolist(), strict=True)])
