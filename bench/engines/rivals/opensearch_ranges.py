"""OpenSearch with a listing's free gaps as ranges, and running sums of prices that a script reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from opensearchpy import OpenSearch

from bench.engines.rivals.laid_out import DAYS, Calendars, Span, spans
from bench.engines.rivals.opensearch_common import ask, listing_filters, load, price_script
from bench.engines.rivals.rival import NO_COLUMN, Built, Place, Rival, RivalAnswer, Wish
from bench.engines.stock import Stock
from bench.node import opensearch_node
from search.request import SearchRequest

_INDEX = "rival-ranges"
_BATCH = 1_000
_NIGHTS = "doc[params.until].value - doc[params.from].value"


class Ranges:
    """A document a listing.

    Parameters
    ----------
    client
        Of a node that has no index of the same name.
    """

    name: ClassVar[str] = "OpenSearch, ranges"
    most: ClassVar[int] = 1_000_000
    tuned: ClassVar[str] = (
        "Free gaps are `integer_range`s that must contain the stay; days on which a stay of one, two, three … nights "
        "may not arrive are ranges too, a field for each length up to the longest minimum. Running sums of prices are "
        "doc values without an index, two of which a Painless script (compiled once) reads. One node with one shard "
        "merged to one segment, no `_source`, no request cache; facets and count in one search, the histogram in a "
        "second, both sent in one `_msearch`."
    )
    missing: ClassVar[tuple[str, ...]] = (
        "changes of a night: the document with all of its sums is written again",
        "neighbourhoods beyond a search's thousand most frequent",
        NO_COLUMN,
    )

    def __init__(self, client: OpenSearch) -> None:
        self._client = client
        self._stock: Stock | None = None
        self._longest_minimum = 1

    def load(self, stock: Stock) -> Built:
        """Write the documents, and merge."""
        calendars = Calendars.of(stock)
        sums, longest = calendars.sums, int(calendars.min_stay.max())
        nights: dict[str, Any] = {
            "free": {"type": "integer_range"},
            "no_departure": {"type": "integer"},
            "max_stay": {"type": "integer"},
            **{f"too_short_{n}": {"type": "integer_range"} for n in range(1, longest + 1)},
            **{f"sum_{day}": {"type": "integer", "index": False} for day in range(DAYS + 1)},
        }

        def pooled(number: int) -> dict[str, Any]:
            closed, least = calendars.no_arrival[number], calendars.min_stay[number]
            return {
                "free": _ranges(spans(calendars.free[number])),
                "no_departure": np.flatnonzero(calendars.no_departure[number]).tolist(),
                "max_stay": int(calendars.max_stay[number]),
                **{f"too_short_{n}": _ranges(spans(closed | (least > n))) for n in range(1, longest + 1)},
                **{f"sum_{day}": total for day, total in enumerate(sums[number].tolist())},
            }

        built = load(self._client, _INDEX, stock, calendars=calendars, nights=nights, pooled=pooled, batch=_BATCH)
        self._stock, self._longest_minimum = stock, longest
        return built

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Ask for count, facets and the best, and for the histogram."""
        if self._stock is None:
            raise LookupError("nothing is loaded")
        wish = Wish.of(self._stock, request)
        reads = {"from": f"sum_{wish.arrival}", "until": f"sum_{wish.departure}"}
        basis = self._basis(wish)
        low = price_script(wish, f"return total(doc, params, {_NIGHTS}) <= params.highest;", **reads)
        total = price_script(wish, f"return total(doc, params, {_NIGHTS});", **reads)
        cheap = {"bool": {"filter": [basis, {"script": {"script": low}}]}}
        return ask(self._client, _INDEX, wish, cheap=cheap, basis=basis, total=total)

    def _basis(self, wish: Wish) -> dict[str, Any]:
        short = f"too_short_{min(wish.nights, self._longest_minimum)}"
        stay = {"gte": wish.arrival, "lt": wish.departure, "relation": "contains"}
        return {
            "bool": {
                "filter": [
                    *listing_filters(wish),
                    {"range": {"free": stay}},
                    {"range": {"max_stay": {"gte": wish.nights}}},
                ],
                "must_not": [{"term": {short: wish.arrival}}, {"term": {"no_departure": wish.departure}}],
            }
        }


@contextmanager
def open_rival(_place: Place) -> Iterator[Rival]:
    """On a node of its own."""
    with opensearch_node() as (client, _):
        yield Ranges(client)


def _ranges(runs: list[Span]) -> list[dict[str, int]]:
    return [{"gte": first, "lt": end} for first, end in runs]
