"""The plain search where it differs from the engine, or where the comparison with it would not notice."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import histogram
from search.answer import FacetValue
from search.fallback import Supply, retrieve
from search.geography import contains, distance_km
from search.request import Bounds, Circle, Filters, Point, Sort
from tests.search.marketplace import HERE, make_request, random_listing, random_terms

REASON = "search index unavailable: it is being moved"


def supply_of(*changes: dict[str, Any]) -> Supply:
    """Make one listing for each set of changes, alike but for them, without calendars."""
    plain = random_listing(np.random.default_rng(1), listing_id=0, market="stockholm") | {
        "is_active": True,
        "accommodates": 4,
        "review_count": 0,
        "rating": None,
        "title": "Flat",
        "description": "",
        "amenities": [],
    }
    rows = [plain | {"listing_id": n} | change for n, change in enumerate(changes)]
    terms = {row["listing_id"]: random_terms(np.random.default_rng(1), currency="SEK") for row in rows}
    return Supply(listings=rows, calendars={}, terms=terms)


def test_words_order_and_the_reason_is_told() -> None:
    """More words in common stand first; the answer is marked as poorer."""
    supply = supply_of({}, {"title": "Sunny flat"}, {"title": "Sunny loft", "amenities": ["sauna"]})
    answer = retrieve(make_request(text="SUNNY loft sauna"), supply, today=HERE, reason=REASON)
    assert [c.listing_id for c in answer.candidates] == [2, 1, 0]
    assert [c.text_score for c in answer.candidates] == pytest.approx([1, 1 / 3, 0])
    assert answer.degraded == (REASON,)


def test_facets_of_one_and_of_all() -> None:
    """Room types are counted as if none were ticked; amenities as what is left if one more is ticked."""
    supply = supply_of(
        {"room_type": "entire_home", "amenities": ["wifi", "sauna"]},
        {"room_type": "entire_home", "amenities": ["wifi"]},
        {"room_type": "private_room", "amenities": ["wifi", "sauna"]},
        {"room_type": "private_room", "amenities": []},
    )
    filters = Filters(room_types=frozenset({"entire_home"}), amenities=frozenset({"sauna"}))
    answer = retrieve(make_request(filters=filters), supply, today=HERE, reason=REASON)
    assert answer.total_count == 1
    assert answer.facets["room_type"] == (FacetValue("entire_home", 1, True), FacetValue("private_room", 1, False))
    assert answer.facets["amenities"] == (FacetValue("sauna", 1, True), FacetValue("wifi", 1, False))
    missing = replace(filters, property_types=frozenset({"castle"}))
    answer = retrieve(make_request(filters=missing), supply, today=HERE, reason=REASON)
    assert FacetValue("castle", 0, selected=True) in answer.facets["property_type"]


def test_a_currency_without_a_rate_has_no_price() -> None:
    """Such listings are found, stand last by price either way, and are in no price range."""
    supply = supply_of({"base_price_minor": 10_000}, {"base_price_minor": 1_000}, {"base_price_minor": 500})
    supply = replace(supply, terms=supply.terms | {2: replace(supply.terms[2], currency="XCD")})
    for sort, order in ((Sort.PRICE, [1, 0, 2]), (Sort.PRICE_DESC, [0, 1, 2])):
        answer = retrieve(make_request(sort=sort), supply, today=HERE, reason=REASON)
        assert [c.listing_id for c in answer.candidates] == order
        assert sum(b.count for b in answer.histogram) == 2
    ranged = make_request(filters=Filters(min_price_minor=0))
    assert retrieve(ranged, supply, today=HERE, reason=REASON).total_count == 2


@given(
    longitude=st.floats(-180, 180), latitude=st.floats(-90, 90), width=st.floats(0.01, 300), shift=st.floats(-170, 170)
)
def test_boxes_turn_with_the_earth(longitude: float, latitude: float, width: float, shift: float) -> None:
    """Whether a point lies in a box does not depend on where the date line runs."""

    def turned(degrees: float) -> float:
        return (degrees + 180) % 360 - 180

    offset = (longitude - shift) % 360
    if min(abs(offset), abs(offset - width), abs(offset - 360)) < 1e-6:
        return
    box = Bounds(-90, turned(shift), 90, turned(shift + width))
    assert contains(box, Point(latitude, longitude)) == (offset < width)


def test_distances() -> None:
    """Stockholm to Singapore is 9,638 km; pole to pole half the circumference; the date line is no wall."""
    assert distance_km(Point(59.33, 18.07), Point(1.29, 103.85)) == pytest.approx(9_638, rel=0.005)
    assert distance_km(Point(90, 0), Point(-90, 77)) == pytest.approx(20_015, abs=1)
    assert contains(Circle(Point(-17, 179.99), 5), Point(-17, -179.99))


@given(st.lists(st.integers(0, 10**12), max_size=50))
def test_every_price_has_its_bin(prices: list[int]) -> None:
    """Bins lie side by side, hold every price once, and begin and end with one that holds something."""
    bins = histogram.bins(histogram.count(prices))
    assert sum(b.count for b in bins) == len(prices)
    assert all(left.to_minor == right.from_minor for left, right in pairwise(bins))
    if prices:
        assert bins[0].from_minor <= min(prices) < bins[0].to_minor
        assert bins[-1].from_minor <= max(prices) < bins[-1].to_minor
    for b in bins:
        assert b.count == sum(b.from_minor <= price < b.to_minor for price in prices)
