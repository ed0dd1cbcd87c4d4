"""From a search to the numbers that the pass compares."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search import histogram
from search.columns.map_tiles import NO_TILES, TileWindow, tile_window
from search.columns.places import runs_of
from search.columns.scan import ANYWHERE, BOX, CIRCLE, LENGTH_DISCOUNTS, NO_DISCOUNT, NO_LEAD, Ask
from search.columns.store import CODED_FACETS, ColumnStore
from search.columns.table import LEAST, NO_CODE, WORD
from search.facets import FACETS
from search.request import Bounds, Circle, Filters, SearchRequest
from search.ring import is_askable, slot
from search.stay_price import discount_field, exchange_factors

_EDGES: Final = np.array(histogram.EDGES, np.float64)
_NO_ROWS: Final = np.zeros((0, 2), np.int64)


def ask_of(request: SearchRequest, store: ColumnStore, *, today: date) -> Ask:
    """Put a search into numbers.

    Raises
    ------
    InvalidSearch
        It asks for too many map tiles.
    """
    stay, filters = request.stay, request.filters
    allowed, ticked = _ticked(filters, store)
    amenities, known = _amenities(filters, store)
    tiles = _tiles(request, store)
    kind, south, west, north, east, radius_km = _area(request.area)
    low, high = filters.min_price_minor, filters.max_price_minor
    priced = low is not None or high is not None
    field = None if stay is None else discount_field(stay.nights)
    return Ask(
        runs=_runs(request, store, today),
        guests=request.guests,
        market=NO_CODE if request.market is None else store.vocabularies["market"].codes.get(request.market, NO_CODE),
        area=kind,
        south=south,
        west=west,
        north=north,
        east=east,
        radius_km=radius_km,
        nights=np.array([] if stay is None else [slot(night) for night in stay], np.int64),
        departure=0 if stay is None else slot(stay.check_out),
        check_in=0 if stay is None else stay.check_in.toordinal(),
        check_out=0 if stay is None else stay.check_out.toordinal(),
        notice=0 if stay is None else (stay.check_in - today).days,
        until=0 if stay is None else (stay.check_out - today).days,
        lead=NO_LEAD if stay is None else (stay.check_in - today).days,
        length_discount=NO_DISCOUNT if field is None else LENGTH_DISCOUNTS[field],
        allowed=allowed,
        ticked=ticked,
        amenities=amenities,
        amenities_known=known,
        least=_least(filters),
        low=float(max(low or 0, 0)) if priced else np.nan,
        high=np.inf if high is None else float(high),
        factors=_factors(request, store),
        edges=_EDGES,
        zoom=tiles.zoom,
        first_x=tiles.first_x,
        first_y=tiles.first_y,
        tiles_x=tiles.columns,
        tiles_y=tiles.lines,
    )


def _runs(request: SearchRequest, store: ColumnStore, today: date) -> NDArray[np.int64]:
    if request.stay is not None and not is_askable(request.stay, today):
        return _NO_ROWS
    if request.market is not None and request.market not in store.markets:
        return _NO_ROWS
    if request.area is not None:
        return runs_of(request.area, store.keys)
    if request.market is not None:
        return store.markets[request.market].runs
    return np.array([[0, len(store)]], np.int64) if len(store) else _NO_ROWS


def _area(area: Bounds | Circle | None) -> tuple[int, float, float, float, float, float]:
    if area is None:
        return ANYWHERE, 0.0, 0.0, 0.0, 0.0, 0.0
    if isinstance(area, Bounds):
        return BOX, area.south, area.west, area.north, area.east, 0.0
    return CIRCLE, area.centre.latitude, area.centre.longitude, 0.0, 0.0, area.radius_km


def _ticked(filters: Filters, store: ColumnStore) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Values that are ticked, and facets with one; a value that no listing has allows none."""
    widest = max(len(store.vocabularies[facet.name].values) for facet in CODED_FACETS)
    allowed = np.zeros((len(CODED_FACETS), widest + 1), np.bool_)  # the last column is for null
    ticked = np.zeros(len(CODED_FACETS), np.bool_)
    for place, facet in enumerate(CODED_FACETS):
        codes = store.vocabularies[facet.name].codes
        for value in facet.selected(filters):
            ticked[place] = True
            if value in codes:
                allowed[place, codes[value]] = True
    return allowed, ticked


def _amenities(filters: Filters, store: ColumnStore) -> tuple[NDArray[np.uint64], bool]:
    bits = [0] * store.table.amenities.shape[1]
    known = True
    for value in (value for facet in FACETS if facet.all_of for value in facet.selected(filters)):
        if value in store.amenities.codes:
            word, bit = divmod(store.amenities.codes[value], WORD)
            bits[word] |= 1 << bit
        else:
            known = False
    return np.array(bits, np.uint64), known


def _least(filters: Filters) -> NDArray[np.float64]:
    asked = {
        "bedrooms": filters.min_bedrooms,
        "beds": filters.min_beds,
        "bathrooms": filters.min_bathrooms,
        "rating": filters.min_rating,
    }
    return np.array([np.nan if (least := asked.get(name)) is None else float(least) for name in LEAST])


def _factors(request: SearchRequest, store: ColumnStore) -> NDArray[np.float64]:
    factors = exchange_factors(request.rates, request.currency)
    known = [factors.get(currency, np.nan) for currency in store.vocabularies["currency"].values]
    return np.array(known, np.float64)


def _tiles(request: SearchRequest, store: ColumnStore) -> TileWindow:
    if request.tile_zoom is None:
        return NO_TILES
    held = store.markets.get(request.market or "")
    area = request.area if request.area is not None or held is None else held.bounds
    return tile_window(area, request.tile_zoom)
