"""OpenSearch as tutorials do it: a nested document a night, whose scores add up to the price of the stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from opensearchpy import OpenSearch

from bench.engines.rivals.laid_out import Calendars
from bench.engines.rivals.opensearch_common import ask, listing_filters, load, price_script
from bench.engines.rivals.rival import NO_COLUMN, Built, Place, Rival, RivalAnswer, Wish
from bench.engines.stock import Stock
from bench.node import opensearch_node
from search.request import SearchRequest

_INDEX = "rival-nested"
_BATCH = 200
_NIGHTS: Final[dict[str, Any]] = {
    "max_stay": {"type": "integer"},
    "nights": {
        "type": "nested",
        "dynamic": "strict",
        "properties": {
            "day": {"type": "integer"},
            "price": {"type": "integer", "index": False},
            "least": {"type": "integer"},
            **{name: {"type": "boolean"} for name in ("free", "arrive", "depart")},
        },
    },
}
_PRICES: Final[dict[str, Any]] = {"field_value_factor": {"field": "nights.price"}}
_LOW = "return total(doc, params, Math.round(_score)) <= params.highest ? 1 : 0;"
_TOTAL = "return total(doc, params, Math.round(_score.doubleValue()));"
"""An aggregation's score is an object."""


class Nested:
    """A document a listing with a nested one a night.

    Parameters
    ----------
    client
        Of a node that has no index of the same name.
    """

    name: ClassVar[str] = "OpenSearch, nested nights"
    most: ClassVar[int] = 20_000
    tuned: ClassVar[str] = (
        "A nested document a night with its price, whether it is free, its minimum stay and whether one may arrive or "
        "depart. No night of the stay may be taken; the nights' prices are scores that a nested query adds up, and a "
        "`script_score` makes the total of the sum and keeps what is cheap enough by `min_score`. The node, the index "
        "and the two searches are as above."
    )
    missing: ClassVar[tuple[str, ...]] = (
        (
            "room: a million listings are 367 million nested documents, which one node on this machine cannot hold, "
            "and it is given 20,000 listings at most"
        ),
        "totals above 167,772.16 euros, since scores are 32-bit floats",
        "changes of a night: the document and its 367 nights are written again",
        "neighbourhoods beyond a search's thousand most frequent",
        NO_COLUMN,
    )

    def __init__(self, client: OpenSearch) -> None:
        self._client = client
        self._stock: Stock | None = None

    def load(self, stock: Stock) -> Built:
        """Write the documents, and merge."""
        calendars = Calendars.of(stock)
        built = load(
            self._client,
            _INDEX,
            stock,
            calendars=calendars,
            nights=_NIGHTS,
            pooled=lambda number: _pooled(calendars, number),
            batch=_BATCH,
        )
        self._stock = stock
        return built

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Ask for count, facets and the best, and for the histogram."""
        if self._stock is None:
            raise LookupError("nothing is loaded")
        wish = Wish.of(self._stock, request)
        stay = _stay(wish)
        low = price_script(wish, _LOW)
        total = price_script(wish, _TOTAL)
        cheap = {"script_score": {"query": stay, "script": low, "min_score": 1}}
        return ask(self._client, _INDEX, wish, cheap=cheap, basis=stay, total=total)


@contextmanager
def open_rival(_place: Place) -> Iterator[Rival]:
    """On a node of its own."""
    with opensearch_node() as (client, _):
        yield Nested(client)


def _pooled(calendars: Calendars, number: int) -> dict[str, Any]:
    nights = zip(
        calendars.price[number].tolist(),
        calendars.min_stay[number].tolist(),
        calendars.free[number].tolist(),
        (~calendars.no_arrival[number]).tolist(),
        (~calendars.no_departure[number]).tolist(),
        strict=True,
    )
    return {
        "max_stay": int(calendars.max_stay[number]),
        "nights": [
            {"day": day, "price": price, "least": least, "free": free, "arrive": arrive, "depart": depart}
            for day, (price, least, free, arrive, depart) in enumerate(nights)
        ],
    }


def _stay(wish: Wish) -> dict[str, Any]:
    """Who matches but for room type and price, scored by the sum of the nights' prices."""
    nights: dict[str, Any] = {"range": {"nights.day": {"gte": wish.arrival, "lt": wish.departure}}}
    arrival: list[dict[str, Any]] = [
        {"term": {"nights.day": wish.arrival}},
        {"term": {"nights.arrive": True}},
        {"range": {"nights.least": {"lte": wish.nights}}},
    ]
    departure: list[dict[str, Any]] = [{"term": {"nights.day": wish.departure}}, {"term": {"nights.depart": False}}]
    prices = {"function_score": {"query": nights, "functions": [_PRICES], "boost_mode": "replace"}}
    return {
        "bool": {
            "must": [{"nested": {"path": "nights", "score_mode": "sum", "query": prices}}],
            "filter": [
                *listing_filters(wish),
                {"range": {"max_stay": {"gte": wish.nights}}},
                _nights_with(arrival),
            ],
            "must_not": [_nights_with([nights, {"term": {"nights.free": False}}]), _nights_with(departure)],
        }
    }


def _nights_with(filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nested": {"path": "nights", "score_mode": "none", "query": {"bool": {"filter": filters}}}}
