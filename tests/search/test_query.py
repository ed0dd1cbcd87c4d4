"""The request body, as it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from inline_snapshot import snapshot

from lodestay.stay import Stay
from search.errors import SearchUnavailable
from search.query import search_body
from search.request import Bounds, Circle, Filters, InvalidSearch, Point, SearchRequest, Sort
from tests.search.marketplace import HERE, make_request

WEEKEND = Stay(date(2026, 7, 3), date(2026, 7, 5))


def body_of(request: SearchRequest) -> dict[str, Any]:
    """Body with each script's source named, and the price bins left out."""
    body: dict[str, Any] = _shortened(search_body(request, today=HERE, timeout_ms=800))
    return body


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(v) for v in value]
    if not isinstance(value, dict):
        return value
    short = {k: _shortened(v) for k, v in value.items() if k != "ranges"}
    if short.get("lang") == "painless":
        short["source"] = short["source"].rpartition("return ")[2]
    return short


def test_a_search_without_anything() -> None:
    """Everything that is active, the most popular first."""
    body = body_of(make_request())
    assert {
        name: body[name] for name in ("size", "timeout", "query", "post_filter", "sort", "script_fields")
    } == snapshot(
        {
            "size": 500,
            "timeout": "800ms",
            "query": {"bool": {"filter": [{"term": {"is_active": True}}, {"range": {"accommodates": {"gte": 1}}}]}},
            "post_filter": {"match_all": {}},
            "sort": [{"popularity": {"order": "desc", "missing": "_last"}}, {"listing_id": {"order": "asc"}}],
            "script_fields": {},
        }
    )
    assert body["aggs"] == snapshot(
        {
            "under_all": {
                "filter": {"match_all": {}},
                "aggs": {
                    "room_type": {"terms": {"field": "room_type", "size": 300}},
                    "property_type": {"terms": {"field": "property_type", "size": 300}},
                    "category": {"terms": {"field": "categories", "size": 300}},
                    "amenities": {"terms": {"field": "amenities", "size": 300}},
                    "accessibility": {"terms": {"field": "accessibility", "size": 300}},
                    "allows": {"terms": {"field": "allows", "size": 300}},
                    "host_language": {"terms": {"field": "host_languages", "size": 300}},
                    "neighbourhood": {"terms": {"field": "neighbourhood", "size": 300}},
                    "cancellation_policy": {"terms": {"field": "cancellation_policy", "size": 300}},
                    "min_bedrooms": {"range": {"field": "bedrooms"}},
                    "min_beds": {"range": {"field": "beds"}},
                    "min_bathrooms": {"range": {"field": "bathrooms"}},
                    "min_rating": {"range": {"field": "rating"}},
                    "instant_book": {"terms": {"field": "instant_book", "size": 300}},
                    "superhost": {"terms": {"field": "superhost", "size": 300}},
                    "price": {
                        "range": {
                            "script": {
                                "lang": "painless",
                                "source": "exchanged(doc, params);",
                                "params": {
                                    "plus": ["nightly_price_minor"],
                                    "minus": [],
                                    "discount": None,
                                    "nights": 0,
                                    "guests": 1,
                                    "leads": {},
                                    "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                                    "lead": None,
                                },
                            }
                        }
                    },
                },
            }
        }
    )


