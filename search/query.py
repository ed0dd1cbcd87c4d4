"""A search as one OpenSearch request: results, exact facets, price histogram and count together.

What always holds stands in the query. What the guest ticks (facets and price) stands in `post_filter`,
so that each group can be counted as if it were not ticked: one filter aggregation for the groups that
are free, one for each that is ticked.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, pairwise
from math import floor
from typing import Any, Final

from search import histogram
from search.availability import Query, clauses
from search.facets import FACETS, MAX_VALUES, PRICE, Facet, text
from search.polygon import parts
from search.request import MAX_PAGE_DEPTH, MAX_TEXT, Area, Bounds, Circle, Filters, Point, Polygon, SearchRequest, Sort
from search.stay_price import PriceScript, exchange_factors
from search.today import Today
from search.words import languages_asked, matched

TEXT_SCORE: Final = "text"
VECTOR_SCORE: Final = "vector"
TICKED: Final = "ticked_"
"""Begins the name of the aggregation of a facet's ticked values."""
VECTOR_WEIGHT: Final = 10.0
"""Weight beside BM25 of the engine's vector score, (1 + cosine) / 2: a cosine that is 0.4 better counts as much as a
common word. By `python -m bench words` 5 to 20 are much as words alone, and 40 and more are worse on real texts."""
TYPOS_WEIGHT: Final = 0.5
"""Weight of words that are written with a slip, or taken for such, beside those that are found as written."""
_AS_WRITTEN: Final = {"title": 1.0, "description": 1.0, "labels": 2.0}
"""Weights of the texts by their words as they are written; synonyms of the query are looked for too."""
_MISTYPED: Final = {"title": 1.0, "description": 1.0}
_BY_STEMS: Final = {"title": 1.5, "text": 1.5}
"""Weights of the texts by the stems of their words, in the fields of their languages."""
_BESIDE_THE_BEST: Final = 0.6
"""Share that the other fields add to the one that fits best."""
_EDITS: Final = "AUTO:4,8"
"""Letters from which one may be wrong, and from which two."""
_VARIANTS: Final = 10
"""Words that a slip may stand for, at most."""

EXACT_UP_TO: Final = 20_000
"""Listings within what must be, up to which each is compared with what is meant; more are found by HNSW."""
NEAREST: Final = MAX_PAGE_DEPTH
"""Listings that HNSW brings; where no more pass its filter, each is compared."""

_STEPS: Final = 2**32
"""Into which the engine divides 180 degrees of latitude and 360 of longitude: half a centimetre, a centimetre."""


def count_body(
    request: SearchRequest, *, today: Today, timeout_ms: int, up_to: int, among: Collection[int] | None = None
) -> dict[str, Any]:
    """Build a request that counts what meets all that must be, and stops beyond `up_to`."""
    return {
        "size": 0,
        "timeout": f"{timeout_ms}ms",
        "track_total_hits": up_to + 1,
        "query": _all_of(_required(request, today, among)),
    }


def search_body(
    request: SearchRequest,
    *,
    today: Today,
    timeout_ms: int,
    wide: bool = False,
    among: Collection[int] | None = None,
) -> dict[str, Any]:
    """Build the request body.

    Parameters
    ----------
    today
        Dates of the markets that are looked at: nights before them are past.
    timeout_ms
        After which the engine answers with what it has.
    wide
        Whether so many listings meet what must be that those which are meant are found by HNSW, not one by one.
    among
        Listings to choose among; None: all.
    """
    price = PriceScript(
        request.stay,
        guests=request.guests,
        factors=exchange_factors(request.rates, request.currency),
        today=today,
    )
    ticked = _ticked(request, price)
    required = _required(request, today, among)
    chosen = [clause for group in ticked.values() for clause in group]
    meant = _nearest(request, [*required, *chosen]) if wide else _compared(request)
    return {
        "size": MAX_PAGE_DEPTH,
        "timeout": f"{timeout_ms}ms",
        "track_total_hits": True,
        "query": {"bool": {"filter": required, **_wished(request, meant)}},
        "post_filter": _all_of(chosen),
        "aggs": _aggregations(request, ticked, price),
        "sort": _order(request, price),
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["listing_id", "currency", "nightly_price_minor"],
        "script_fields": _computed(request, price),
    }


