"""What both ways to keep nights in OpenSearch share: loading, the price's script, facets and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

import orjson
from opensearchpy import OpenSearch

from bench.engines.rivals.laid_out import TERMS, Calendars, listing_columns
from bench.engines.rivals.rival import BEST, OF_RESULTS, VALUES, Built, RivalAnswer, Wish
from bench.engines.stock import Stock
from bench.engines.truth import MOST_VALUES
from search.histogram import EDGES

_CHUNK = 5_000
_READ_ONLY: Final[Mapping[str, Any]] = {"type": "integer", "index": False}
_LISTING: Final[Mapping[str, Any]] = {
    "listing_id": _READ_ONLY,
    "place": {"type": "geo_point"},
    "popularity": {"type": "double", "index": False},
    "accommodates": {"type": "integer"},
    "bedrooms": {"type": "integer"},
    **{name: {"type": "keyword"} for name in VALUES},
    **dict.fromkeys(("currency", "service_fee_bps", "tax_bps", *TERMS), _READ_ONLY),
}
TOTAL: Final = """
long total(Map doc, Map params, long nights) {
  long bps = params.discount == '0' ? 0L : doc[params.discount].value;
  long guests = params.guests - doc['guests_included'].value;
  long extra = guests > 0L ? guests * doc['extra_guest_fee_minor'].value * params.nights : 0L;
  long subtotal = nights - (nights * bps + 5000L) / 10000L + extra + doc['cleaning_fee_minor'].value;
  long minor = subtotal + (subtotal * doc['service_fee_bps'].value + 5000L) / 10000L
                        + (subtotal * doc['tax_bps'].value + 5000L) / 10000L;
  double factor = params.factors[(int) doc['currency'].value];
  return (long) Math.floor(minor * factor + 0.5);
}
"""
"""Total in the guest's currency from the sum of the nights' prices; a script of ours adds what it returns."""
RANGES: Final = [{"from": low, "to": high} for low, high in pairwise(EDGES)]
"""Bins of the histogram."""


def load(
    client: OpenSearch,
    index: str,
    stock: Stock,
    *,
    calendars: Calendars,
    nights: Mapping[str, Any],
    pooled: Callable[[int], dict[str, Any]],
    batch: int,
) -> Built:
    """Write every listing into a new index, and merge it to one segment.

    Parameters
    ----------
    nights
        Mapping of the calendar's fields.
    pooled
        A calendar's fields, by its row.
    batch
        Documents of one request.
    """
    begun = perf_counter()
    settings = {
        "number_of_shards": 1,
        "number_of_replicas": 0,
        "refresh_interval": "-1",
        "requests.cache.enable": False,
    }
    mapping = {"dynamic": "strict", "_source": {"enabled": False}, "properties": {**_LISTING, **nights}}
    client.indices.create(index=index, body={"settings": {"index": settings}, "mappings": mapping})
    shared = [orjson.dumps(_terms(calendars, n) | pooled(n))[1:] for n in range(len(calendars))]
    for body in _bulks(stock, shared, batch):
        if client.bulk(body=body, index=index)["errors"]:
            raise ValueError("OpenSearch refused a document")
    client.indices.refresh(index=index)
    client.indices.forcemerge(index=index, max_num_segments=1, request_timeout=7_200)
    client.indices.refresh(index=index)
    seconds = perf_counter() - begun
    stats = client.indices.stats(index=index, metric="store")["indices"][index]["primaries"]
    return Built(seconds, int(stats["store"]["size_in_bytes"]))


def listing_filters(wish: Wish) -> list[dict[str, Any]]:
    """Place, party and amenities."""
    filters: list[dict[str, Any]] = [
        {"range": {"accommodates": {"gte": wish.guests}}},
        {"range": {"bedrooms": {"gte": wish.bedrooms}}},
        *({"term": {"amenities": str(code)}} for code in wish.amenities),
    ]
    if wish.bounds is not None:
        corners = {
            "top_left": {"lat": wish.bounds.north, "lon": wish.bounds.west},
            "bottom_right": {"lat": wish.bounds.south, "lon": wish.bounds.east},
        }
        filters.append({"geo_bounding_box": {"place": corners}})
    return filters


def price_script(wish: Wish, returns: str, **params: object) -> dict[str, Any]:
    """The script, which is compiled once: all that differs between searches are parameters."""
    ours = {"discount": wish.discount, "guests": wish.guests, "nights": wish.nights, "factors": list(wish.factors)}
    return {"lang": "painless", "source": TOTAL + returns, "params": ours | {"highest": wish.highest} | params}


def ask(
    client: OpenSearch, index: str, wish: Wish, *, cheap: dict[str, Any], basis: dict[str, Any], total: dict[str, Any]
) -> RivalAnswer:
    """Ask for everything in one round trip of two searches, of which the second is the histogram.

    Parameters
    ----------
    cheap, basis
        Queries of whoever matches but for the room type, with and without the highest total.
    total
        Script of the total, for what matches the basis.
    """
    rooms = {"terms": {"room_type": [str(place) for place in wish.rooms]}}
    first = {
        "query": cheap,
        "post_filter": rooms,
        "aggs": {
            "room_type": _terms_of("room_type"),
            "results": {"filter": rooms, "aggs": {name: _terms_of(name) for name in (*OF_RESULTS, "amenities")}},
        },
        "sort": [{"popularity": "desc"}],
        "size": BEST,
        "track_total_hits": True,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["listing_id"],
    }
    second = {
        "query": {"bool": {"must": [basis], "filter": [rooms]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"histogram": {"range": {"script": total, "ranges": RANGES}}},
    }
    lines = b"\n".join(orjson.dumps(part) for part in ({}, first, {}, second)) + b"\n"
    found, priced = client.msearch(body=lines.decode(), index=index)["responses"]
    return RivalAnswer.of_rows(_rows(found, priced["aggregations"]["histogram"]["buckets"]))


def _rows(found: dict[str, Any], bins: Sequence[dict[str, Any]]) -> Iterator[tuple[str, int, int]]:
    counted = found["aggregations"]
    yield "count", 0, found["hits"]["total"]["value"]
    facets = {"room_type": counted["room_type"]} | {n: counted["results"][n] for n in (*OF_RESULTS, "amenities")}
    for name, facet in facets.items():
        for bucket in facet["buckets"]:
            yield name, int(bucket["key"]), bucket["doc_count"]
    for place, each in enumerate(bins):
        if each["doc_count"]:
            yield "histogram", place, each["doc_count"]
    for rank, hit in enumerate(found["hits"]["hits"]):
        yield "best", hit["fields"]["listing_id"][0], rank


def _terms_of(name: str) -> dict[str, Any]:
    return {"terms": {"field": name, "size": min(len(VALUES[name]), MOST_VALUES)}}


def _terms(calendars: Calendars, number: int) -> dict[str, Any]:
    terms = dict(zip(TERMS, calendars.terms[number].tolist(), strict=True))
    return terms | {"currency": int(calendars.currency[number])}


def _bulks(stock: Stock, shared: Sequence[bytes], batch: int) -> Iterator[bytes]:
    """Bodies of bulk requests."""
    lines: list[bytes] = []
    for columns in listing_columns(stock, _CHUNK):
        for calendar, own, amenities in columns.rows():
            document = _document(own, amenities)
            lines += [b'{"index":{}}', orjson.dumps(document)[:-1] + b"," + shared[calendar]]
            if len(lines) == 2 * batch:
                yield b"\n".join(lines) + b"\n"
                lines = []
    if lines:
        yield b"\n".join(lines) + b"\n"


def _document(own: dict[str, int | float], amenities: list[int]) -> dict[str, Any]:
    named: dict[str, Any] = {name: value for name, value in own.items() if name not in {"latitude", "longitude"}}
    named |= {name: str(own[name]) for name in VALUES if name != "amenities"}
    place = {"lat": own["latitude"], "lon": own["longitude"]}
    return named | {"place": place, "amenities": [str(code) for code in amenities]}
