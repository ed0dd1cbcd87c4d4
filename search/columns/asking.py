"""From a search to the numbers that the pass compares."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search import histogram
from search.columns.amounts import LENGTH_DISCOUNTS
from search.columns.ask import (
    ANYWHERE,
    BOX,
    BY_DISTANCE,
    BY_POPULARITY,
    BY_PRICE,
    BY_PRICE_DOWN,
    BY_RATING,
    CIRCLE,
    NO_DISCOUNT,
    NO_ORDER,
    POLYGON,
    AreaAsk,
    Ask,
    BitAsk,
    GroupAsk,
    OrderAsk,
    PriceAsk,
    StayAsk,
    TileAsk,
)
from search.columns.map_tiles import NO_TILES, tile_window
from search.columns.places import runs_of
from search.columns.price_bins import bins_of
from search.columns.store import BIT_FACETS, CODED_FACETS, ColumnStore, Vocabulary
from search.columns.table import NO_CODE
from search.facets import Facet
from search.request import Area, Bounds, Circle, Filters, SearchRequest, Sort
from search.ring import slot
from search.stay_price import discount_field, exchange_factors
from search.today import Today

_EDGES: Final = np.array(histogram.EDGES, np.float64)
_BINS: Final = bins_of(_EDGES)
_ALL_OF: Final = np.array([facet.all_of for facet in BIT_FACETS])
_ORDERS: Final = {
    Sort.RELEVANCE: BY_POPULARITY,
    Sort.PRICE: BY_PRICE,
    Sort.PRICE_DESC: BY_PRICE_DOWN,
    Sort.RATING: BY_RATING,
}
_NO_ROWS: Final = np.zeros((0, 2), np.int64)


def ask_of(request: SearchRequest, store: ColumnStore, *, today: Today) -> Ask:
    """Put a search into numbers.

    Raises
    ------
    InvalidSearch
        It asks for too many map tiles.
    """
    market = NO_CODE if request.market is None else store.vocabularies["market"].codes.get(request.market, NO_CODE)
    return Ask(
        runs=_runs(request, store, today),
        market=market,
        area=_area(request.area),
        stay=_stay(request, dates_by_market(store, today)),
        groups=_groups(request.filters, store),
        price=_price(request, store),
        tiles=_tiles(request, store),
        order=_order(request),
    )


def dates_by_market(store: ColumnStore, today: Today) -> NDArray[np.int64]:
    """Write dates as :class:`search.columns.ask.StayAsk` has them."""
    markets = store.vocabularies["market"]
    dates = np.full(len(markets.values) + 1, today.here.toordinal(), np.int64)
    for market, day in today.elsewhere.items():
        if market in markets.codes:
            dates[markets.codes[market]] = day.toordinal()
    return dates


def _runs(request: SearchRequest, store: ColumnStore, today: Today) -> NDArray[np.int64]:
    if request.stay is not None and not today.is_askable(request.stay):
        return _NO_ROWS
    if request.market is not None and request.market not in store.markets:
        return _NO_ROWS
    if request.area is not None:
        return runs_of(request.area, store.keys)
    if request.market is not None:
        return store.markets[request.market].runs
    return np.array([[0, len(store)]], np.int64) if len(store) else _NO_ROWS


def _area(area: Area | None) -> AreaAsk:
    none = np.zeros(0)
    if area is None:
        return AreaAsk(ANYWHERE, 0.0, 0.0, 0.0, 0.0, 0.0, none, none)
    if isinstance(area, Circle):
        centre = area.centre
        return AreaAsk(
            CIRCLE, float(centre.latitude), float(centre.longitude), 0.0, 0.0, float(area.radius_km), none, none
        )
    if isinstance(area, Bounds):
        edges = (float(area.south), float(area.west), float(area.north), float(area.east))
        return AreaAsk(BOX, *edges, 0.0, none, none)
    latitudes, longitudes = np.array(area.latitudes, np.float64), np.array(area.longitudes, np.float64)
    edges = (float(min(latitudes)), float(min(longitudes)), float(max(latitudes)), float(max(longitudes)))
    return AreaAsk(POLYGON, *edges, 0.0, latitudes, longitudes)


def _stay(request: SearchRequest, today: NDArray[np.int64]) -> StayAsk:
    stay = request.stay
    if stay is None:
        return StayAsk(np.zeros(0, np.int64), 0, 0, 0, today, NO_DISCOUNT, request.guests)
    field = discount_field(stay.nights)
    return StayAsk(
        nights=np.array([slot(night) for night in stay], np.int64),
        departure=slot(stay.check_out),
        check_in=stay.check_in.toordinal(),
        check_out=stay.check_out.toordinal(),
        today=today,
        length_discount=NO_DISCOUNT if field is None else LENGTH_DISCOUNTS[field],
        guests=request.guests,
    )


def _groups(filters: Filters, store: ColumnStore) -> GroupAsk:
    return GroupAsk(*_ticked(filters, store), _bits(filters, store))


def _price(request: SearchRequest, store: ColumnStore) -> PriceAsk:
    low, high = request.filters.min_price_minor, request.filters.max_price_minor
    asked = low is not None or high is not None
    return PriceAsk(
        low=float(max(low or 0, 0)) if asked else np.nan,
        high=np.inf if high is None else float(high),
        factors=_factors(request, store),
        edges=_EDGES,
        bins=_BINS,
    )


def _ticked(filters: Filters, store: ColumnStore) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Where the codes of each facet begin, values that are ticked, and facets with one."""
    held = [store.vocabularies[facet.name] for facet in CODED_FACETS]
    # Before the codes of each there is room for null, which is code -1.
    first_code = np.cumsum([1, *(len(vocabulary.values) + 1 for vocabulary in held)])
    allowed = np.zeros(first_code[-1] - 1, np.bool_)
    ticked = np.zeros(len(CODED_FACETS), np.bool_)
    for place, (facet, vocabulary) in enumerate(zip(CODED_FACETS, held, strict=True)):
        selected = facet.selected(filters)
        if selected:
            ticked[place] = True
            allowed[first_code[place] + _allowed(facet, selected, vocabulary)] = True
    return first_code, allowed, np.flatnonzero(ticked)


