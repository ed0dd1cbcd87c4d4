"""What guests do is possible, is logged as the log's readers expect, and hides the truth in the known way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from lodestay.pricing import price_stay
from lodestay.stay import Stay
from search.events import BookingEvent, ClickEvent, Event, SearchEvent
from simulation.choice import examination
from simulation.draws import stream
from simulation.market import Market
from simulation.sessions import Behaviour, DayLog, Regulars, play_day
from simulation.stay_grid import StayGrid
from simulation.supply import SyntheticMarket
from tests.simulation.markets import calendars_of, market_of

TODAY = date(2026, 11, 22)
SEARCHES = 400


@dataclass(frozen=True)
class Played:
    """Some days of one market, and the market before them."""

    before: SyntheticMarket
    market: Market
    days: list[DayLog]

    @property
    def events(self) -> Iterator[Event]:
        """All events, in the order played."""
        return (event for day in self.days for event in day.events)

    @property
    def truth(self) -> pa.Table:
        """The truth of all days."""
        return pa.concat_tables([day.truth() for day in self.days])


def _play(made: SyntheticMarket, *, seed: int, days: int, searches: int, behaviour: Behaviour) -> Played:
    market, regulars = market_of(made, seed=seed), Regulars()
    logs = [
        play_day(
            stream(seed, n),
            market,
            TODAY - timedelta(days=days - n),
            searches=searches,
            regulars=regulars,
            behaviour=behaviour,
        )
        for n in range(days)
    ]
    return Played(made, market, logs)


@pytest.fixture(scope="module")
def played(lisbon: SyntheticMarket) -> Played:
    """Five days of Lisbon under the usual behaviour."""
    return _play(lisbon, seed=5, days=5, searches=SEARCHES, behaviour=Behaviour())


@pytest.fixture(scope="module")
def random_order(marketplace: list[SyntheticMarket]) -> Played:
    """Six days of Paris in which every page is in random order: the randomised slice, made large."""
    return _play(marketplace[0], seed=9, days=6, searches=2500, behaviour=Behaviour(exploration=1.0))


@pytest.fixture(scope="module")
def logged_order(marketplace: list[SyntheticMarket]) -> Played:
    """The same six days of Paris in the order of the logging policy."""
    return _play(marketplace[0], seed=9, days=6, searches=2500, behaviour=Behaviour(exploration=0.0))


def test_same_seed_plays_the_same_days(lisbon: SyntheticMarket, played: Played) -> None:
    """Events, bookings and truth repeat to the last id."""
    again = _play(lisbon, seed=5, days=5, searches=SEARCHES, behaviour=Behaviour())
    assert list(again.events) == list(played.events)
    assert [day.bookings for day in again.days] == [day.bookings for day in played.days]
    assert again.truth.equals(played.truth)
    other = _play(lisbon, seed=6, days=1, searches=50, behaviour=Behaviour())
    assert list(other.events)[:50] != list(played.events)[:50]


def test_exactly_the_planned_searches_are_made(played: Played) -> None:
    """The number of searches of a day is the number asked for."""
    assert [day.searches for day in played.days] == [SEARCHES] * 5
    assert sum(isinstance(event, SearchEvent) for event in played.events) == 5 * SEARCHES


def test_events_are_valid_and_fall_on_their_day(played: Played) -> None:
    """Each event survives its own JSON, has an id of its own and happened on the day it is filed under."""
    adapter: TypeAdapter[Event] = TypeAdapter(Event)
    ids = set()
    for n, day in enumerate(played.days):
        for event in day.events:
            assert adapter.validate_json(adapter.dump_json(event)) == event
            assert event.occurred_at.astimezone(UTC).date() == TODAY - timedelta(days=5 - n)
            ids.add(event.event_id)
    assert len(ids) == sum(len(day.events) for day in played.days)


def test_only_bookable_stays_are_shown_at_their_exact_price(played: Played) -> None:
    """Replayed booking by booking: nothing shown breaks a rule of its calendar, and every total is to the unit."""
    calendars, terms = calendars_of(played.before)
    zone = ZoneInfo(played.market.timezone)
    shown = 0
    for event in played.events:
        if isinstance(event, SearchEvent):
            assert event.check_in is not None
            assert event.check_out is not None
            stay = Stay(event.check_in, event.check_out)
            today = event.occurred_at.astimezone(zone).date()
            for result in event.results:
                calendar, term = calendars[result.listing_id - 1], terms[result.listing_id - 1]
                assert calendar.refuse(stay, today=today) is None
                assert played.market.accommodates[result.listing_id - 1] >= event.guests
                nights_minor = int(calendar.nightly_prices(stay).sum())
                price = price_stay(term, nights_minor=nights_minor, nights=stay.nights, guests=event.guests)
                assert result.total_minor == price.total_minor
                shown += 1
        elif isinstance(event, BookingEvent):
            calendar = calendars[event.listing_id - 1]
            first = calendar.index(event.check_in)
            assert calendar.free[first : calendar.index(event.check_out)].all()
            calendar.free[first : calendar.index(event.check_out)] = False
    assert shown > 10_000


def test_bookings_never_share_a_night(played: Played) -> None:
    """No night of a listing is sold twice, and every booking is of something shown and opened in that search."""
    nights: set[tuple[int, date]] = set()
    opened = {(e.search_id, e.listing_id) for e in played.events if isinstance(e, ClickEvent)}
    booked = [event for event in played.events if isinstance(event, BookingEvent)]
    assert len(booked) > 50
    for event in booked:
        assert (event.search_id, event.listing_id) in opened
        for night in Stay(event.check_in, event.check_out):
            assert (event.listing_id, night) not in nights
            nights.add((event.listing_id, night))


def test_nights_would_be_sold_twice_if_none_were_taken(
    lisbon: SyntheticMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the guard off the same play does sell nights twice."""
    monkeypatch.setattr(StayGrid, "take", lambda *_args: None)
    open_house = _play(lisbon, seed=5, days=5, searches=SEARCHES, behaviour=Behaviour())
    nights = [
        (booking.listing_id, night)
        for day in open_house.days
        for booking in day.bookings
        for night in Stay(booking.check_in, booking.check_out)
    ]
    assert len(set(nights)) < len(nights)


