"""Whole answers from columns against the plain search over rows, on random marketplaces."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from search import fallback
from search.answer import Retrieved
from search.columns.engine import retrieve
from search.columns.store import ColumnStore
from search.columns.table import mercator_north
from search.document import calendar_fields, nightly_price_minor, rate_fields
from search.fallback import Supply
from search.request import Filters, InvalidSearch, SearchRequest
from tests.search.comparing import assert_same
from tests.search.marketplace import (
    HERE,
    TODAY,
    documents_of,
    make_request,
    random_calendar,
    random_request,
    random_supply,
)

LISTINGS = 400


@pytest.fixture(scope="module")
def supply() -> Supply:
    """A random marketplace."""
    return random_supply(np.random.default_rng(20260615), listings=LISTINGS)


@pytest.fixture(scope="module")
def store(supply: Supply) -> ColumnStore:
    """The same as columns; read-only for tests."""
    return store_of(supply)


def store_of(supply: Supply) -> ColumnStore:
    """Make columns of a marketplace."""
    documents = documents_of(supply, np.random.default_rng(1))
    return ColumnStore(lambda: documents)


def test_whole_answers_agree(store: ColumnStore, supply: Supply) -> None:
    """Order, totals, distances, count, facets and histogram of 800 searches are the plain search's, exactly."""
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(800):
        request = random_request(rng)
        answer = retrieve(request, store, today=HERE)
        assert_same(answer, plainly(request, supply), request, within_km=1e-9)
        found += answer.total_count
    assert found > 3_000, "the searches must find something for the comparison to mean anything"


def test_answers_agree_after_changes() -> None:
    """Columns that were told of changes answer as columns made anew: calendars, prices, taken out of service."""
    rng = np.random.default_rng(11)
    supply = random_supply(rng, listings=150)
    store = store_of(supply)
    for _ in range(20):
        listing_ids = [int(n) for n in rng.choice([row["listing_id"] for row in supply.listings], 10, replace=False)]
        calendars = {listing_id: random_calendar(rng) for listing_id in listing_ids}
        hidden = set(listing_ids[:2])
        supply = Supply(
            listings=[row | {"is_active": False} if row["listing_id"] in hidden else row for row in supply.listings],
            calendars={**supply.calendars, **calendars},
            terms={n: replace(terms, tax_bps=700) if n in calendars else terms for n, terms in supply.terms.items()},
        )
        rows = {row["listing_id"]: row for row in supply.listings}
        changes = {
            n: {
                **calendar_fields(calendars[n], today=TODAY),
                "nightly_price_minor": nightly_price_minor(rows[n]["base_price_minor"], calendars[n], today=TODAY),
                **rate_fields(supply.terms[n]),
                **({"is_active": False} if n in hidden else {}),
            }
            for n in listing_ids
        }
        assert store.update(changes) == 10
        for _ in range(40):
            request = random_request(rng)
            assert_same(retrieve(request, store, today=HERE), plainly(request, supply), request, within_km=1e-9)


def test_taking_a_filter_back_adds_what_is_said(store: ColumnStore, supply: Supply) -> None:
    """The count of each filter in use is the difference that a search without it makes; no other filter is named."""
    rng = np.random.default_rng(13)
    named: Counter[str] = Counter()
    for _ in range(200):
        request = random_request(rng)
        answer = retrieve(request, store, today=HERE)
        total = answer.total_count
        expected = {
            name: more
            for name, filters in without_each(request.filters)
            if filters != request.filters
            if (more := plainly(replace(request, filters=filters), supply).total_count - total)
        }
        assert answer.regained is not None
        assert {(r.filter, r.value): r.more for r in answer.regained} == expected, request
        assert [r.more for r in answer.regained] == sorted((r.more for r in answer.regained), reverse=True)
        named.update(r.filter for r in answer.regained)
    assert len(named) >= 10, f"every kind of filter should have been tried: {named}"


