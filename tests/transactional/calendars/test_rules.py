"""The calendar of a listing, from its rate plan, seasons, nights and occupied ranges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.calendar import Refusal
from lodestay.pricing import share
from lodestay.stay import Stay
from transactional.calendars.errors import InvalidWindow
from transactional.calendars.rules import NightColumns, NightRow, RatePlanRow, SeasonRow, Window, build_calendar

MONDAY = date(2026, 6, 15)
PLAN = RatePlanRow(
    base_price_minor=10_000,
    weekend_price_minor=12_001,
    min_stay=2,
    max_stay=30,
    advance_notice_days=1,
    calendar_from=MONDAY,
    calendar_until=MONDAY + timedelta(days=60),
)
NO_NIGHTS = NightColumns.of(())
TWO_WEEKS = Window(MONDAY, MONDAY + timedelta(days=14))


def day(n: int) -> date:
    """The n-th day from the Monday."""
    return MONDAY + timedelta(days=n)


def night(n: int, **values: object) -> NightRow:
    """A night that says only what is given."""
    says: dict[str, object] = {
        "price_minor": None,
        "min_stay": None,
        "max_stay": None,
        "closed_to_arrival": False,
        "closed_to_departure": False,
    }
    return NightRow(night=day(n), **(says | values))  # type: ignore[arg-type]


def test_friday_and_saturday_nights_cost_the_weekend_price() -> None:
    """The weekend is the nights before Saturday and Sunday, not those two days."""
    calendar = build_calendar(PLAN, seasons=(), nights=NO_NIGHTS, occupied=(), window=TWO_WEEKS)
    assert np.flatnonzero(calendar.price_minor == 12_001).tolist() == [4, 5, 11, 12]
    assert set(calendar.price_minor.tolist()) == {10_000, 12_001}


def test_season_scales_base_and_weekend_rounding_half_up_and_only_lengthens_stays() -> None:
    """12,001 at 150 % is 18,001.5, hence 18,002; a season's shorter minimum does not count."""
    seasons = (SeasonRow(day(4), day(7), 15_000, 1), SeasonRow(day(7), day(9), 15_000, 5))
    calendar = build_calendar(PLAN, seasons=seasons, nights=NO_NIGHTS, occupied=(), window=TWO_WEEKS)
    assert calendar.price_minor[4:8].tolist() == [18_002, 18_002, 15_000, 15_000]
    assert calendar.min_stay[4:10].tolist() == [2, 2, 2, 5, 5, 2]


def test_of_two_seasons_the_later_start_counts_and_they_do_not_multiply() -> None:
    """Seasons may overlap; prices are scaled once, whatever the order they come in."""
    seasons = [SeasonRow(day(2), day(4), 30_000, None), SeasonRow(day(0), day(10), 20_000, None)]
    for order in (seasons, seasons[::-1]):
        calendar = build_calendar(PLAN, seasons=order, nights=NO_NIGHTS, occupied=(), window=TWO_WEEKS)
        assert calendar.price_minor[:5].tolist() == [20_000, 20_000, 30_000, 30_000, 24_002]


def test_nights_own_word_is_above_plan_and_season() -> None:
    """A night's price and rules win; what it does not say stays as it was; nights outside are ignored."""
    nights = NightColumns.of(
        [night(3, price_minor=0, min_stay=1), night(4, max_stay=3, closed_to_arrival=True), night(-1), night(99)]
    )
    season = SeasonRow(day(0), day(10), 20_000, 7)
    calendar = build_calendar(PLAN, seasons=[season], nights=nights, occupied=(), window=TWO_WEEKS)
    assert calendar.price_minor[3:5].tolist() == [0, 24_002]
    assert calendar.min_stay[3:5].tolist() == [1, 7]
    assert calendar.max_stay[3:5].tolist() == [30, 3]
    assert np.flatnonzero(calendar.closed_to_arrival).tolist() == [4]
    assert not calendar.closed_to_departure.any()


def test_night_nobody_priced_is_not_free() -> None:
    """Without a base price only nights with one of their own can be had."""
    plan = RatePlanRow(None, None, 1, 30, 0, PLAN.calendar_from, PLAN.calendar_until)
    nights = NightColumns.of([night(2, price_minor=9_000), night(3, min_stay=2)])
    calendar = build_calendar(plan, seasons=(), nights=nights, occupied=(), window=TWO_WEEKS)
    assert np.flatnonzero(calendar.free).tolist() == [2]


