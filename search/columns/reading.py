"""From what the pass counted to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay.geography import distances_km
from search import histogram
from search.answer import Candidate, FacetValue, Regained, Retrieved, Tile
from search.columns.ask import Ask
from search.columns.store import BIT_FACETS, CODED_FACETS, CODES, ColumnStore
from search.columns.table import CURRENCY, NO_PRICE
from search.columns.tally import Tally
from search.facets import FACETS, PRICE, Facet, facet_values
from search.request import MAX_PAGE_DEPTH, Filters, SearchRequest

GROUPS: Final = (*(facet.name for facet in CODED_FACETS), *(facet.name for facet in BIT_FACETS), PRICE)
"""What a guest may take back, in the order of :class:`search.columns.tally.RegainedCounts`."""


def retrieved(request: SearchRequest, ask: Ask, tally: Tally, store: ColumnStore) -> Retrieved:
    """Read a tally."""
    found = int(tally.results.found[0])
    return Retrieved(
        candidates=tuple(_candidates(request, tally, store, _best(tally))),
        total_count=found,
        facets={facet.name: _facet(facet, request.filters, ask, tally, store) for facet in FACETS},
        histogram=histogram.bins(dict(zip(histogram.EDGES, tally.counts.histogram.tolist(), strict=True))),
        degraded=(),
        tiles=None if request.tile_zoom is None else tuple(_tiles(ask, tally)),
        regained=tuple(
            sorted(_regained(request.filters, tally, store), key=lambda r: (-r.more, r.filter, r.value or ""))
        ),
    )


def _best(tally: Tally) -> NDArray[np.int64]:
    """Places in the tally of the best results, best first; the listing id decides last."""
    best, count = tally.best, int(tally.best.held[0])
    order = np.lexsort((best.ids[:count], best.others[:count], best.keys[:count]))
    return np.asarray(order[:MAX_PAGE_DEPTH], np.int64)


def _distances(request: SearchRequest, rows: NDArray[np.int64], store: ColumnStore) -> NDArray[np.float64]:
    origin, table = request.origin, store.table
    if origin is None:
        return np.zeros(len(rows))
    return distances_km(origin.latitude, origin.longitude, table.places.latitude[rows], table.places.longitude[rows])


def _candidates(
    request: SearchRequest, tally: Tally, store: ColumnStore, best: NDArray[np.int64]
) -> Iterator[Candidate]:
    table, rows = store.table, tally.best.rows[best]
    currencies = store.vocabularies["currency"].values
    nightly = table.prices.usual[rows].tolist()
    not_asked = repeat(None)
    return map(
        Candidate,
        table.listing_id[rows].tolist(),
        map(currencies.__getitem__, table.traits.codes[rows, CURRENCY].tolist()),
        not_asked if request.stay is None else tally.best.amounts[best].tolist(),
        (None if price == NO_PRICE else price for price in nightly),
        not_asked,
        not_asked,
        not_asked if request.origin is None else _distances(request, rows, store).tolist(),
    )


def _facet(facet: Facet, filters: Filters, ask: Ask, tally: Tally, store: ColumnStore) -> tuple[FacetValue, ...]:
    values = store.vocabularies[facet.name].values
    if facet in BIT_FACETS:
        counts = tally.counts.bits[store.bits_of(facet.name)]
    else:
        first = ask.groups.first_code[CODES.index(facet.name)]
        counts = tally.counts.codes[first : first + len(values)]
    counted = np.flatnonzero(counts)
    held = {values[code]: count for code, count in zip(counted.tolist(), counts[counted].tolist(), strict=True)}
    return facet_values(facet.counts(filters, held), facet.selected(filters))


def _tiles(ask: Ask, tally: Tally) -> Iterator[Tile]:
    side = 1 << ask.tiles.zoom
    for place in np.flatnonzero(tally.tiles.counts).tolist():
        line, column = divmod(place, ask.tiles.columns)
        cheapest = float(tally.tiles.prices[place])
        yield Tile(
            zoom=ask.tiles.zoom,
            x=(ask.tiles.first_x + column) % side,
            y=ask.tiles.first_y + line,
            count=int(tally.tiles.counts[place]),
            cheapest_minor=None if cheapest == np.inf else int(cheapest),
        )


def _regained(filters: Filters, tally: Tally, store: ColumnStore) -> Iterator[Regained]:
    for name, more in zip(GROUPS, tally.regained.groups.tolist(), strict=True):
        if more:
            yield Regained(name, None, more)
    for place, facet in enumerate(BIT_FACETS):
        asked = facet.selected(filters)
        if facet.all_of and len(asked) > 1:
            lacked = tally.regained.bits
            for value in asked:
                known = value in store.vocabularies[facet.name].codes
                more = lacked[store.bit_of(facet.name, value) if known else place - len(BIT_FACETS)]
                if more:
                    yield Regained(facet.name, value, int(more))
