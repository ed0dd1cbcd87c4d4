"""Flexible dates and price calendars from columns, against every stay asked for by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from lodestay.stay import Stay
from search import fallback
from search.answer import Candidate, Retrieved
from search.columns import best_stay
from search.columns.best_stay import price_days
from search.columns.engine import ColumnEngine, retrieve
from search.columns.many_stays import try_stays
from search.columns.store import ColumnStore
from search.fallback import Supply
from search.flexible import AroundDates, InMonths, Month, MonthsAhead, Trip, Wish, arrivals_in, stays_of
from search.request import Filters, InvalidSearch, SearchRequest, Sort
from search.stay_price import exchange_factors, exchanged
from tests.search.columns.test_answers import plainly, store_of, without_each
from tests.search.comparing import assert_same
from tests.search.marketplace import HERE, TODAY, make_request, random_request, random_stay, random_supply


@pytest.fixture(scope="module")
def supply() -> Supply:
    """A random marketplace."""
    return random_supply(np.random.default_rng(20260616), listings=150)


@pytest.fixture(scope="module")
def store(supply: Supply) -> ColumnStore:
    """The same as columns; read-only for tests."""
    return store_of(supply)


def random_flexible(rng: np.random.Generator) -> SearchRequest:
    """Draw a search with flexible dates."""
    while True:
        try:
            stays = stays_of(_random_wish(rng), today=HERE)
        except InvalidSearch:
            continue
        return replace(sparing(random_request(rng), rng), stay=None, flexible=stays)


def sparing(request: SearchRequest, rng: np.random.Generator) -> SearchRequest:
    """Take the filters off half of the searches, so that they find something."""
    return request if rng.random() < 0.5 else replace(request, filters=Filters(), guests=1)


def _random_wish(rng: np.random.Generator) -> Wish:
    trip = list(Trip)[rng.integers(len(Trip))]
    months = [Month.of(TODAY).after(int(n)) for n in rng.integers(0, 13, rng.integers(1, 3))]
    wishes: list[Wish] = [
        AroundDates(random_stay(rng), int(rng.integers(1, 8))),
        InMonths(trip, tuple(months)),
        MonthsAhead(trip, int(rng.integers(1, 4))),
    ]
    return wishes[rng.choice(3, p=[0.5, 0.3, 0.2])]


def test_whole_answers_agree(store: ColumnStore, supply: Supply) -> None:
    """Order, stays, totals, count, facets and histogram of 100 searches are those over rows, exactly."""
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(100):
        request = random_flexible(rng)
        answer, plain = retrieve(request, store, today=HERE), plainly(request, supply)
        assert_same(answer, plain, request, within_km=1e-9)
        assert [c.stay for c in answer.candidates] == [c.stay for c in plain.candidates], request
        found += answer.total_count
    assert found > 400, "the searches must find something for the comparison to mean anything"


def test_each_listing_stands_with_the_best_of_the_stays_asked_by_themselves(store: ColumnStore, supply: Supply) -> None:
    """Who takes a stay, which is the cheapest and what it costs follows from a search for each stay alone."""
    rng = np.random.default_rng(11)
    compared = 0
    for _ in range(12):
        request = random_flexible(rng)
        expected = asked_one_by_one(request, supply)
        answer = retrieve(request, store, today=HERE)
        assert {c.listing_id: (c.total_minor, c.stay) for c in answer.candidates} == expected
        assert answer.total_count == len(expected)
        compared += len(expected)
    assert compared > 20


def asked_one_by_one(request: SearchRequest, supply: Supply) -> dict[int, tuple[int | None, Stay | None]]:
    """Listing by listing the cheapest stay of those that a search for it finds, the earliest of several."""
    filters, low, high = request.filters, request.filters.min_price_minor, request.filters.max_price_minor
    unpriced = replace(request, flexible=(), filters=replace(filters, min_price_minor=None, max_price_minor=None))
    best: dict[int, Candidate] = {}
    for stay in request.flexible:
        for candidate in plainly(replace(unpriced, stay=stay), supply).candidates:
            held = best.get(candidate.listing_id)
            if held is None or (candidate.total_minor or 0) < (held.total_minor or 0):
                best[candidate.listing_id] = candidate._replace(stay=stay)
    factors = exchange_factors(request.rates, request.currency)
    return {
        listing_id: (candidate.total_minor, candidate.stay)
        for listing_id, candidate in best.items()
        if (low is None and high is None)
        or (
            candidate.currency in factors
            and (low or 0)
            <= exchanged(candidate.total_minor or 0, factors[candidate.currency])
            <= (2**62 if high is None else high)
        )
    }


def test_tiles_and_filters_are_counted_by_the_best_stay(store: ColumnStore, supply: Supply) -> None:
    """The map holds each result once, the cheapest tile the lowest total; taking a filter back adds what is said."""
    rng = np.random.default_rng(13)
    named: dict[str, int] = defaultdict(int)
    for _ in range(25):
        request = replace(random_flexible(rng), tile_zoom=int(rng.integers(0, 5)), sort=Sort.PRICE)
        answer = retrieve(request, store, today=HERE)
        assert answer.tiles is not None
        assert answer.regained is not None
        assert sum(tile.count for tile in answer.tiles) == answer.total_count
        assert min(_known(tile.cheapest_minor for tile in answer.tiles), default=None) == _cheapest(answer, request)
        expected = {
            name: more
            for name, filters in without_each(request.filters)
            if (more := plainly(replace(request, filters=filters), supply).total_count - answer.total_count)
        }
        assert {(r.filter, r.value): r.more for r in answer.regained} == expected
        for regained in answer.regained:
            named[regained.filter] += 1
    assert len(named) >= 5


def _known(prices: Iterable[int | None]) -> list[int]:
    return [price for price in prices if price is not None]


def _cheapest(answer: Retrieved, request: SearchRequest) -> int | None:
    factors = exchange_factors(request.rates, request.currency)
    prices = (exchanged(c.total_minor or 0, factors[c.currency]) for c in answer.candidates if c.currency in factors)
    return min(prices, default=None)


def test_stays_that_cannot_be_asked_for_are_nobodys(store: ColumnStore, supply: Supply) -> None:
    """Stays before today and beyond the horizon find nothing, alone or beside one that does."""
    past, far = (Stay(day, day + timedelta(days=2)) for day in (TODAY - timedelta(days=1), TODAY + timedelta(days=364)))
    near = Stay(TODAY + timedelta(days=20), TODAY + timedelta(days=22))
    assert retrieve(make_request(flexible=(past, far)), store, today=HERE).total_count == 0
    mixed = make_request(flexible=(past, near, far))
    assert_same(retrieve(mixed, store, today=HERE), plainly(mixed, supply), mixed, within_km=1e-9)
    assert retrieve(mixed, store, today=HERE).total_count > 0


def test_one_stay_is_the_search_for_it(store: ColumnStore) -> None:
    """Flexible dates that come to one stay give the answer of fixed ones."""
    rng = np.random.default_rng(17)
    found = 0
    for _ in range(60):
        request = replace(sparing(random_request(rng), rng), stay=random_stay(rng))
        assert request.stay is not None
        fixed = retrieve(request, store, today=HERE)
        flexible = retrieve(replace(request, stay=None, flexible=(request.stay,)), store, today=HERE)
        assert replace(flexible, candidates=tuple(c._replace(stay=None) for c in flexible.candidates)) == fixed
        found += fixed.total_count
    assert found > 30


@pytest.mark.parametrize("nights", [1, 3, 7, 28])
def test_every_day_of_a_price_calendar_is_the_search_for_its_stay(
    nights: int, store: ColumnStore, supply: Supply
) -> None:
    """Count and lowest total of each day of two months are those of a search for that stay; so they are from rows."""
    rng = np.random.default_rng(nights)
    stays = arrivals_in([Month.of(TODAY), Month.of(TODAY).after(1)], nights)
    found = 0
    for _ in range(4):
        request = replace(sparing(random_request(rng), rng), stay=None, sort=Sort.PRICE)
        days = price_days(request, stays, store, today=HERE)
        assert [day.stay for day in days] == list(stays)
        for day in days:
            single = retrieve(replace(request, stay=day.stay), store, today=HERE)
            assert (day.count, day.cheapest_minor) == (single.total_count, _cheapest(single, request)), day
            found += day.count
        assert fallback.price_days(request, stays, supply, today=HERE) == days
    assert found > (20 if nights < 28 else 0)  # few are free for so long


def test_too_many_stays_in_too_many_listings_are_refused(store: ColumnStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would keep other searches waiting is a clear problem, and just below the bound it is an answer."""
    stays = stays_of(MonthsAhead(Trip.WEEK, 3), today=HERE)
    request = make_request(flexible=stays)
    listings = retrieve(make_request(), store, today=HERE).total_count
    monkeypatch.setattr(best_stay, "MOST_TRIES", len(stays) * listings)
    assert retrieve(request, store, today=HERE).total_count > 0
    monkeypatch.setattr(best_stay, "MOST_TRIES", len(stays) * listings - 1)
    with pytest.raises(InvalidSearch, match="too many to try"):
        retrieve(request, store, today=HERE)
    with pytest.raises(InvalidSearch, match="too many to try"):
        price_days(make_request(), stays, store, today=HERE)