def test_calendar_ends_where_the_listings_does() -> None:
    """Of a window only the known part is laid out; asking beyond is refused as outside, not as taken."""
    window = Window(day(-5), day(100))
    calendar = build_calendar(PLAN, seasons=(), nights=NO_NIGHTS, occupied=(), window=window)
    assert (calendar.start, calendar.end) == (PLAN.calendar_from, PLAN.calendar_until)
    refused = calendar.refuse(Stay(day(58), day(61)), today=MONDAY)
    assert refused is not None
    assert refused.rule is Refusal.OUTSIDE_CALENDAR


@pytest.mark.parametrize(
    "known", [(None, None), (day(20), day(30)), (day(-30), day(-20))], ids=["none", "later", "earlier"]
)
def test_unknown_calendar_is_empty(known: tuple[date | None, date | None]) -> None:
    """A listing without a calendar, or with none in the window, has no nights, and every stay is refused."""
    plan = RatePlanRow(10_000, None, 1, 30, 0, *known)
    nights = NightColumns.of([night(2, price_minor=1)])
    calendar = build_calendar(
        plan, seasons=[SeasonRow(day(0), day(9), 1, None)], nights=nights, occupied=[(day(0), day(2))], window=TWO_WEEKS
    )
    assert len(calendar.free) == 0
    assert calendar.refuse(Stay(day(2), day(4)), today=MONDAY) is not None


@given(
    window_from=st.integers(-20, 80),
    length=st.integers(1, 60),
    occupied=st.lists(st.tuples(st.integers(-30, 90), st.integers(1, 40)), max_size=5),
)
def test_b1_night_is_free_exactly_when_nobody_has_it(
    window_from: int, length: int, occupied: list[tuple[int, int]]
) -> None:
    """B1: an occupied range takes its nights and not the day of departure, however it lies to the window."""
    ranges = [(day(first), day(first + nights)) for first, nights in occupied]
    window = Window(day(window_from), day(window_from + length))
    calendar = build_calendar(PLAN, seasons=(), nights=NO_NIGHTS, occupied=ranges, window=window)
    for n, free in enumerate(calendar.free):
        here = calendar.start + timedelta(days=n)
        assert free == (not any(start <= here < end for start, end in ranges))


@given(
    stays=st.lists(st.tuples(st.integers(-20, 60), st.integers(1, 9)), max_size=3),
    others=st.lists(st.tuples(st.integers(-20, 60), st.integers(1, 9)), max_size=3),
    preparation=st.integers(0, 14),
    window_from=st.integers(0, 40),
)
def test_preparation_lies_around_guests_alone(
    stays: list[tuple[int, int]], others: list[tuple[int, int]], preparation: int, window_from: int
) -> None:
    """So many nights before and after each guest's, also from beyond the window; not around blocks and imports."""
    by_guests, by_others = ([(day(a), day(a + n)) for a, n in each] for each in (stays, others))
    plan = replace(PLAN, preparation_days=preparation)
    window = Window(day(window_from), day(window_from + 20))
    calendar = build_calendar(plan, seasons=(), nights=NO_NIGHTS, occupied=by_others, stays=by_guests, window=window)
    for n, free in enumerate(calendar.free):
        here = calendar.start + timedelta(days=n)
        taken = any(start <= here < end for start, end in (*by_guests, *by_others))
        near = any((start - here).days <= preparation and (here - end).days < preparation for start, end in by_guests)
        assert free == (not taken and not near)
        if calendar.preparation is not None:
            assert calendar.preparation[n] == (near and not taken)


def test_a_margin_has_the_nights_that_gap_rules_look_at() -> None:
    """Around a stay a calendar reaches as far as its own rules on gaps do, and no farther without any."""
    stay = Stay(day(20), day(22))
    for plan, beside in (
        (PLAN, 0),
        (replace(PLAN, preparation_days=2), 0),
        (replace(PLAN, fills_gaps=True), 1),
        (replace(PLAN, min_gap_nights=3, preparation_days=2), 6),
    ):
        calendar = build_calendar(plan, seasons=(), nights=NO_NIGHTS, occupied=(), window=Window.around(stay))
        assert (calendar.start, calendar.end) == (day(20 - beside), day(23 + beside))