def test_tiles_count_the_results(store: ColumnStore, supply: Supply) -> None:
    """Each tile of the map holds as many results as lie in it, and the lowest price among them."""
    rng = np.random.default_rng(17)
    for _ in range(200):
        request = replace(random_request(rng), tile_zoom=int(rng.integers(0, 7)))
        answer = retrieve(request, store, today=HERE)
        assert answer.tiles is not None
        assert sum(tile.count for tile in answer.tiles) == answer.total_count
        if answer.total_count > 500:
            continue
        places = {row["listing_id"]: (row["latitude"], row["longitude"]) for row in supply.listings}
        side = 1 << (request.tile_zoom or 0)
        expected = Counter(
            (int((longitude / 360 + 0.5) * side), int(mercator_north(latitude) * side))
            for latitude, longitude in (places[candidate.listing_id] for candidate in answer.candidates)
        )
        assert {(tile.x, tile.y): tile.count for tile in answer.tiles} == expected
        cheapest = [tile.cheapest_minor for tile in answer.tiles if tile.cheapest_minor is not None]
        filters = request.filters
        if cheapest and filters.min_price_minor is None and filters.max_price_minor is None:
            assert answer.histogram[0].from_minor <= min(cheapest) < answer.histogram[0].to_minor


def test_too_many_tiles_are_refused(store: ColumnStore) -> None:
    """A zoom that would cut the world into a million tiles is a clear problem, not a long wait."""
    with pytest.raises(InvalidSearch, match="map tiles"):
        retrieve(make_request(tile_zoom=10), store, today=HERE)


def test_a_market_that_is_not_held_has_no_tiles(store: ColumnStore) -> None:
    """A market that came after the columns were made is empty, at any zoom."""
    assert retrieve(make_request(market="atlantis", tile_zoom=12), store, today=HERE).tiles == ()


def test_a_price_beyond_every_bin_is_in_none(supply: Supply) -> None:
    """A night for a million millions does not break the histogram of its neighbours."""
    rows = {row["listing_id"]: row for row in documents_of(supply, np.random.default_rng(1))}
    dearest = next(iter(rows.values()))
    changed = [dearest | {"nightly_price_minor": 10**16}, *list(rows.values())[1:]]
    answer = retrieve(
        make_request(rates={"SEK": 1.0, "SGD": 1.0, "JPY": 1.0}), ColumnStore(lambda: changed), today=HERE
    )
    assert all(each.to_minor <= 10**15 for each in answer.histogram)


def test_no_listings_are_no_results() -> None:
    """Columns of nothing answer, and say nothing was found."""
    answer = retrieve(make_request(tile_zoom=3), ColumnStore(tuple), today=HERE)
    assert (answer.total_count, answer.candidates, answer.histogram, answer.tiles) == (0, (), (), ())


def plainly(request: SearchRequest, supply: Supply) -> Retrieved:
    """Answer from rows."""
    return fallback.retrieve(request, supply, today=HERE, reason="")


def without_each(filters: Filters) -> list[tuple[tuple[str, str | None], Filters]]:
    """Every filter in use, and the filters without it; of several amenities also each one."""
    names = {
        "room_type": {"room_types": frozenset()},
        "property_type": {"property_types": frozenset()},
        "category": {"categories": frozenset()},
        "amenities": {"amenities": frozenset()},
        "accessibility": {"accessibility": frozenset()},
        "allows": {"allows": frozenset()},
        "host_language": {"host_languages": frozenset()},
        "neighbourhood": {"neighbourhoods": frozenset()},
        "cancellation_policy": {"cancellation_policies": frozenset()},
        "price": {"min_price_minor": None, "max_price_minor": None},
        "min_bedrooms": {"min_bedrooms": None},
        "min_beds": {"min_beds": None},
        "min_bathrooms": {"min_bathrooms": None},
        "min_rating": {"min_rating": None},
        "instant_book": {"instant_book": None},
        "superhost": {"superhost": None},
    }
    whole: list[tuple[tuple[str, str | None], Filters]] = [
        ((name, None), replace(filters, **changes))  # type: ignore[arg-type]
        for name, changes in names.items()
    ]
    return [
        *whole,
        *(
            ((name, each), replace(filters, **{name: asked - {each}}))
            for name in ("amenities", "accessibility", "allows")
            if len(asked := getattr(filters, name)) > 1
            for each in asked
        ),
    ]
