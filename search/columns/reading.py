"""From what the pass counted to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay.geography import distances_km
from search import histogram
from search.answer import Candidate, FacetValue, Regained, Retrieved, Tile
from search.columns.scan import Ask, Tally
from search.columns.store import CODED_FACETS, CODES, ColumnStore
from search.columns.table import LEAST, NO_PRICE, TERMS
from search.facets import FACETS, PRICE, Facet, facet_values
from search.request import MAX_PAGE_DEPTH, Filters, SearchRequest, Sort

AMENITIES: Final = next(facet for facet in FACETS if facet.all_of)
GROUPS: Final = (*(facet.name for facet in CODED_FACETS), AMENITIES.name, PRICE, *(f"min_{name}" for name in LEAST))
"""What a guest may take back, in the order of :attr:`search.columns.scan.Tally.regained`."""
_CURRENCY: Final = CODES.index("currency")
_NIGHTLY: Final = TERMS.index("nightly_price_minor")
_RATING: Final = LEAST.index("rating")


def retrieved(request: SearchRequest, ask: Ask, tally: Tally, store: ColumnStore) -> Retrieved:
    """Read a tally."""
    found = int(tally.found[0])
    return Retrieved(
        candidates=tuple(_candidates(request, tally, store, _best(request, tally, store))),
        total_count=found,
        facets={facet.name: _facet(facet, request.filters, tally, store) for facet in FACETS},
        histogram=histogram.bins(dict(zip(histogram.EDGES, tally.histogram.tolist(), strict=True))),
        degraded=(),
        tiles=None if request.tile_zoom is None else tuple(_tiles(ask, tally)),
        regained=tuple(sorted(_regained(ask, tally, store), key=lambda r: (-r.more, r.filter, r.value or ""))),
    )


def _best(request: SearchRequest, tally: Tally, store: ColumnStore) -> NDArray[np.int64]:
    """Places in the tally of the results that are ordered, best first; the listing id decides last."""
    found = int(tally.found[0])
    rows = tally.rows[:found]
    first, *others = _sort_keys(request, rows, tally.prices[:found], store)
    kept = np.arange(found)
    if found > MAX_PAGE_DEPTH:
        kept = np.flatnonzero(first <= np.partition(first, MAX_PAGE_DEPTH - 1)[MAX_PAGE_DEPTH - 1])
    ids = store.table.listing_id[rows[kept]]
    order = np.lexsort((ids, *(key[kept] for key in reversed(others)), first[kept]))
    return np.asarray(kept[order[:MAX_PAGE_DEPTH]], np.int64)


def _sort_keys(
    request: SearchRequest, rows: NDArray[np.int64], prices: NDArray[np.float64], store: ColumnStore
) -> list[NDArray[np.float64]]:
    """Keys of the rows, the weightiest first, low is good; what is not known stands last."""
    table = store.table
    match request.sort:
        case Sort.PRICE:
            return [np.where(prices < 0, np.inf, prices)]
        case Sort.PRICE_DESC:
            return [np.where(prices < 0, np.inf, -prices)]
        case Sort.RATING:
            rating = table.least[_RATING, rows]
            return [np.where(np.isnan(rating), np.inf, -rating), -table.review_count[rows].astype(np.float64)]
        case Sort.DISTANCE:
            return [_distances(request, rows, store)]
        case Sort.RELEVANCE:
            return [-table.popularity[rows]]


def _distances(request: SearchRequest, rows: NDArray[np.int64], store: ColumnStore) -> NDArray[np.float64]:
    origin, table = request.origin, store.table
    if origin is None:
        return np.zeros(len(rows))
    return distances_km(origin.latitude, origin.longitude, table.latitude[rows], table.longitude[rows])


def _candidates(
    request: SearchRequest, tally: Tally, store: ColumnStore, best: NDArray[np.int64]
) -> Iterator[Candidate]:
    table, rows = store.table, tally.rows[best]
    currencies = store.vocabularies["currency"].values
    for listing_id, currency, amount, nightly, distance in zip(
        table.listing_id[rows].tolist(),
        table.codes[_CURRENCY, rows].tolist(),
        tally.amounts[best].tolist(),
        table.terms[_NIGHTLY, rows].tolist(),
        _distances(request, rows, store).tolist(),
        strict=True,
    ):
        yield Candidate(
            listing_id=listing_id,
            currency=currencies[currency],
            total_minor=None if request.stay is None else amount,
            nightly_price_minor=None if nightly == NO_PRICE else nightly,
            text_score=None,
            vector_score=None,
            distance_km=None if request.origin is None else distance,
        )


def _facet(facet: Facet, filters: Filters, tally: Tally, store: ColumnStore) -> tuple[FacetValue, ...]:
    if facet.all_of:
        values, counts = store.amenities.values, tally.amenities
    else:
        values, counts = store.vocabularies[facet.name].values, tally.codes[CODES.index(facet.name)]
    held = {value: count for value, count in zip(values, counts[: len(values)].tolist(), strict=True) if count}
    return facet_values(held, facet.selected(filters))


def _tiles(ask: Ask, tally: Tally) -> Iterator[Tile]:
    side = 1 << ask.zoom
    for place in np.flatnonzero(tally.tile_counts).tolist():
        line, column = divmod(place, ask.tiles_x)
        cheapest = float(tally.tile_prices[place])
        yield Tile(
            zoom=ask.zoom,
            x=(ask.first_x + column) % side,
            y=ask.first_y + line,
            count=int(tally.tile_counts[place]),
            cheapest_minor=None if cheapest == np.inf else int(cheapest),
        )


def _regained(ask: Ask, tally: Tally, store: ColumnStore) -> Iterator[Regained]:
    for name, more in zip(GROUPS, tally.regained.tolist(), strict=True):
        if more:
            yield Regained(name, None, more)
    if sum(int(word).bit_count() for word in ask.amenities) + (not ask.amenities_known) > 1:
        for value, more in zip(store.amenities.values, tally.regained_amenities.tolist(), strict=False):
            if more:
                yield Regained(AMENITIES.name, value, more)
