"""Tantivy: an inverted index with fast columns, in process; it has no expressions, so it knows no exact total."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray
from tantivy import FieldType, Index, Occur, Query, Schema, SchemaBuilder

from bench.engines.rivals.laid_out import Calendars, listing_columns
from bench.engines.rivals.rival import BEST, NO_COLUMN, OF_RESULTS, VALUES, Built, Place, Rival, RivalAnswer, Wish
from bench.engines.stock import CURRENCIES, RATES, Stock
from bench.engines.truth import MOST_VALUES
from lodestay.money import BPS
from search.histogram import EDGES
from search.request import SearchRequest
from search.stay_price import exchange_factors

_CHUNK = 20_000
_SHORTEST = 16
"""Minimum stays are told apart up to here: `arrive` holds day * 16 + minimum."""
_HEAP = 512 * 2**20
_TERMS = ("free", "arrive", "no_departure", "amenities")
_COLUMNS = ("listing_id", "accommodates", "bedrooms", "max_stay", "night_minor")
_PLACES = ("latitude", "longitude", "popularity")
_FACETS = tuple(name for name in VALUES if name != "amenities")


class Tantivy:
    """One document a listing, with a term a free night.

    Parameters
    ----------
    path
        An empty folder.
    """

    name: ClassVar[str] = "Tantivy"
    most: ClassVar[int] = 1_000_000
    tuned: ClassVar[str] = (
        "Each free night is a term, each arrival a term of its day and its minimum stay, so that a stay is an "
        "intersection of posting lists; coordinates, the party and what is counted are fast columns. A search is two "
        "calls in process: the best by a fast column, and one aggregation with the filters that facets do without "
        "nested in it. Two threads write; segments are merged by its own policy."
    )
    missing: ClassVar[tuple[str, ...]] = (
        (
            "expressions, and with them sums over nights: instead of the total it filters and counts by the usual "
            "night (median of the year, with fee and tax, in euros) times the nights, so that counts, facets, "
            "histogram and the best are wrong where a listing's total is not what it usually is"
        ),
        "currencies but the one that prices were exchanged to when it was written",
        "changes of single fields: a changed calendar is a document written again",
        "minimum stays beyond fourteen nights told apart",
        "neighbourhoods beyond a search's thousand most frequent",
        NO_COLUMN,
    )

    def __init__(self, path: Path) -> None:
        self._path, self._schema = path, _schema()
        self._index = Index(self._schema, path=str(path))
        self._stock: Stock | None = None

    def load(self, stock: Stock) -> Built:
        """Write the documents, and wait until segments are merged."""
        begun, calendars = perf_counter(), Calendars.of(stock)
        pooled = [orjson.dumps(_pooled(calendars, number))[1:] for number in range(len(calendars))]
        usual = _usual_nights(calendars)
        writer = self._index.writer(_HEAP, 2)
        for columns in listing_columns(stock, _CHUNK):
            for calendar, own, amenities in columns.rows():
                fees = BPS + int(own.pop("service_fee_bps")) + int(own.pop("tax_bps"))
                document = own | {"night_minor": int(usual[calendar] * fees / BPS)}
                writer.add_json(
                    (orjson.dumps({**document, "amenities": amenities})[:-1] + b"," + pooled[calendar]).decode()
                )
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._stock = stock
        size = sum(file.stat().st_size for file in self._path.iterdir())
        return Built(perf_counter() - begun, size)

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Aggregate, and fetch the best."""
        if self._stock is None:
            raise LookupError("nothing is loaded")
        wish, searcher = Wish.of(self._stock, request), self._index.searcher()
        basis = self._basis(wish)
        rooms = Query.term_set_query(self._schema, "room_type", list(wish.rooms))
        cheap = self._range("night_minor", upper=wish.highest // wish.nights)
        results = Query.boolean_query([(Occur.Must, each) for each in (basis, rooms, cheap)])
        counted = searcher.aggregate(basis, _aggregations(wish))
        found = searcher.search(results, BEST, order_by_field="popularity")
        best = searcher.fast_field_values("listing_id", [address for _, address in found.hits])
        return RivalAnswer.of_rows(
            [
                ("count", 0, counted["cheap"]["results"]["doc_count"]),
                *_facet_rows(counted["cheap"]),
                *(
                    ("histogram", place, bucket["doc_count"])
                    for place, bucket in enumerate(counted["wanted"]["histogram"]["buckets"][1:-1])
                    if bucket["doc_count"]
                ),
                *(("best", int(listing or 0), rank) for rank, listing in enumerate(best)),
            ]
        )

    def _basis(self, wish: Wish) -> Query:
        """Who matches but for room type and price."""
        arrivals = [wish.arrival * _SHORTEST + least for least in range(1, min(wish.nights, _SHORTEST - 1) + 1)]
        must = [self._term("free", night) for night in range(wish.arrival, wish.departure)]
        must += [self._term("amenities", code) for code in wish.amenities]
        must.append(Query.term_set_query(self._schema, "arrive", arrivals))
        least = {"accommodates": wish.guests, "bedrooms": wish.bedrooms, "max_stay": wish.nights}
        must += [self._range(name, lower=value) for name, value in least.items()]
        if wish.bounds is not None:
            box = {
                "latitude": (wish.bounds.south, wish.bounds.north),
                "longitude": (wish.bounds.west, wish.bounds.east),
            }
            must += [Query.range_query(self._schema, name, FieldType.Float, *edges) for name, edges in box.items()]
        closed = self._term("no_departure", wish.departure)
        return Query.boolean_query([*((Occur.Must, each) for each in must), (Occur.MustNot, closed)])

    def _term(self, name: str, value: int) -> Query:
        return Query.term_query(self._schema, name, value)

    def _range(self, name: str, *, lower: int | None = None, upper: int | None = None) -> Query:
        return Query.range_query(self._schema, name, FieldType.Unsigned, lower, upper)


@contextmanager
def open_rival(place: Place) -> Iterator[Rival]:
    """In a folder of its own."""
    folder = place.folder / "tantivy"
    folder.mkdir()
    yield Tantivy(folder)


def _schema() -> Schema:
    builder = SchemaBuilder()
    for name in _TERMS:
        builder.add_unsigned_field(name, indexed=True, fast=name == "amenities")
    for name in (*_COLUMNS, *_FACETS):
        builder.add_unsigned_field(name, indexed=name in {*_FACETS, "night_minor"}, fast=True)
    for name in _PLACES:
        builder.add_float_field(name, fast=True)
    return builder.build()


def _pooled(calendars: Calendars, number: int) -> dict[str, Any]:
    """What the documents of a calendar share."""
    arrivals = np.flatnonzero(~calendars.no_arrival[number])
    least = np.minimum(calendars.min_stay[number, arrivals], _SHORTEST - 1)
    return {
        "free": np.flatnonzero(calendars.free[number]).tolist(),
        "arrive": (arrivals * _SHORTEST + least).tolist(),
        "no_departure": np.flatnonzero(calendars.no_departure[number]).tolist(),
        "max_stay": int(calendars.max_stay[number]),
    }


def _usual_nights(calendars: Calendars) -> NDArray[np.float64]:
    """(pool,) median night in euro cents."""
    factors = exchange_factors(RATES, "EUR")
    in_euros = np.array([factors[name] for name in CURRENCIES], np.float64)[calendars.currency]
    usual: NDArray[np.float64] = np.median(calendars.price, axis=1) * in_euros
    return usual


def _aggregations(wish: Wish) -> dict[str, Any]:
    """Facets and histogram; the filters are written in Tantivy's query language, which aggregations ask for."""
    wanted = " OR ".join(f"room_type:{place}" for place in wish.rooms)
    cheap = f"night_minor:[0 TO {wish.highest // wish.nights}]"
    terms = {name: {"terms": {"field": name, "size": MOST_VALUES}} for name in (*OF_RESULTS, "amenities")}
    edges = [edge / wish.nights for edge in EDGES]
    ranges = [{"from": low, "to": high} for low, high in pairwise(edges)]
    return {
        "cheap": {
            "filter": cheap,
            "aggs": {
                "room_type": {"terms": {"field": "room_type"}},
                "results": {"filter": wanted, "aggs": terms},
            },
        },
        "wanted": {
            "filter": wanted,
            "aggs": {"histogram": {"range": {"field": "night_minor", "ranges": ranges}}},
        },
    }


def _facet_rows(cheap: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    counted = {"room_type": cheap["room_type"]} | {name: cheap["results"][name] for name in (*OF_RESULTS, "amenities")}
    for name, terms in counted.items():
        for bucket in terms["buckets"]:
            yield name, int(bucket["key"]), bucket["doc_count"]
