"""Each listing by its own date: columns, rows and clauses against the one rule that books, across the date line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opensearchpy import AsyncOpenSearch

from lodestay.calendar import HORIZON_NIGHTS, RefusedStay
from lodestay.stay import Stay
from search import fallback
from search.answer import Retrieved
from search.availability import clauses
from search.columns.best_stay import price_days
from search.columns.engine import retrieve
from search.columns.kept import key_of
from search.columns.store import ColumnStore
from search.engine import OpenSearchEngine
from search.fallback import Supply
from search.flexible import AroundDates, stays_of
from search.request import Sort
from search.today import Today
from tests.search.comparing import assert_same
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import MARKETS, TODAY, documents_of, make_request, random_request, random_supply
from tests.search.test_availability import matches
from transactional.quotes.rules import price_or_refuse

FIRST, LAST = "Pacific/Kiritimati", "Pacific/Pago_Pago"
"""Where a day begins first, and last."""
LEADS = ("last_minute_days", "early_bird_days")
ZONES = (FIRST, LAST, "UTC", "Asia/Tokyo", "America/Los_Angeles", "Europe/Stockholm")
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)

instants = st.integers(0, 48 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
seeds = st.integers(0, 2**32 - 1)
zones = st.lists(st.sampled_from(ZONES), min_size=len(MARKETS), max_size=len(MARKETS))


@dataclass(frozen=True)
class World:
    """A marketplace whose markets lie in time zones of their own, its documents written on their dates."""

    supply: Supply
    today: Today
    documents: list[dict[str, Any]]

    @classmethod
    def drawn(cls, rng: np.random.Generator, instant: datetime, timezones: list[str], *, listings: int = 30) -> World:
        """Draw listings that mind the day: some notice, some window, discounts for booking early or late."""
        drawn = random_supply(rng, listings=listings)
        today = Today.at(instant, str(rng.choice(ZONES)), dict(zip(MARKETS, timezones, strict=True)))
        supply = Supply(
            listings=drawn.listings,
            calendars={
                number: replace(
                    calendar,
                    free=np.ones_like(calendar.free),
                    min_stay=np.ones_like(calendar.min_stay),
                    advance_notice_days=int(rng.integers(0, 5)),
                    booking_window_days=int(rng.choice([5, 10, HORIZON_NIGHTS])),
                )
                for number, calendar in drawn.calendars.items()
            },
            terms={
                number: replace(
                    terms, last_minute_days=int(rng.integers(0, 6)), early_bird_days=int(rng.integers(0, 6))
                )
                for number, terms in drawn.terms.items()
            },
        )
        documents = [
            document
            for market in MARKETS
            for document in documents_of(
                replace(supply, listings=[row for row in supply.listings if row["market"] == market]),
                rng,
                today=today.of(market),
            )
        ]
        return cls(supply, today, documents)

    @property
    def columns(self) -> ColumnStore:
        """Its listings as columns."""
        return ColumnStore(lambda: self.documents)

    def bookable(self, stay: Stay, *, guests: int) -> dict[int, int]:
        """Totals of the listings that can be booked, by the rule that books, each on its own date."""
        priced = {
            row["listing_id"]: price_or_refuse(
                self.supply.calendars[row["listing_id"]],
                self.supply.terms[row["listing_id"]],
                stay,
                guests=guests,
                today=self.today.of(row["market"]),
            )
            for row in self.supply.listings
            if row["is_active"] and row["accommodates"] >= guests and row["listing_id"] in self.supply.calendars
        }
        return {number: price.total_minor for number, price in priced.items() if not isinstance(price, RefusedStay)}

    def draw_stay(self, rng: np.random.Generator) -> Stay:
        """Draw a stay that is near to a date of some listing, or to its horizon."""
        nights = int(rng.integers(1, 6))
        edge = int(rng.choice([0, 0, HORIZON_NIGHTS - nights]))
        check_in = self.today.here + timedelta(days=edge + int(rng.integers(-2, 8)))
        return Stay(check_in, check_in + timedelta(days=nights))


@given(seed=seeds, instant=instants, timezones=zones)
@settings(max_examples=30, deadline=None)
def test_a_search_of_the_world_finds_what_can_be_booked(seed: int, instant: datetime, timezones: list[str]) -> None:
    """Columns, rows and clauses find what the rule takes on the listing's own date, at its total, and nothing else."""
    rng = np.random.default_rng(seed)
    world = World.drawn(rng, instant, timezones)
    store = world.columns
    for _ in range(12):
        stay, guests = world.draw_stay(rng), int(rng.integers(1, 4))
        request = make_request(stay=stay, guests=guests)
        answer, expected = retrieve(request, store, today=world.today), world.bookable(stay, guests=guests)
        assert totals_of(answer) == expected, stay
        plain = fallback.retrieve(request, world.supply, today=world.today, reason="")
        assert_same(answer, plain, request, within_km=1e-9)
        fitting = {
            document["listing_id"]
            for document in world.documents
            if document["is_active"] and document["accommodates"] >= guests
            if all(matches(document, query) for query in clauses(stay, world.today))
        }
        assert fitting == expected.keys(), stay


