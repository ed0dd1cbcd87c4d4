"""Flexible dates: exactly the stays that a wish means, in order, and a clear problem where there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.stay import Stay
from search.flexible import (
    MAX_DAYS,
    MAX_MONTHS,
    MOST_STAYS,
    AroundDates,
    InMonths,
    Month,
    MonthsAhead,
    Trip,
    Wish,
    arrivals_in,
    stays_of,
)
from search.request import InvalidSearch, SearchRequest
from search.ring import is_askable
from search.today import Today
from tests.search.marketplace import make_request

TODAYS = st.dates(date(2024, 1, 1), date(2031, 12, 31))
TRIPS = st.sampled_from(Trip)
FRIDAY = 4


def day(today: date, days: int) -> date:
    """A day so many days from today."""
    return today + timedelta(days=days)


@given(today=TODAYS, ahead=st.integers(-10, 380), nights=st.integers(1, 365), days=st.integers(1, MAX_DAYS))
def test_dates_move_both_ways_and_keep_their_length(today: date, ahead: int, nights: int, days: int) -> None:
    """± n days is each of the 2n + 1 stays that can be asked for, and no other."""
    stay = Stay(day(today, ahead), day(today, ahead + nights))
    every = [Stay(day(stay.check_in, n), day(stay.check_out, n)) for n in range(-days, days + 1)]
    expected = [each for each in every if is_askable(each, today)]
    assert list(expand(AroundDates(stay, days), today)) == expected


@settings(max_examples=40)
@given(today=TODAYS, trip=TRIPS, months=st.sets(st.integers(-2, 14), min_size=1, max_size=MAX_MONTHS))
def test_a_trip_lies_in_the_months_with_all_its_nights(today: date, trip: Trip, months: set[int]) -> None:
    """Every stay of the length, on the right weekday, whose nights all lie in a month named; in order, none twice."""
    named = tuple(Month.of(today).after(n) for n in months)
    expected = [
        stay
        for n in range(HORIZON_NIGHTS)
        if is_askable(stay := Stay(day(today, n), day(today, n + trip.nights)), today)
        and all(Month.of(night) in named for night in stay)
        and (trip.nights > 3 or stay.check_in.weekday() == FRIDAY)
    ]
    assert list(expand(InMonths(trip, named), today)) == expected


@given(today=TODAYS, trip=TRIPS, months=st.integers(1, MAX_MONTHS))
def test_months_ahead_begin_today(today: date, trip: Trip, months: int) -> None:
    """The stays begin today at the earliest, and are over on the same day of the month so many months on."""
    stays = expand(MonthsAhead(trip, months), today)
    assert all(stay.check_in >= today for stay in stays)
    assert all((stay.check_out - today).days <= 31 * months for stay in stays)
    if trip is Trip.WEEK:
        assert stays[0].check_in == today
    ordered = [stay.check_in for stay in stays]
    assert ordered == sorted(set(ordered))
    assert len(stays) <= MOST_STAYS


def test_a_month_that_is_shorter_ends_on_its_last_day() -> None:
    """A month after the 31st of January is the 28th of February."""
    stays = stays_of(MonthsAhead(Trip.WEEK, 1), today=Today(date(2027, 1, 31)))
    assert stays[-1] == Stay(date(2027, 2, 21), date(2027, 2, 28))


def test_a_weekend_is_friday_to_sunday_and_a_long_one_to_monday() -> None:
    """May 2027 has four of them, the last one its end: the night of the 31st is a Monday's."""
    today, may = date(2027, 4, 1), (Month(2027, 5),)
    weekends = stays_of(InMonths(Trip.WEEKEND, may), today=Today(today))
    assert [stay.check_in.day for stay in weekends] == [7, 14, 21, 28]
    assert {stay.check_out.strftime("%A") for stay in weekends} == {"Sunday"}
    long = stays_of(InMonths(Trip.LONG_WEEKEND, may), today=Today(today))
    assert {stay.check_out.strftime("%A") for stay in long} == {"Monday"}


