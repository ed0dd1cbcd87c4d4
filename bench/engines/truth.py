"""Brute force: what a search should have answered, from the one definition of a stay's price and of its refusal.

Every calendar of the pool is asked by itself; listings take the answer of theirs, and are counted with NumPy.
Nothing here is shared with the engines that are measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bench.engines.stock import (
    CITIES,
    CODES,
    POLICIES,
    PROPERTY_TYPES,
    QUARTERS,
    ROOM_TYPES,
    TAXES,
    Stock,
    quarter_of,
)
from lodestay.calendar import RefusedStay
from lodestay.stay import Stay
from search.histogram import EDGES
from search.request import Bounds, SearchRequest
from search.stay_price import exchange_factors, exchanged
from transactional.calendars.rules import Window
from transactional.quotes.rules import price_or_refuse

REFUSED = -1
MOST_VALUES = 300
"""Of a facet that an engine need tell: the neighbourhoods of the world are cut off somewhere."""
Counts = dict[str, int]


@dataclass(frozen=True)
class Truth:
    """What is right.

    Attributes
    ----------
    total_count
        Results.
    facets
        By group, how many results each value would leave; values with none are not there.
    histogram
        Results by the lower edge of their bin, without the price filter.
    totals
        Of each result by listing, in the guest's currency.
    """

    total_count: int
    facets: Mapping[str, Counts]
    histogram: dict[int, int]
    totals: Mapping[int, int]


def brute_force(stock: Stock, request: SearchRequest) -> Truth:
    """Answer a search of the mix."""
    stay, filters = request.stay, request.filters
    if stay is None:
        raise TypeError("searches of the mix have dates")
    price = _prices(stock, request, stay)[stock.calendar, stock.city % len(TAXES)]
    basis = (price != REFUSED) & (stock.accommodates >= request.guests) & _inside(stock, request.area)
    basis &= stock.bedrooms >= (filters.min_bedrooms or 0)
    rooms = np.isin(stock.room_type, [ROOM_TYPES.index(value) for value in filters.room_types])
    amenities = np.ones(len(stock), np.bool_)
    for code in filters.amenities:
        amenities &= stock.has(code)
    cheap = price <= (filters.max_price_minor or np.iinfo(np.int64).max)
    results = basis & rooms & amenities & cheap
    found = np.flatnonzero(results)
    bins = np.searchsorted(EDGES, price[basis & rooms & amenities], side="right") - 1
    histogram = {int(EDGES[n]): int(count) for n, count in enumerate(np.bincount(bins)) if count}
    totals = dict(zip((found + 1).tolist(), price[found].tolist(), strict=True))
    return Truth(len(found), _facets(stock, results, basis & amenities & cheap), histogram, totals)


def is_right(told: Counts, right: Counts) -> bool:
    """Whether a facet's counts, without the values that have none, are right as far as they go, and go far enough."""
    return told.items() <= right.items() and len(told) >= min(len(right), MOST_VALUES)


def _facets(stock: Stock, results: NDArray[np.bool_], any_room: NDArray[np.bool_]) -> dict[str, Counts]:
    """Counts of each group; only the room type is counted without its own filter, and amenities with theirs."""
    bits = np.unpackbits(stock.amenities[results], axis=1, count=len(CODES)).sum(axis=0, dtype=np.int64)
    quarters = [quarter_of(city, quarter) for city in range(CITIES) for quarter in range(QUARTERS)]
    places = stock.city[results].astype(np.int64) * QUARTERS + stock.quarter[results]
    return {
        "room_type": _counts(stock.room_type[any_room], ROOM_TYPES),
        "property_type": _counts(stock.property_type[results], PROPERTY_TYPES),
        "amenities": {CODES[n]: int(count) for n, count in enumerate(bits) if count},
        "neighbourhood": _counts(places, quarters),
        "cancellation_policy": _counts(stock.policy[results], POLICIES),
        "instant_book": _counts(stock.instant_book[results].astype(np.int8), ("false", "true")),
        "superhost": _counts(stock.superhost[results].astype(np.int8), ("false", "true")),
    }


def _counts(codes: NDArray[np.signedinteger], values: tuple[str, ...] | list[str]) -> Counts:
    return {values[n]: int(count) for n, count in enumerate(np.bincount(codes)) if count}


def _prices(stock: Stock, request: SearchRequest, stay: Stay) -> NDArray[np.int64]:
    """(calendars, taxes) total in the guest's currency, or :data:`REFUSED`."""
    factors = exchange_factors(request.rates, request.currency)
    found = np.full((len(stock.pool), len(TAXES)), REFUSED, np.int64)
    for number in range(len(stock.pool)):
        for tax, total in enumerate(_totals(stock, number, stay, request.guests, stock.today)):
            found[number, tax] = exchanged(total, factors[stock.pool[number].terms.currency])
    return found


def _totals(stock: Stock, number: int, stay: Stay, guests: int, today: date) -> list[int]:
    """Total under each tax; none where the stay is refused."""
    calendar = stock.pool[number].calendar(Window.around(stay))
    totals = []
    for tax in range(len(TAXES)):
        priced = price_or_refuse(calendar, stock.terms(number, tax), stay, guests=guests, today=today)
        if isinstance(priced, RefusedStay):
            return []
        totals.append(priced.total_minor)
    return totals


def _inside(stock: Stock, area: object) -> NDArray[np.bool_]:
    if not isinstance(area, Bounds):
        return np.ones(len(stock), np.bool_)
    inside = (stock.latitude >= area.south) & (stock.latitude <= area.north)
    return inside & (stock.longitude >= area.west) & (stock.longitude <= area.east)
