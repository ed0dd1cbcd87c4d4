"""By how many days the dates of an old snapshot move."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from transactional.imports.shift import NIGHTS_AHEAD, REUSE_DAYS, STEP_DAYS, choose_shift, fresh_shift

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(2015, 1, 1), date(2026, 11, 22))


@given(DAYS, DAYS)
def test_a_year_of_calendar_reaches_beyond_today(snapshot: date, today: date) -> None:
    """Weekdays stay, enough nights lie ahead, and one step less would not do or begin in the past."""
    until = snapshot + timedelta(days=365)
    shift = fresh_shift(snapshot, calendar_until=until, today=today)
    assert shift % STEP_DAYS == 0
    assert (until + timedelta(days=shift) - today).days >= NIGHTS_AHEAD
    if shift:
        one_less = until + timedelta(days=shift - STEP_DAYS)
        later = snapshot + timedelta(days=shift) > today
        assert (one_less - today).days < NIGHTS_AHEAD if later else snapshot + timedelta(days=shift + STEP_DAYS) > today


def test_real_cities() -> None:
    """Two snapshots of Singapore move alike; Antwerp's of 2019 and 2025 cannot."""
    first = choose_shift(date(2023, 9, 23), calendar_until=date(2024, 9, 22), today=TODAY, held=None, keep_dates=False)
    assert first == 3 * STEP_DAYS
    second = choose_shift(
        date(2023, 12, 26), calendar_until=date(2024, 12, 26), today=TODAY, held=first, keep_dates=False
    )
    assert second == first
    old = choose_shift(date(2019, 9, 25), calendar_until=None, today=TODAY, held=None, keep_dates=False)
    new = choose_shift(date(2025, 6, 25), calendar_until=None, today=TODAY, held=old, keep_dates=False)
    assert (old, new) == (7 * STEP_DAYS, STEP_DAYS)


@given(DAYS, st.integers(0, 8))
def test_a_held_shift_is_kept_while_it_serves(snapshot: date, steps: int) -> None:
    """It is given up only where it leaves too few nights or puts the snapshot far ahead of today."""
    held = steps * STEP_DAYS
    until = snapshot + timedelta(days=365)
    shift = choose_shift(snapshot, calendar_until=until, today=TODAY, held=held, keep_dates=False)
    ahead = (snapshot + timedelta(days=held) - TODAY).days
    serves = ahead <= REUSE_DAYS and (until + timedelta(days=held) - TODAY).days >= NIGHTS_AHEAD
    assert (shift == held) or not serves


def test_dates_can_be_kept() -> None:
    """Whatever the market did before."""
    assert choose_shift(date(2019, 9, 25), calendar_until=None, today=TODAY, held=364, keep_dates=True) == 0
