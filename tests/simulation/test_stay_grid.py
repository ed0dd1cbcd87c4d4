"""The grid of a whole market says what the calendar and the price of each listing say."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms, price_stay
from lodestay.stay import Stay
from simulation.stay_grid import StayGrid

START = date(2026, 11, 1)
WINDOW = 60

_bps = st.integers(0, 4000)
_terms = st.builds(
    PriceTerms,
    currency=st.just("JPY"),
    cleaning_fee_minor=st.integers(0, 9_999),
    guests_included=st.integers(1, 4),
    extra_guest_fee_minor=st.integers(0, 999),
    weekly_discount_bps=_bps,
    monthly_discount_bps=_bps,
    service_fee_bps=_bps,
    tax_bps=_bps,
    last_minute_days=st.integers(0, 10),
    last_minute_discount_bps=_bps,
    early_bird_days=st.integers(0, 15),
    early_bird_discount_bps=_bps,
)


@st.composite
def _calendars(draw: st.DrawFn) -> StayCalendar:
    """Any calendar: shorter or longer than the window, before, in or after it, empty too."""
    length = draw(st.integers(0, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    often = draw(st.sampled_from([0.0, 0.05, 0.3]))
    least = rng.integers(1, draw(st.sampled_from([2, 5, 9])), length)
    return StayCalendar(
        start=START + timedelta(days=draw(st.integers(-50, 50))),
        price_minor=rng.integers(0, 100_000, length),
        free=rng.random(length) >= often,
        min_stay=least.astype(np.int32),
        max_stay=(least + rng.integers(0, 40, length)).astype(np.int32),
        closed_to_arrival=rng.random(length) < often,
        closed_to_departure=rng.random(length) < often,
        advance_notice_days=draw(st.integers(0, 5)),
        booking_window_days=draw(st.sampled_from([20, 365])),
        min_gap_nights=draw(st.sampled_from([0, 0, 3])),
        fills_gaps=draw(st.booleans()),
        preparation_days=draw(st.sampled_from([0, 0, 2])),
        min_stay_through=None if draw(st.booleans()) else rng.integers(1, 4, length).astype(np.int32),
        max_stay_through=None if draw(st.booleans()) else rng.integers(3, 40, length).astype(np.int32),
    )


@settings(max_examples=150, deadline=None)
@given(
    listings=st.lists(st.tuples(_calendars(), _terms), min_size=1, max_size=6),
    taken=st.lists(st.tuples(st.integers(0, 2), st.integers(-6, 6), st.integers(1, 5)), max_size=3),
    arrival=st.integers(0, WINDOW - 1),
    nights=st.integers(1, 8) | st.integers(1, 40),
    notice=st.integers(-2, 20),
    guests=st.integers(1, 7),
)
def test_grid_agrees_with_calendar_and_price(
    *,
    listings: list[tuple[StayCalendar, PriceTerms]],
    taken: list[tuple[int, int, int]],
    arrival: int,
    nights: int,
    notice: int,
    guests: int,
) -> None:
    """For any calendars, bookings and stay: bookable exactly where no rule refuses, and the same total to the unit."""
    calendars = [calendar for calendar, _ in listings]
    terms = [term for _, term in listings]
    end = START + timedelta(days=WINDOW)
    grid = StayGrid(calendars, terms, start=START, end=end)
    for row, offset, count in taken:
        first = min(max(arrival + offset, 0), WINDOW - count)
        if row < len(calendars):
            _take(calendars[row], START + timedelta(days=first), count)
            grid.take(row, START + timedelta(days=first), count)
    check_in = START + timedelta(days=arrival)
    stay, today = Stay(check_in, check_in + timedelta(days=nights)), check_in - timedelta(days=notice)
    bookable = grid.bookable(check_in, nights, today=today)
    inside = stay.check_out <= end
    assert bookable.tolist() == [inside and c.refuse(stay, today=today) is None for c in calendars]
    rows = np.flatnonzero(bookable)
    expected = [
        price_stay(
            terms[row],
            nights_minor=int(calendars[row].nightly_prices(stay).sum()),
            nights=nights,
            guests=guests,
            lead_days=notice,
        ).total_minor
        for row in rows
    ]
    assert grid.totals(check_in, nights, guests=guests, listings=rows, lead_days=notice).tolist() == expected


def _take(calendar: StayCalendar, check_in: date, nights: int) -> None:
    first, around = calendar.index(check_in), calendar.preparation_days
    calendar.free[max(0, first - around) : max(0, first + nights + around)] = False


def test_listing_that_knows_no_night_is_never_bookable() -> None:
    """An empty calendar is not an open one."""
    empty = StayCalendar(
        start=START,
        price_minor=np.zeros(0, np.int64),
        free=np.zeros(0, bool),
        min_stay=np.zeros(0, np.int32),
        max_stay=np.zeros(0, np.int32),
        closed_to_arrival=np.zeros(0, bool),
        closed_to_departure=np.zeros(0, bool),
        advance_notice_days=0,
    )
    terms = PriceTerms("EUR", 0, 1, 0, 0, 0, 0, 0)
    grid = StayGrid([empty], [terms], start=START, end=START + timedelta(days=WINDOW))
    assert not grid.bookable(START, 1, today=START).any()
    assert np.isnan(grid.typical_prices()).all()


def test_stay_that_leaves_on_the_windows_end_minds_the_calendar_beyond() -> None:
    """Nobody leaves on a day closed to departure, also when that day is the window's end."""
    closed = np.zeros(WINDOW + 5, bool)
    closed[WINDOW] = True
    length = len(closed)
    calendar = StayCalendar(
        start=START,
        price_minor=np.ones(length, np.int64),
        free=np.ones(length, bool),
        min_stay=np.ones(length, np.int32),
        max_stay=np.full(length, 30, np.int32),
        closed_to_arrival=np.zeros(length, bool),
        closed_to_departure=closed,
        advance_notice_days=0,
    )
    terms = PriceTerms("EUR", 0, 1, 0, 0, 0, 0, 0)
    grid = StayGrid([calendar], [terms], start=START, end=START + timedelta(days=WINDOW))
    last = START + timedelta(days=WINDOW - 2)
    assert grid.bookable(last, 1, today=last).all()
    assert not grid.bookable(last, 2, today=last).any()