def test_no_listings_have_no_best_stay() -> None:
    """Columns of nothing answer flexible dates and calendars."""
    nothing = ColumnStore(tuple)
    stay = Stay(date(2026, 7, 1), date(2026, 7, 3))
    assert retrieve(make_request(flexible=(stay,), tile_zoom=3), nothing, today=HERE).candidates == ()
    (day,) = price_days(make_request(), [stay], nothing, today=HERE)
    assert (day.count, day.cheapest_minor) == (0, None)


async def test_everything_is_compiled_before_the_first_guest(store: ColumnStore) -> None:
    """After `prepare` flexible dates and calendars compile nothing more."""
    engine = ColumnEngine(store)
    await engine.prepare()
    before = list(try_stays.signatures)  # type: ignore[attr-defined]  # Numba's
    stay = Stay(TODAY + timedelta(days=20), TODAY + timedelta(days=22))
    answer = await engine.retrieve(make_request(flexible=(stay,)), today=HERE)
    (day,) = await engine.price_days(make_request(), [stay], today=HERE)
    assert answer.total_count == day.count > 0
    assert try_stays.signatures == before  # type: ignore[attr-defined]
    engine.close()


def test_filters_of_a_listing_are_asked_with_its_dates(store: ColumnStore) -> None:
    """A price range that only a dearer stay of a listing would meet leaves it out: its best stay decides."""
    stays = stays_of(InMonths(Trip.WEEKEND, (Month.of(TODAY).after(1),)), today=HERE)
    request = make_request(flexible=stays, sort=Sort.PRICE)
    cheapest = _cheapest(retrieve(request, store, today=HERE), request)
    assert cheapest is not None
    above = replace(request, filters=Filters(min_price_minor=cheapest + 1))
    first = retrieve(request, store, today=HERE).candidates[0].listing_id
    assert first not in {c.listing_id for c in retrieve(above, store, today=HERE).candidates}
