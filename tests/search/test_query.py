"""The request body, as it is sent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from inline_snapshot import snapshot

from lodestay.stay import Stay
from search.errors import SearchUnavailable
from search.query import search_body
from search.request import Bounds, Circle, Filters, InvalidSearch, Point, SearchRequest, Sort
from tests.search.marketplace import TODAY, make_request

WEEKEND = Stay(date(2026, 7, 3), date(2026, 7, 5))


def body_of(request: SearchRequest) -> dict[str, Any]:
    """Body with each script's source named, and the price bins left out."""
    body: dict[str, Any] = _shortened(search_body(request, today=TODAY, timeout_ms=800))
    return body


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(v) for v in value]
    if not isinstance(value, dict):
        return value
    short = {k: _shortened(v) for k, v in value.items() if k != "ranges"}
    if short.get("lang") == "painless":
        short["source"] = short["source"].rstrip().splitlines()[-1]
    return short


def test_a_search_without_anything() -> None:
    """Everything that is active, the most popular first."""
    body = body_of(make_request())
    assert {
        name: body[name] for name in ("size", "timeout", "query", "post_filter", "sort", "script_fields")
    } == snapshot()
    assert body["aggs"] == snapshot()


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
    assert body["query"] == snapshot()
    assert body["post_filter"] == snapshot()
    assert {name: group["filter"] for name, group in body["aggs"].items()} == snapshot()
    assert {name: sorted(group["aggs"]) for name, group in body["aggs"].items()} == snapshot()
    assert body["sort"] == snapshot()


def test_words_and_their_meaning_order_and_do_not_narrow() -> None:
    """Text stands in `should`, each clause named for its score; distances count from the circle's centre."""
    request = make_request(
        area=Circle(Point(1.3, 103.8), 5.0), text="sea view", text_vector=(0.6, 0.8), sort=Sort.RELEVANCE
    )
    body = body_of(request)
    assert body["query"] == snapshot()
    assert body["sort"] == snapshot()
    assert body["script_fields"] == snapshot()


def test_long_texts_are_cut() -> None:
    """Ten thousand characters are not sent on."""
    body = body_of(make_request(text="x" * 10_000))
    assert len(body["query"]["bool"]["should"][0]["multi_match"]["query"]) == 200


@pytest.mark.parametrize(
    "stay", [Stay(date(2026, 6, 14), date(2026, 6, 16)), Stay(date(2027, 6, 14), date(2027, 6, 16))]
)
def test_past_and_far_stays_match_nothing(stay: Stay) -> None:
    """Yesterday, and nights beyond the horizon, are nobody's."""
    assert {"match_none": {}} in body_of(make_request(stay=stay))["query"]["bool"]["filter"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_request(sort=Sort.DISTANCE),
        lambda: make_request(page=26),
        lambda: make_request(page_size=51),
        lambda: make_request(guests=0),
        lambda: make_request(filters=Filters(min_price_minor=2, max_price_minor=1)),
        lambda: Bounds(60, 18, 59, 19),
        lambda: Point(91, 0),
        lambda: Point(0, float("nan")),
        lambda: Circle(Point(0, 0), 0.0),
        lambda: Circle(Point(0, 0), 201.0),
    ],
)
def test_what_cannot_be_asked_is_named(make: Any) -> None:
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