def test_bookings_agree_with_their_events(played: Played) -> None:
    """What goes to the database is what the log says, at the same price."""
    logged = [
        (e.listing_id, e.check_in, e.check_out, e.guests, e.total_minor, e.occurred_at)
        for e in played.events
        if isinstance(e, BookingEvent)
    ]
    kept = [
        (b.listing_id, b.check_in, b.check_out, b.guests, b.total_minor, b.created_at)
        for day in played.days
        for b in day.bookings
    ]
    assert kept == logged


def test_truth_is_a_row_a_result(played: Played) -> None:
    """The truth has exactly the rows that were shown, under the same search, listing and position."""
    shown = [
        (str(e.search_id), r.listing_id, r.position, e.exploration)
        for e in played.events
        if isinstance(e, SearchEvent)
        for r in e.results
    ]
    columns = played.truth.select(["search_id", "listing_id", "position", "exploration"]).to_pydict()
    assert list(zip(*columns.values(), strict=True)) == shown


def test_a_slice_is_in_random_order(played: Played) -> None:
    """About one search in five is marked, and only those name the random ranker."""
    searches = [event for event in played.events if isinstance(event, SearchEvent)]
    marked = [event for event in searches if event.exploration]
    assert 0.16 < len(marked) / len(searches) < 0.24
    assert {event.ranker for event in marked} == {"simulated-random"}


def _by_position(truth: pa.Table, column: str) -> np.ndarray:
    position = truth["position"].to_numpy()
    values = truth[column].to_numpy(zero_copy_only=False).astype(float)
    return np.bincount(position, values)[1:] / np.bincount(position)[1:]