@given(
    taken=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)), max_size=8),
    others=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)), max_size=4),
    arrival=st.integers(5, 45),
    nights=st.integers(1, 8),
    gap=st.integers(0, 6),
    fills=st.booleans(),
    preparation=st.integers(0, 4),
)
def test_what_is_loaded_around_a_stay_decides_it_as_the_whole_calendar_does(
    *,
    taken: list[tuple[int, int]],
    others: list[tuple[int, int]],
    arrival: int,
    nights: int,
    gap: int,
    fills: bool,
    preparation: int,
) -> None:
    """The margin is wide enough: no rule sees less through the window than over all nights."""
    plan = replace(PLAN, min_gap_nights=gap, fills_gaps=fills, preparation_days=preparation)
    stay = Stay(day(arrival), day(arrival + nights))
    refused = {
        build_calendar(
            plan,
            seasons=(),
            nights=NO_NIGHTS,
            occupied=[(day(a), day(a + n)) for a, n in others],
            stays=[(day(a), day(a + n)) for a, n in taken],
            window=window,
        ).refuse(stay, today=MONDAY)
        for window in (Window.around(stay), Window(day(0), day(60)))
    }
    assert len(refused) == 1


def test_control_without_the_margin_a_gap_is_not_seen() -> None:
    """A window of the stay's own nights lets a single night stand alone."""
    plan = replace(PLAN, min_gap_nights=2)
    stay, taken = Stay(day(10), day(13)), [(day(5), day(9))]
    narrow = Window(stay.check_in, stay.check_out + timedelta(days=1))
    for window, rule in ((narrow, None), (Window.around(stay), Refusal.GAP)):
        calendar = build_calendar(plan, seasons=(), nights=NO_NIGHTS, occupied=taken, window=window)
        refused = calendar.refuse(stay, today=MONDAY)
        assert (None if refused is None else refused.rule) is rule


def test_of_seasons_that_overlap_the_later_and_the_shorter_counts_in_whatever_order_they_come() -> None:
    """Readers bring seasons in different orders; the price of a night is the same for all of them."""
    seasons = [
        SeasonRow(day(0), day(9), 11_000, None),
        SeasonRow(day(0), day(2), 12_000, None),
        SeasonRow(day(1), day(3), 13_000, None),
    ]
    for order in permutations(seasons):
        calendar = build_calendar(PLAN, seasons=order, nights=NO_NIGHTS, occupied=(), window=TWO_WEEKS)
        assert calendar.price_minor[:4].tolist() == [12_000, 13_000, 13_000, 11_000]


@given(
    base=st.integers(0, 10**9),
    weekend=st.none() | st.integers(0, 10**9),
    bps=st.integers(1, 100_000),
    start=st.integers(0, 6),
)
def test_columns_agree_with_a_night_by_night_reckoning(base: int, weekend: int | None, bps: int, start: int) -> None:
    """The vectorised price is what one would reckon for each night alone."""
    plan = RatePlanRow(base, weekend, 1, 30, 0, MONDAY, day(60))
    season = SeasonRow(day(5), day(9), bps, None)
    window = Window(day(start), day(start + 10))
    calendar = build_calendar(plan, seasons=[season], nights=NO_NIGHTS, occupied=(), window=window)
    for n, price in enumerate(calendar.price_minor.tolist()):
        here = day(start + n)
        plain = weekend if weekend is not None and here.weekday() in {4, 5} else base
        assert price == (share(plain, bps) if season.starts_on <= here < season.ends_before else plain)


def test_a_part_of_a_calendar_is_the_whole_calendars_part() -> None:
    """The window asked about does not change what a night costs or allows."""
    nights = NightColumns.of([night(n, price_minor=n * 100, min_stay=n % 4 + 1) for n in range(3, 30, 4)])
    seasons = [SeasonRow(day(2), day(20), 13_333, 3)]
    occupied = [(day(6), day(9))]
    whole = build_calendar(PLAN, seasons=seasons, nights=nights, occupied=occupied, window=Window(day(0), day(40)))
    part = build_calendar(PLAN, seasons=seasons, nights=nights, occupied=occupied, window=Window(day(5), day(12)))
    for column in ("price_minor", "free", "min_stay", "max_stay", "closed_to_arrival", "closed_to_departure"):
        assert getattr(part, column).tolist() == getattr(whole, column)[5:12].tolist()


def test_window_has_a_night() -> None:
    """An empty or reversed range of nights cannot be named."""
    for end in (MONDAY, day(-1)):
        with pytest.raises(InvalidWindow):
            Window(MONDAY, end)