def test_months_that_follow_one_another_are_one_stretch() -> None:
    """A week over the end of May is in May and June, and in neither of them alone."""
    over = Stay(date(2027, 5, 29), date(2027, 6, 5))
    today, may, june = date(2027, 4, 1), Month(2027, 5), Month(2027, 6)
    assert over in stays_of(InMonths(Trip.WEEK, (june, may)), today=Today(today))
    assert over not in stays_of(InMonths(Trip.WEEK, (may,)), today=Today(today))
    assert over not in stays_of(InMonths(Trip.WEEK, (june,)), today=Today(today))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (InMonths(Trip.WEEK, (Month(2027, 3),)), "would have begun on 2027-03-25; today is 2027-04-28"),
        (InMonths(Trip.WEEK, (Month(2027, 4),)), "would have begun on 2027-04-24; today is 2027-04-28"),
        (InMonths(Trip.MONTH, (Month(2028, 6),)), "stays end by 2028-04-27"),
        (AroundDates(Stay(date(2027, 4, 1), date(2027, 4, 3)), 7), "would have begun on 2027-04-08"),
        (AroundDates(Stay(date(2028, 4, 20), date(2028, 5, 20)), 2), "stays end by"),
    ],
)
def test_no_stay_left_is_a_clear_problem(wish: Wish, said: str) -> None:
    """What has passed, and what cannot be booked yet, says so."""
    with pytest.raises(InvalidSearch, match=said):
        stays_of(wish, today=Today(date(2027, 4, 28)))


def test_the_shortest_time_ahead_has_room_for_the_longest_trip() -> None:
    """28 nights fit between the 31st of January and the 28th of February, if only just."""
    (only,) = stays_of(MonthsAhead(Trip.MONTH, 1), today=Today(date(2027, 1, 31)))
    assert only == Stay(date(2027, 1, 31), date(2027, 2, 28))


@pytest.mark.parametrize(
    "make",
    [
        lambda: AroundDates(Stay(date(2027, 5, 7), date(2027, 5, 9)), 0),
        lambda: AroundDates(Stay(date(2027, 5, 7), date(2027, 5, 9)), MAX_DAYS + 1),
        lambda: InMonths(Trip.WEEK, ()),
        lambda: InMonths(Trip.WEEK, tuple(Month(2027, 1).after(n) for n in range(MAX_MONTHS + 1))),
        lambda: MonthsAhead(Trip.WEEK, 0),
        lambda: MonthsAhead(Trip.WEEK, MAX_MONTHS + 1),
    ],
    ids=["no days", "too many days", "no month", "too many months", "none ahead", "too far ahead"],
)
def test_wishes_are_bounded(make: Callable[[], Wish]) -> None:
    """Nobody asks for no days or months, or for more than there are bounds for."""
    with pytest.raises(InvalidSearch):
        make()


def test_a_search_has_one_kind_of_dates() -> None:
    """A stay beside flexible ones, or stays of two lengths, are refused."""
    stay, longer = Stay(date(2026, 7, 1), date(2026, 7, 3)), Stay(date(2026, 7, 1), date(2026, 7, 4))
    with pytest.raises(InvalidSearch):
        make_request(stay=stay, flexible=(stay,))
    with pytest.raises(InvalidSearch):
        make_request(flexible=(stay, longer))
    request: SearchRequest = make_request(flexible=(stay,))
    assert request.nights == stay.nights


@given(year=st.integers(2024, 2031), month=st.integers(1, 12), nights=st.integers(1, 90))
def test_arrivals_are_every_day_of_the_months(year: int, month: int, nights: int) -> None:
    """One stay a day of the months, in order, whatever their order."""
    first = Month(year, month)
    stays = arrivals_in([first.after(1), first], nights)
    days = (first.after(2).day(1) - first.day(1)).days
    assert [stay.check_in for stay in stays] == [day(first.day(1), n) for n in range(days)]
    assert {stay.nights for stay in stays} == {nights}


def expand(wish: Wish, today: date) -> tuple[Stay, ...]:
    """The stays of a wish; none where that is a problem."""
    try:
        return stays_of(wish, today=Today(today))
    except InvalidSearch:
        return ()