def _allowed(facet: Facet, selected: frozenset[str], held: Vocabulary) -> NDArray[np.int64]:
    """Codes of the values that have what is ticked; a value that no listing has is none."""
    if facet.steps:
        return np.flatnonzero(np.array(held.values, np.float64) >= min(map(float, selected)))
    return np.array([held.codes[value] for value in selected if value in held.codes], np.int64)


def _bits(filters: Filters, store: ColumnStore) -> BitAsk:
    asked = list[int]()
    first_asked = [0]
    ticked, unknown = np.zeros(len(BIT_FACETS), np.bool_), np.zeros(len(BIT_FACETS), np.int64)
    for place, facet in enumerate(BIT_FACETS):
        selected = facet.selected(filters)
        ticked[place] = bool(selected)
        codes = _allowed(facet, selected, store.vocabularies[facet.name]) if selected else ()
        unknown[place] = 0 if facet.steps else len(selected) - len(codes)
        asked.extend(int(store.bits_of(facet.name).start + code) for code in codes)
        first_asked.append(len(asked))
    return BitAsk(
        store.first_bit, np.flatnonzero(ticked), np.array(asked, np.int64), np.array(first_asked), unknown, _ALL_OF
    )


def _order(request: SearchRequest) -> OrderAsk:
    origin = request.origin
    if request.sort is Sort.DISTANCE:
        if origin is None:
            return OrderAsk(NO_ORDER, 0.0, 0.0)
        return OrderAsk(BY_DISTANCE, float(origin.latitude), float(origin.longitude))
    return OrderAsk(_ORDERS[request.sort], 0.0, 0.0)


def _factors(request: SearchRequest, store: ColumnStore) -> NDArray[np.float64]:
    factors = exchange_factors(request.rates, request.currency)
    known = [factors.get(currency, np.nan) for currency in store.vocabularies["currency"].values]
    return np.array(known, np.float64)


def _tiles(request: SearchRequest, store: ColumnStore) -> TileAsk:
    if request.tile_zoom is None:
        return NO_TILES
    if request.area is not None or request.market is None:
        return tile_window(request.area, request.tile_zoom)
    held = store.markets.get(request.market)
    return NO_TILES if held is None else tile_window(held.bounds, request.tile_zoom)
