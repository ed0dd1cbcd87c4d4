"""How long a quote can be booked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from transactional.quotes.rules import bookable_until, quote_expiry

ZONES = ("UTC", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Pacific/Kiritimati")
"""Among them some that skipped a midnight (Sao Paulo 2018-11-04, Beirut 2022-03-27) or a day (Apia 2011-12-30)."""
DAYS = st.dates(date(2011, 12, 1), date(2031, 1, 1))


@given(DAYS, st.integers(0, 60), st.sampled_from(ZONES))
@example(date(2018, 11, 3), 0, "America/Sao_Paulo")
@example(date(2022, 3, 26), 0, "Asia/Beirut")
def test_b3_a_quote_ends_as_the_notice_begins_to_refuse(check_in: date, notice: int, timezone: str) -> None:
    """B3, B4: at that instant the date where the listing is leaves too little notice; just before, enough."""
    until, zone = bookable_until(check_in, advance_notice_days=notice, timezone=timezone), ZoneInfo(timezone)
    just_before = until - timedelta(microseconds=1)
    assert (check_in - until.astimezone(zone).date()).days < notice
    assert (check_in - just_before.astimezone(zone).date()).days >= notice


def test_b3_control_a_day_is_not_24_hours() -> None:
    """Control: reckoned in hours from the start of the day before, the end is an hour off as clocks change."""
    by_hours = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Lisbon")).astimezone(UTC) + timedelta(hours=24)
    until = bookable_until(date(2026, 10, 25), advance_notice_days=0, timezone="Europe/Lisbon")
    assert until - by_hours == timedelta(hours=1)


def test_a_quote_ends_with_its_time_or_with_the_notice() -> None:
    """Whichever comes first."""
    now, valid = datetime(2026, 6, 15, 12, tzinfo=UTC), timedelta(minutes=30)
    assert quote_expiry(now, valid=valid, bookable_until=now + timedelta(days=1)) == now + valid
    assert quote_expiry(now, valid=valid, bookable_until=now + timedelta(minutes=5)) == now + timedelta(minutes=5)
