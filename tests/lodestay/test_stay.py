"""The stay: half-open nights."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.stay import MAX_NIGHTS, InvalidStay, Stay

check_ins = st.dates(date(2000, 1, 1), date(2100, 1, 1))
stays = st.builds(lambda start, nights: Stay(start, start + timedelta(days=nights)), check_ins, st.integers(1, 30))


@given(stays)
def test_b3_nights_are_counted_by_date(stay: Stay) -> None:
    """B3: as many as dates, the day of departure not among them, over leap days and turns of the year."""
    nights = list(stay)
    assert len(nights) == stay.nights
    assert nights[0] == stay.check_in
    assert stay.check_out not in nights


@pytest.mark.parametrize(
    ("check_in", "check_out", "nights"),
    [
        (date(2028, 2, 28), date(2028, 3, 1), 2),
        (date(2027, 2, 28), date(2027, 3, 1), 1),
        (date(2026, 12, 31), date(2027, 1, 1), 1),
        (date(2026, 3, 28), date(2026, 3, 30), 2),
        (date(2026, 10, 24), date(2026, 10, 26), 2),
    ],
    ids=["leap", "no-leap", "year", "clocks-forward", "clocks-back"],
)
def test_b3_edges_of_the_calendar(check_in: date, check_out: date, nights: int) -> None:
    """B3, B6: a 23- or 25-hour day is a day."""
    assert Stay(check_in, check_out).nights == nights


@pytest.mark.parametrize("nights", [0, -1, MAX_NIGHTS + 1])
def test_b2_what_is_no_stay_is_named(nights: int) -> None:
    """B2: without a night, reversed, or too long."""
    start = date(2026, 6, 15)
    with pytest.raises(InvalidStay):
        Stay(start, start + timedelta(days=nights))


def test_longest_stay_is_allowed() -> None:
    """The limit itself is inside."""
    assert Stay(date(2026, 1, 1), date(2027, 1, 1)).nights == MAX_NIGHTS
