"""What every other engine is asked for, and what all of them are asked by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self

from bench.engines.stock import (
    CITIES,
    CODES,
    CURRENCIES,
    POLICIES,
    PROPERTY_TYPES,
    QUARTERS,
    ROOM_TYPES,
    Stock,
    quarter_of,
)
from bench.engines.truth import Counts
from lodestay.pricing import MONTH_NIGHTS, WEEK_NIGHTS
from search.histogram import EDGES
from search.request import Bounds, SearchRequest
from search.stay_price import exchange_factors

BEST: Final = 500
"""Results that a search wants by popularity: as many as the ranker orders."""
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "room_type": ROOM_TYPES,
    "property_type": PROPERTY_TYPES,
    "amenities": CODES,
    "neighbourhood": tuple(quarter_of(city, quarter) for city in range(CITIES) for quarter in range(QUARTERS)),
    "cancellation_policy": POLICIES,
    "instant_book": ("false", "true"),
    "superhost": ("false", "true"),
}
"""Facets, and the names of their values; engines count the places in these lists."""
NO_COLUMN: Final = (
    "columns for preparation days, gaps, stay rules of every night in the stay, and discounts by time of booking, "
    "which the drawn marketplace does not have either"
)
"""What no engine here was given, though most could have been."""
OF_RESULTS: Final = tuple(name for name in VALUES if name not in {"room_type", "amenities"})
"""Facets of one value a listing that no search of the mix filters by."""


@dataclass(frozen=True)
class Place:
    """Where an engine may keep what it builds.

    Attributes
    ----------
    database_url
        A PostgreSQL database; an engine makes a schema of its own in it.
    folder
        An empty folder, thrown away afterwards.
    """

    database_url: str
    folder: Path


@dataclass(frozen=True)
class Built:
    """What it took to load a marketplace: seconds, and bytes on disk."""

    seconds: float
    size: int


@dataclass(frozen=True)
class RivalAnswer:
    """What an engine answers, in the terms of :class:`bench.engines.truth.Truth`.

    Attributes
    ----------
    best
        Listings of the results, the most popular first, at most :data:`BEST`.
    """

    total_count: int
    facets: Mapping[str, Counts]
    histogram: Mapping[int, int]
    best: tuple[int, ...]

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[str, int, int]]) -> Self:
        """Read what a query found.

        Parameters
        ----------
        rows
            ``(count, 0, results)``, ``(<facet>, place in its VALUES, results)``, ``(histogram, place in EDGES,
            results)`` and ``(best, listing, rank)``, in any order.
        """
        total, histogram, ranked = 0, dict[int, int](), dict[int, int]()
        facets: dict[str, Counts] = {name: {} for name in VALUES}
        for what, value, count in rows:
            if what == "count":
                total = count
            elif what == "histogram":
                histogram[EDGES[value]] = count
            elif what == "best":
                ranked[count] = value
            else:
                facets[what][VALUES[what][value]] = count
        return cls(total, facets, histogram, tuple(listing for _, listing in sorted(ranked.items())))


class Rival(Protocol):
    """An engine under test.

    Attributes
    ----------
    name
        As it stands in the table.
    most
        Listings that it is given at most, on a machine of two cores and 24 GiB.
    tuned
        How it was made fast, for the published notes.
    missing
        What it cannot answer, or not rightly, for the published notes.
    """

    name: ClassVar[str]
    most: ClassVar[int]
    tuned: ClassVar[str]
    missing: ClassVar[tuple[str, ...]]

    def load(self, stock: Stock) -> Built:
        """Build everything, until searches are answered at full speed."""

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Answer a search of the mix."""


@dataclass(frozen=True)
class Wish:
    """A search of the mix in the numbers that engines are asked with.

    Attributes
    ----------
    arrival, departure
        Days from the stock's first one.
    rooms, amenities
        Places in :data:`bench.engines.stock.ROOM_TYPES` and :data:`bench.engines.stock.CODES`.
    highest
        Total in the guest's minor units that may not be crossed.
    factors
        Guest's minor units for one of each of :data:`bench.engines.stock.CURRENCIES`.
    """

    bounds: Bounds | None
    arrival: int
    departure: int
    guests: int
    bedrooms: int
    rooms: tuple[int, ...]
    amenities: tuple[int, ...]
    highest: int
    factors: tuple[float, ...]

    @property
    def nights(self) -> int:
        """Length of the stay."""
        return self.departure - self.arrival

    @property
    def edges(self) -> dict[str, float]:
        """Of the bounds, by name; none of the world."""
        return {} if self.bounds is None else asdict(self.bounds)

    @property
    def discount(self) -> str:
        """What is taken off for the length of the stay: by the names of the price terms, or nothing as `0`."""
        if self.nights >= MONTH_NIGHTS:
            return "monthly_discount_bps"
        return "weekly_discount_bps" if self.nights >= WEEK_NIGHTS else "0"

    @classmethod
    def of(cls, stock: Stock, request: SearchRequest) -> Self:
        """Read a search."""
        stay, filters, area = request.stay, request.filters, request.area
        if stay is None or filters.max_price_minor is None or not (area is None or isinstance(area, Bounds)):
            raise TypeError("searches of the mix have dates, a highest price, and bounds or the world")
        factors = exchange_factors(request.rates, request.currency)
        return cls(
            bounds=area,
            arrival=(stay.check_in - stock.today).days,
            departure=(stay.check_out - stock.today).days,
            guests=request.guests,
            bedrooms=filters.min_bedrooms or 0,
            rooms=tuple(ROOM_TYPES.index(value) for value in sorted(filters.room_types)),
            amenities=tuple(CODES.index(value) for value in sorted(filters.amenities)),
            highest=filters.max_price_minor,
            factors=tuple(factors[currency] for currency in CURRENCIES),
        )