def test_a_city_map_with_dates_and_filters() -> None:
    """Bounds and nights narrow the query; what is ticked stands in the post filter and leaves its own group's count."""
    request = make_request(
        area=Bounds(59.2, 17.9, 59.4, 18.2),
        stay=WEEKEND,
        guests=3,
        filters=Filters(
            room_types=frozenset({"entire_home", "private_room"}),
            amenities=frozenset({"wifi", "sauna"}),
            max_price_minor=50_000,
            min_rating=4.5,
        ),
        sort=Sort.PRICE,
    )
    body = body_of(request)
    assert body["query"] == snapshot(
        {
            "bool": {
                "filter": [
                    {"term": {"is_active": True}},
                    {
                        "geo_bounding_box": {
                            "location": {
                                "top_left": {"lat": 59.39999999245629, "lon": 17.899999972432852},
                                "bottom_right": {"lat": 59.19999996665865, "lon": 18.199999979697168},
                            }
                        }
                    },
                    {"range": {"accommodates": {"gte": 3}}},
                    {"term": {"stay_tokens": "n114"}},
                    {"term": {"stay_tokens": "n115"}},
                    {"range": {"calendar_from": {"lte": 739800}}},
                    {"range": {"calendar_until": {"gte": 739802}}},
                    {"range": {"advance_notice_days": {"lte": 18}}},
                    {"range": {"booking_window_days": {"gte": 20}}},
                    {
                        "bool": {
                            "should": [
                                {
                                    "bool": {
                                        "filter": [
                                            {"range": {"usual_min_stay": {"lte": 2}}},
                                            {"range": {"usual_max_stay": {"gte": 2}}},
                                        ],
                                        "must_not": [{"term": {"stay_tokens": "x114"}}],
                                    }
                                },
                                {
                                    "terms": {
                                        "stay_tokens": [
                                            "x114.0.2",
                                            "x114.1.1",
                                            "x114.2.0",
                                            "x114.3.0",
                                            "x114.4.0",
                                            "x114.5.0",
                                            "x114.6.0",
                                            "x114.7.0",
                                            "x114.8.0",
                                            "x114.9.0",
                                        ]
                                    }
                                },
                            ],
                            "minimum_should_match": 1,
                        }
                    },
                    {"bool": {"must_not": [{"term": {"stay_tokens": "d116"}}]}},
                ]
            }
        }
    )
    assert body["post_filter"] == snapshot(
        {
            "bool": {
                "filter": [
                    {"terms": {"room_type": ["entire_home", "private_room"]}},
                    {"term": {"amenities": "sauna"}},
                    {"term": {"amenities": "wifi"}},
                    {"range": {"rating": {"gte": 4.5}}},
                    {
                        "script": {
                            "script": {
                                "lang": "painless",
                                "source": "e >= params.low && e <= params.high;",
                                "params": {
                                    "plus": ["price_sum.116"],
                                    "minus": ["price_sum.114"],
                                    "discount": None,
                                    "nights": 2,
                                    "guests": 3,
                                    "leads": {},
                                    "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                                    "lead": 18,
                                    "low": 0.0,
                                    "high": 50000.0,
                                },
                            }
                        }
                    },
                ]
            }
        }
    )
    assert {name: group["filter"] for name, group in body["aggs"].items()} == snapshot(
        {
            "without_room_type": {
                "bool": {
                    "filter": [
                        {"term": {"amenities": "sauna"}},
                        {"term": {"amenities": "wifi"}},
                        {"range": {"rating": {"gte": 4.5}}},
                        {
                            "script": {
                                "script": {
                                    "lang": "painless",
                                    "source": "e >= params.low && e <= params.high;",
                                    "params": {
                                        "plus": ["price_sum.116"],
                                        "minus": ["price_sum.114"],
                                        "discount": None,
                                        "nights": 2,
                                        "guests": 3,
                                        "leads": {},
                                        "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                                        "lead": 18,
                                        "low": 0.0,
                                        "high": 50000.0,
                                    },
                                }
                            }
                        },
                    ]
                }
            },
            "under_all": {
                "bool": {
                    "filter": [
                        {"terms": {"room_type": ["entire_home", "private_room"]}},
                        {"term": {"amenities": "sauna"}},
                        {"term": {"amenities": "wifi"}},
                        {"range": {"rating": {"gte": 4.5}}},
                        {
                            "script": {
                                "script": {
                                    "lang": "painless",
                                    "source": "e >= params.low && e <= params.high;",
                                    "params": {
                                        "plus": ["price_sum.116"],
                                        "minus": ["price_sum.114"],
                                        "discount": None,
                                        "nights": 2,
                                        "guests": 3,
                                        "leads": {},
                                        "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                                        "lead": 18,
                                        "low": 0.0,
                                        "high": 50000.0,
                                    },
                                }
                            }
                        },
                    ]
                }
            },
            "without_min_rating": {
                "bool": {
                    "filter": [
                        {"terms": {"room_type": ["entire_home", "private_room"]}},
                        {"term": {"amenities": "sauna"}},
                        {"term": {"amenities": "wifi"}},
                        {
                            "script": {
                                "script": {
                                    "lang": "painless",
                                    "source": "e >= params.low && e <= params.high;",
                                    "params": {
                                        "plus": ["price_sum.116"],
                                        "minus": ["price_sum.114"],
                                        "discount": None,
                                        "nights": 2,
                                        "guests": 3,
                                        "leads": {},
                                        "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                                        "lead": 18,
                                        "low": 0.0,
                                        "high": 50000.0,
                                    },
                                }
                            }
                        },
                    ]
                }
            },
            "without_price": {
                "bool": {
                    "filter": [
                        {"terms": {"room_type": ["entire_home", "private_room"]}},
                        {"term": {"amenities": "sauna"}},
                        {"term": {"amenities": "wifi"}},
                        {"range": {"rating": {"gte": 4.5}}},
                    ]
                }
            },
        }
    )
    assert {name: sorted(group["aggs"]) for name, group in body["aggs"].items()} == snapshot(
        {
            "without_room_type": ["room_type"],
            "under_all": [
                "accessibility",
                "allows",
                "amenities",
                "cancellation_policy",
                "category",
                "host_language",
                "instant_book",
                "min_bathrooms",
                "min_bedrooms",
                "min_beds",
                "neighbourhood",
                "property_type",
                "superhost",
            ],
            "without_min_rating": ["min_rating"],
            "without_price": ["price"],
        }
    )
    assert body["sort"] == snapshot(
        [
            {
                "_script": {
                    "type": "number",
                    "order": "asc",
                    "script": {
                        "lang": "painless",
                        "source": "e < 0.0 ? Double.MAX_VALUE : e;",
                        "params": {
                            "plus": ["price_sum.116"],
                            "minus": ["price_sum.114"],
                            "discount": None,
                            "nights": 2,
                            "guests": 3,
                            "leads": {},
                            "factors": {"SEK": 0.0871, "SGD": 0.6912, "JPY": 0.613, "EUR": 1.0},
                            "lead": 18,
                        },
                    },
                }
            },
            {"listing_id": {"order": "asc"}},
        ]
    )