def _required(request: SearchRequest, today: Today, among: Collection[int] | None) -> list[Query]:
    return [
        *([] if among is None else [{"terms": {"listing_id": list(among)}}]),
        {"term": {"is_active": True}},
        *([{"term": {"market": request.market}}] if request.market else []),
        *([_within(request.area)] if request.area else []),
        {"range": {"accommodates": {"gte": request.guests}}},
        *(clauses(request.stay, today) if request.stay else []),
    ]


def _within(area: Area) -> Query:
    if isinstance(area, Circle):
        return {"geo_distance": {"distance": f"{area.radius_km}km", "location": _point(area.centre)}}
    if isinstance(area, Polygon):
        rings = [_ring(ring) for ring in parts(area.latitudes, area.longitudes)]
        return rings[0] if len(rings) == 1 else {"bool": {"should": rings, "minimum_should_match": 1}}
    return {"geo_bounding_box": {"location": _corners(area)}}


def _corners(area: Bounds) -> dict[str, dict[str, float]]:
    """A box in the engine's steps, in which listings on its edges lie, and which has an extent: it refuses others."""
    south, north = _from_step_to_step(area.south, area.north, degrees=180.0)
    west, east = _from_step_to_step(area.west, area.east, degrees=360.0)
    if area.west > area.east and west < east:  # round the Earth, but for less than a step
        west, east = -180.0, 180.0
    return {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}


