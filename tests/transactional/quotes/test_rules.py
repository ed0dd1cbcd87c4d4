"""How long a quote can be booked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from lodestay.calendar import Refusal, StayCalendar
from lodestay.stay import Stay
from transactional.quotes.rules import bookable_until, quote_expiry

ZONES = ("UTC", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Pacific/Kiritimati")
"""Among them some that skipped a midnight (Sao Paulo 2018-11-04, Beirut 2022-03-27) or a day (Apia 2011-12-30)."""
DAYS = st.dates(date(2011, 12, 1), date(2031, 1, 1))


OF_NOTICE = {Refusal.IN_THE_PAST, Refusal.ADVANCE_NOTICE, Refusal.LAST_BOOKING_HOUR}


def calendar_of(check_in: date, *, notice: int = 0, hour: int = 24) -> StayCalendar:
    """Two free nights under a rule on notice."""
    free = np.ones(2, dtype=bool)
    stays = np.array([1, 1], dtype=np.int32)
    return StayCalendar(
        start=check_in,
        price_minor=np.array([100, 100]),
        free=free,
        min_stay=stays,
        max_stay=stays,
        closed_to_arrival=~free,
        closed_to_departure=~free,
        advance_notice_days=notice,
        last_booking_hour=hour,
    )


@given(DAYS, st.integers(0, 60), st.integers(1, 24), st.sampled_from(ZONES))
@example(date(2018, 11, 3), 0, 24, "America/Sao_Paulo")
@example(date(2022, 3, 26), 0, 24, "Asia/Beirut")
def test_b3_a_quote_ends_as_the_notice_begins_to_refuse(check_in: date, notice: int, hour: int, timezone: str) -> None:
    """B3, B4: from that instant on the calendar refuses the arrival for its notice, and just before not yet."""
    calendar = calendar_of(check_in, notice=notice, hour=hour)
    until = bookable_until(calendar, check_in, timezone)
    for instant, refuses in ((until, True), (until - timedelta(microseconds=1), False)):
        local = instant.astimezone(ZoneInfo(timezone))
        refused = calendar.refuse(Stay(check_in, check_in + timedelta(days=1)), today=local.date(), hour=local.hour)
        assert (refused is not None and refused.rule in OF_NOTICE) is refuses


def test_b3_control_a_day_is_not_24_hours() -> None:
    """Control: reckoned in hours from the start of the day before, the end is an hour off as clocks change."""
    by_hours = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Lisbon")).astimezone(UTC) + timedelta(hours=24)
    until = bookable_until(calendar_of(date(2026, 10, 25)), date(2026, 10, 25), "Europe/Lisbon")
    assert until - by_hours == timedelta(hours=1)


def test_a_quote_ends_with_its_time_or_with_the_notice() -> None:
    """Whichever comes first."""
    now, valid = datetime(2026, 6, 15, 12, tzinfo=UTC), timedelta(minutes=30)
    assert quote_expiry(now, valid=valid, bookable_until=now + timedelta(days=1)) == now + valid
    assert quote_expiry(now, valid=valid, bookable_until=now + timedelta(minutes=5)) == now + timedelta(minutes=5)