def test_random_order_gives_the_position_bias_away(random_order: Played) -> None:
    """Where the order is random, click rates by position are the propensities up to one factor."""
    clicks = _by_position(random_order.truth, "clicked")
    expected = examination(20, eta=1.0)
    slope = np.polyfit(np.log(np.arange(1, 11)), np.log(clicks[:10]), 1, w=np.sqrt(expected[:10]))[0]
    assert slope == pytest.approx(-1.0, abs=0.12)
    scale = clicks.sum() / expected.sum()
    assert np.abs(clicks - scale * expected).max() < 0.02


def test_logged_order_does_not(logged_order: Played, random_order: Played) -> None:
    """Under the logging policy relevance falls with position, so click rates overstate the bias; at random not."""
    logged, drawn = (_by_position(p.truth, "relevance") for p in (logged_order, random_order))
    assert logged[:3].mean() > 1.25 * logged[-5:].mean()
    assert drawn[:3].mean() == pytest.approx(drawn[-5:].mean(), rel=0.12)


def test_click_through_misjudges_what_was_promoted(logged_order: Played) -> None:
    """Naive click-through credits listings for their position; weighted by propensity it hardly does."""
    truth, market = logged_order.truth, logged_order.market
    listing = truth["listing_id"].to_numpy() - 1
    clicked = truth["clicked"].to_numpy(zero_copy_only=False).astype(float)
    shown = np.bincount(listing, minlength=len(market.listing_id))
    often = shown >= 300
    naive = (np.bincount(listing, clicked, len(shown)) / np.maximum(shown, 1))[often]
    weighted = clicked / truth["examination"].to_numpy()
    unbiased = (np.bincount(listing, weighted, len(shown)) / np.maximum(shown, 1))[often]
    attraction = (np.bincount(listing, truth["attraction"].to_numpy(), len(shown)) / np.maximum(shown, 1))[often]
    assert often.sum() > 100
    assert np.corrcoef(unbiased, attraction)[0, 1] > np.corrcoef(naive, attraction)[0, 1] + 0.1
    promoted = market.promotion[often]
    assert np.corrcoef(naive, promoted)[0, 1] > np.corrcoef(unbiased, promoted)[0, 1] + 0.15


def test_stronger_bias_hides_more(lisbon: SyntheticMarket) -> None:
    """With eta 2 the last places are hardly opened; with eta 0 every place is looked at."""
    flat, steep = (
        _by_position(
            _play(lisbon, seed=3, days=1, searches=600, behaviour=Behaviour(eta=eta, exploration=1.0)).truth, "clicked"
        )
        for eta in (0.0, 2.0)
    )
    assert flat[10:].mean() > 0.7 * flat[:3].mean()
    assert steep[10:].mean() < 0.05 * steep[0]


def test_market_without_nights_is_left_alone(lisbon: SyntheticMarket) -> None:
    """Where no calendar reaches past today, nobody can search; the play ends instead of looping."""
    market = market_of(lisbon, seed=1)
    log = play_day(
        stream(1),
        market,
        market.grid.end + timedelta(days=3),
        searches=10,
        regulars=Regulars(),
        behaviour=Behaviour(),
    )
    assert (log.searches, log.events) == (0, [])
    assert log.truth().num_rows == 0


def test_cancellations_come_after_bookings(played: Played) -> None:
    """Some guests think again, always later than they booked."""
    bookings = [b for day in played.days for b in day.bookings]
    cancelled = [b for b in bookings if b.cancelled_at is not None]
    assert 0 < len(cancelled) < 0.2 * len(bookings)
    assert all(b.cancelled_at is not None and b.cancelled_at > b.created_at for b in cancelled)
    assert all(isinstance(b.created_at, datetime) and b.created_at.tzinfo is not None for b in bookings)