@given(seed=seeds, instant=instants, timezones=zones)
@settings(max_examples=15, deadline=None)
def test_flexible_dates_and_price_calendars_do_too(seed: int, instant: datetime, timezones: list[str]) -> None:
    """Each listing by the cheapest stay that it takes on its own date; each day by all that can be booked then."""
    rng = np.random.default_rng(seed)
    world = World.drawn(rng, instant, timezones)
    store = world.columns
    today = world.today
    arrival = max(today.days) + timedelta(days=int(rng.integers(0, 4)))
    stays = stays_of(AroundDates(Stay(arrival, arrival + timedelta(days=2)), 4), today=today)
    taken = {stay: world.bookable(stay, guests=1) for stay in stays}
    best = {
        number: min(totals[number] for totals in taken.values() if number in totals)
        for number in set().union(*taken.values())
    }
    request = make_request(flexible=stays)
    assert totals_of(retrieve(request, store, today=today)) == best
    assert totals_of(fallback.retrieve(request, world.supply, today=today, reason="")) == best
    days = price_days(make_request(), stays, store, today=today)
    assert {day.stay: day.count for day in days} == {stay: len(totals) for stay, totals in taken.items()}
    assert fallback.price_days(make_request(), stays, world.supply, today=today) == days


def test_one_date_for_all_would_be_noticed() -> None:
    """Where every listing is given the date of who looks, listings are missing, too many, and of another total."""
    missing = refused = mispriced = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        world = World.drawn(rng, NOON - timedelta(hours=1, minutes=30), [FIRST, LAST, "UTC"])
        store = world.columns
        for _ in range(12):
            stay = world.draw_stay(rng)
            found = totals_of(retrieve(make_request(stay=stay), store, today=Today(world.today.here)))
            expected = world.bookable(stay, guests=1)
            missing += len(expected.keys() - found.keys())
            refused += len(found.keys() - expected.keys())
            mispriced += sum(found[number] != expected[number] for number in found.keys() & expected.keys())
    assert min(missing, refused, mispriced) > 20


def totals_of(answer: Retrieved) -> dict[int, int | None]:
    """Totals of what was found, all of it."""
    assert answer.total_count == len(answer.candidates)
    return {candidate.listing_id: candidate.total_minor for candidate in answer.candidates}


@given(instant=instants, timezones=zones, here=st.sampled_from(ZONES))
def test_a_market_has_the_date_of_its_zone(instant: datetime, timezones: list[str], here: str) -> None:
    """Whoever looks: the date of a market is that of an hour that its clocks show; only other dates are kept."""
    markets = dict(zip(MARKETS, timezones, strict=True))
    today = Today.at(instant, here, markets)
    hours = {FIRST: 14, LAST: -11, "UTC": 0, "Asia/Tokyo": 9, "America/Los_Angeles": -7, "Europe/Stockholm": 2}
    for market, zone in markets.items():
        assert today.of(market) == (instant + timedelta(hours=hours[zone])).date()
    assert today.here not in today.elsewhere.values()
    assert max(today.days) - min(today.days) <= timedelta(days=2)


def test_the_date_line_can_be_two_days_wide() -> None:
    """At half past ten of UTC three dates are in use."""
    today = Today.at(NOON - timedelta(hours=1, minutes=30), "UTC", {"first": FIRST, "last": LAST, "near": "UTC"})
    assert today == Today(date(2026, 6, 15), {"first": date(2026, 6, 16), "last": date(2026, 6, 14)})
    assert today.markets_by_day() == {date(2026, 6, 16): ["first"], date(2026, 6, 14): ["last"]}


def test_a_kept_answer_is_one_of_these_dates() -> None:
    """An hour in which no market's date changes is the same to an answer; one in which a single one does is another."""
    markets = {"first": FIRST, "last": LAST, "near": "UTC"}
    at = [Today.at(NOON + timedelta(hours=hours), "UTC", markets) for hours in (-1.5, -1.25, -0.5)]
    keys = [key_of(make_request(), today) for today in at]
    assert keys[0] == keys[1]
    assert hash(keys[0]) == hash(keys[1])
    assert keys[1] != keys[2], "Pago Pago's day has begun"


@pytest.mark.opensearch
async def test_the_engine_goes_by_each_listings_own_date(
    marketplace: IndexedMarketplace, async_client: AsyncOpenSearch
) -> None:
    """Searches answered by OpenSearch on three dates are those over rows, which on one date they would not be."""
    rng, engine = np.random.default_rng(29), OpenSearchEngine(async_client, alias=marketplace.alias, timeout_ms=9_000)
    today = Today(TODAY, {"singapore": TODAY + timedelta(days=1), "fiji": TODAY - timedelta(days=1)})
    differing = 0
    for _ in range(150):
        check_in = TODAY + timedelta(days=int(rng.integers(0, 6)))
        stay = Stay(check_in, check_in + timedelta(days=int(rng.integers(1, 8))))
        request = replace(random_request(rng), market=None, area=None, stay=stay, sort=Sort.PRICE)
        answer = await engine.retrieve(request, today=today)
        plain = fallback.retrieve(request, marketplace.supply, today=today, reason="")
        assert totals_of(answer) == totals_of(plain), request
        assert (answer.facets, answer.histogram) == (plain.facets, plain.histogram), request
        on_one = fallback.retrieve(request, marketplace.supply, today=Today(TODAY), reason="")
        differing += totals_of(on_one) != totals_of(plain)
    assert differing > 10