def _from_step_to_step(low: float, high: float, *, degrees: float) -> tuple[float, float]:
    """Lower the low edge to where its step begins, and move the high one to the middle of its step.

    The engine rounds listings and the high edge down, but the low edge up: over the listings that lie on it.
    """
    step = degrees / _STEPS
    first, last = (min(floor(edge / step), _STEPS // 2 - 1) for edge in (low, high))
    return first * step, (last + 0.5) * step


def _ring(ring: list[tuple[float, float]]) -> Query:
    points = [{"lat": latitude, "lon": longitude} for latitude, longitude in ring]
    return {"geo_polygon": {"location": {"points": points}}}


def _point(point: Point) -> dict[str, float]:
    return {"lat": point.latitude, "lon": point.longitude}


def _wished(request: SearchRequest, meant: list[Query]) -> dict[str, list[Query]]:
    """Clauses that give scores and narrow nothing, each named so that its score is told."""
    return {} if request.text is None else {"should": [_text(request.text[:MAX_TEXT]), *meant]}


def _compared(request: SearchRequest) -> list[Query]:
    """Compare each listing that passed the filters with what is meant: exact."""
    if request.text_vector is None:
        return []
    params = {"field": "vector", "query_value": list(request.text_vector), "space_type": "cosinesimil"}
    return [
        {
            "script_score": {
                "query": {"exists": {"field": "vector"}},
                "script": {"lang": "knn", "source": "knn_score", "params": params},
                "boost": VECTOR_WEIGHT,
                "_name": VECTOR_SCORE,
            }
        }
    ]


def _nearest(request: SearchRequest, filters: list[Query]) -> list[Query]:
    """Walk the graph of vectors for the listings that are nearest to what is meant; others get no score of it."""
    if request.text_vector is None:
        return []
    near = {
        "vector": list(request.text_vector),
        "k": NEAREST,
        "filter": _all_of(filters),
        "boost": VECTOR_WEIGHT,
        "_name": VECTOR_SCORE,
    }
    return [{"knn": {"vector": near}}]


def _text(text: str) -> Query:
    """Words as written with their synonyms, by stems, and with a slip, if not in the first letter."""
    words = matched(text)
    stems = {
        f"words.{name}.{language}": weight for name, weight in _BY_STEMS.items() for language in languages_asked(words)
    }
    exact = {"query": words, "fields": _weighted({**_AS_WRITTEN, **stems}), "tie_breaker": _BESIDE_THE_BEST}
    slips = {
        "query": words,
        "fields": _weighted(_MISTYPED),
        "tie_breaker": _BESIDE_THE_BEST,
        "analyzer": "folded",  # a synonym is not mistyped
        "fuzziness": _EDITS,
        "prefix_length": 1,
        "max_expansions": _VARIANTS,
        "fuzzy_rewrite": f"top_terms_{_VARIANTS}",  # each word by how rare it is itself, not by the commonest of them
        "boost": TYPOS_WEIGHT,
    }
    return {"bool": {"should": [{"multi_match": exact}, {"multi_match": slips}], "_name": TEXT_SCORE}}


def _weighted(fields: dict[str, float]) -> list[str]:
    return [f"{field}^{weight:g}" for field, weight in fields.items()]


def _ticked(request: SearchRequest, price: PriceScript) -> dict[str, list[Query]]:
    """Clauses of the groups that the guest ticked, by group."""
    groups = {facet.name: _facet_clauses(facet, sorted(facet.selected(request.filters))) for facet in FACETS}
    low, high = request.filters.min_price_minor, request.filters.max_price_minor
    if low is not None or high is not None:
        groups[PRICE] = [{"script": {"script": price.between(low, high)}}]
    return {name: group for name, group in groups.items() if group}


def _facet_clauses(facet: Facet, values: list[str]) -> list[Query]:
    if facet.steps:
        return [{"range": {facet.field: {"gte": float(value)}}} for value in values]
    if facet.all_of:
        return [{"term": {facet.field: value}} for value in values]
    return [{"terms": {facet.field: values}}] if values else []


def _count(facet: Facet, filters: Filters) -> dict[str, Any]:
    """Aggregations that count a facet's values; those that are ticked apart where they may be cut off."""
    if facet.steps:
        steps = [{"key": text(step), "from": step} for step in facet.asked_steps(filters)]
        return {facet.name: {"range": {"field": facet.field, "ranges": steps}}}
    most: dict[str, Any] = {facet.name: {"terms": {"field": facet.field, "size": MAX_VALUES}}}
    ticked = sorted(facet.selected(filters))
    if not (facet.unbounded and ticked):
        return most
    return most | {f"{TICKED}{facet.name}": {"terms": {"field": facet.field, "include": ticked, "size": len(ticked)}}}


def _aggregations(request: SearchRequest, ticked: dict[str, list[Query]], price: PriceScript) -> dict[str, Any]:
    """One filter aggregation for each set of groups that has to be left out of a count."""
    counted = {facet.name: _count(facet, request.filters) for facet in FACETS}
    ranges = [{"from": low, "to": high} for low, high in pairwise(histogram.EDGES)]
    counted[PRICE] = {PRICE: {"range": {"script": price.converted(), "ranges": ranges}}}
    own = {name for name in ticked if name not in {facet.name for facet in FACETS if facet.all_of}}
    left_out = {name: name if name in own else None for name in counted}
    return {
        _bucket(without): {
            "filter": _all_of([clause for name, group in ticked.items() if name != without for clause in group]),
            "aggs": dict(chain.from_iterable(counted[name].items() for name in counted if left_out[name] == without)),
        }
        for without in dict.fromkeys(left_out.values())
    }


def _bucket(without: str | None) -> str:
    return "under_all" if without is None else f"without_{without}"


def _all_of(group: list[Query]) -> Query:
    return {"bool": {"filter": group}} if group else {"match_all": {}}


def _order(request: SearchRequest, price: PriceScript) -> list[dict[str, Any]]:
    """Return sort keys; the listing id decides last, so that the same search has one order."""
    popular = [{"popularity": {"order": "desc", "missing": "_last"}}]
    orders: dict[Sort, list[dict[str, Any]]] = {
        Sort.RELEVANCE: [{"_score": {"order": "desc"}}, *popular] if request.text is not None else popular,
        Sort.PRICE: [{"_script": {"type": "number", "order": "asc", "script": price.ascending()}}],
        Sort.PRICE_DESC: [{"_script": {"type": "number", "order": "desc", "script": price.converted()}}],
        Sort.RATING: [
            {"rating": {"order": "desc", "missing": "_last"}},
            {"review_count": {"order": "desc", "missing": "_last"}},
        ],
    }
    if request.sort is Sort.DISTANCE and request.origin is not None:
        orders[Sort.DISTANCE] = [{"_geo_distance": {"location": _point(request.origin), "order": "asc", "unit": "m"}}]
    return [*orders[request.sort], {"listing_id": {"order": "asc"}}]


def _computed(request: SearchRequest, price: PriceScript) -> dict[str, Any]:
    """Values that are worked out for the results that are returned."""
    fields = {} if request.stay is None else {"total_minor": {"script": price.amount()}}
    if request.origin is not None:
        fields["distance_m"] = {
            "script": {
                "lang": "painless",
                "source": "doc['location'].arcDistance(params.lat, params.lon)",
                "params": _point(request.origin),
            }
        }
    return fields