def test_words_and_their_meaning_order_and_do_not_narrow() -> None:
    """Text stands in `should`, each clause named for its score; distances count from the circle's centre."""
    request = make_request(
        area=Circle(Point(1.3, 103.8), 5.0), text="sea view", text_vector=(0.6, 0.8), sort=Sort.RELEVANCE
    )
    body = body_of(request)
    assert body["query"] == snapshot(
        {
            "bool": {
                "filter": [
                    {"term": {"is_active": True}},
                    {"geo_distance": {"distance": "5.0km", "location": {"lat": 1.3, "lon": 103.8}}},
                    {"range": {"accommodates": {"gte": 1}}},
                ],
                "should": [
                    {
                        "bool": {
                            "should": [
                                {
                                    "multi_match": {
                                        "query": "sea view",
                                        "fields": [
                                            "title^1",
                                            "description^1",
                                            "labels^2",
                                            "words.title.da^1.5",
                                            "words.title.de^1.5",
                                            "words.title.en^1.5",
                                            "words.title.es^1.5",
                                            "words.title.fi^1.5",
                                            "words.title.fr^1.5",
                                            "words.title.it^1.5",
                                            "words.title.nl^1.5",
                                            "words.title.no^1.5",
                                            "words.title.pt^1.5",
                                            "words.title.sv^1.5",
                                            "words.title.tr^1.5",
                                            "words.text.da^1.5",
                                            "words.text.de^1.5",
                                            "words.text.en^1.5",
                                            "words.text.es^1.5",
                                            "words.text.fi^1.5",
                                            "words.text.fr^1.5",
                                            "words.text.it^1.5",
                                            "words.text.nl^1.5",
                                            "words.text.no^1.5",
                                            "words.text.pt^1.5",
                                            "words.text.sv^1.5",
                                            "words.text.tr^1.5",
                                        ],
                                        "tie_breaker": 0.6,
                                    }
                                },
                                {
                                    "multi_match": {
                                        "query": "sea view",
                                        "fields": ["title^1", "description^1"],
                                        "tie_breaker": 0.6,
                                        "analyzer": "folded",
                                        "fuzziness": "AUTO:4,8",
                                        "prefix_length": 1,
                                        "max_expansions": 10,
                                        "fuzzy_rewrite": "top_terms_10",
                                        "boost": 0.5,
                                    }
                                },
                            ],
                            "_name": "text",
                        }
                    },
                    {
                        "script_score": {
                            "query": {"exists": {"field": "vector"}},
                            "script": {
                                "lang": "knn",
                                "source": "knn_score",
                                "params": {"field": "vector", "query_value": [0.6, 0.8], "space_type": "cosinesimil"},
                            },
                            "boost": 10.0,
                            "_name": "vector",
                        }
                    },
                ],
            }
        }
    )
    assert body["sort"] == snapshot(
        [
            {"_score": {"order": "desc"}},
            {"popularity": {"order": "desc", "missing": "_last"}},
            {"listing_id": {"order": "asc"}},
        ]
    )
    assert body["script_fields"] == snapshot(
        {
            "distance_m": {
                "script": {
                    "lang": "painless",
                    "source": "doc['location'].arcDistance(params.lat, params.lon)",
                    "params": {"lat": 1.3, "lon": 103.8},
                }
            }
        }
    )


