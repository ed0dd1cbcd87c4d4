"""Time as an argument."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lodestay.clock import FixedClock, SystemClock, today_in


def test_fixed_clock_stands_until_it_is_moved() -> None:
    """And moves by as much as it is told."""
    instant = datetime(2026, 6, 15, 12, tzinfo=UTC)
    clock = FixedClock(instant)
    assert clock.now() == clock.now() == instant
    clock.advance(timedelta(minutes=15))
    assert clock.now() == instant + timedelta(minutes=15)


def test_system_clock_knows_its_zone() -> None:
    """An instant without a zone would be compared wrongly."""
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        ("UTC", date(2026, 12, 31)),
        ("Asia/Singapore", date(2027, 1, 1)),
        ("Pacific/Kiritimati", date(2027, 1, 1)),
        ("Pacific/Pago_Pago", date(2026, 12, 31)),
        ("America/New_York", date(2026, 12, 31)),
    ],
)
def test_date_is_the_zones_own(zone: str, today: date) -> None:
    """B4: at 20:00 UTC on New Year's Eve it is next year already in the east."""
    assert today_in(zone, FixedClock(datetime(2026, 12, 31, 20, tzinfo=UTC))) == today


def test_date_minds_summer_time() -> None:
    """B3: 23:30 in Lisbon is 22:30 UTC in summer; the offset is the day's, not today's."""
    assert today_in("Europe/Lisbon", FixedClock(datetime(2026, 7, 1, 23, 30, tzinfo=UTC))) == date(2026, 7, 2)
    assert today_in("Europe/Lisbon", FixedClock(datetime(2026, 1, 1, 23, 30, tzinfo=UTC))) == date(2026, 1, 1)