def test_long_texts_are_cut() -> None:
    """Ten thousand characters are not sent on."""
    body = body_of(make_request(text="x" * 10_000))
    (as_written, mistyped) = body["query"]["bool"]["should"][0]["bool"]["should"]
    assert len(as_written["multi_match"]["query"]) == len(mistyped["multi_match"]["query"]) == 200


@pytest.mark.parametrize(
    "stay", [Stay(date(2026, 6, 14), date(2026, 6, 16)), Stay(date(2027, 6, 14), date(2027, 6, 16))]
)
def test_past_and_far_stays_match_nothing(stay: Stay) -> None:
    """Yesterday, and nights beyond the horizon, are nobody's."""
    assert {"match_none": {}} in body_of(make_request(stay=stay))["query"]["bool"]["filter"]


IMPOSSIBLE: dict[str, Callable[[], object]] = {
    "distance from nowhere": lambda: make_request(sort=Sort.DISTANCE),
    "page 26": lambda: make_request(page=26),
    "51 results a page": lambda: make_request(page_size=51),
    "nobody": lambda: make_request(guests=0),
    "prices swapped": lambda: make_request(filters=Filters(min_price_minor=2, max_price_minor=1)),
    "edges swapped": lambda: Bounds(60, 18, 59, 19),
    "beyond the pole": lambda: Point(91, 0),
    "not a number": lambda: Point(0, float("nan")),
    "no radius": lambda: Circle(Point(0, 0), 0.0),
    "a continent": lambda: Circle(Point(0, 0), 201.0),
}


@pytest.mark.parametrize("make", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_be_asked_is_named(make: Callable[[], object]) -> None:
    """Searches that cannot be answered as asked are refused with a hint."""
    with pytest.raises(InvalidSearch) as refused:
        make()
    assert refused.value.hint


def test_the_middle_of_a_box_across_the_date_line() -> None:
    """The centre of a box from 179 east to 179 west is the date line, not Africa."""
    assert abs(Bounds(-18, 179, -16, -179).centre.longitude) == 180


def test_unavailability_is_a_family_that_serving_catches() -> None:
    """The engine's failures map to 503."""
    assert SearchUnavailable.status == 503
