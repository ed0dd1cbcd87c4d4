"""Dates, hours and zones: a stay is made of dates, and an hour of it is one of its own day, where the listing is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.calendar import StayCalendar
from lodestay.clock import FixedClock, local_instant, now_in, today_in
from lodestay.stay import Stay

ZONES = (
    "Europe/Lisbon",
    "Africa/Casablanca",  # an hour back for the month of Ramadan
    "Africa/Cairo",  # the clocks skip midnight
    "Asia/Beirut",  # likewise
    "America/Santiago",  # likewise, in the south
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",  # a quarter of an hour off
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Kiritimati",  # fourteen hours ahead
    "Pacific/Pago_Pago",  # eleven behind, the same day two dates later
)
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def by_the_clock(stay: Stay, zone: str) -> int:
    """The careless count: hours between the two midnights, by 24."""
    first, last = (
        datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in (stay.check_in, stay.check_out)
    )
    return (last - first) // timedelta(hours=24)


@given(first=days, nights=st.integers(1, 30), zone=st.sampled_from(ZONES), hour=st.integers(0, 23))
def test_b3_a_stay_has_its_dates_whatever_the_clocks_do(first: date, nights: int, zone: str, hour: int) -> None:
    """B3: nights are dates, also where a day has 23 or 25 hours or no midnight; prices are those of the dates."""
    stay = Stay(first, first + timedelta(days=nights))
    assert len(list(stay)) == stay.nights == nights
    calendar = _calendar(first - timedelta(days=3), 40)
    assert calendar.nightly_prices(stay).tolist() == [night.toordinal() for night in stay]
    clock = FixedClock(local_instant(first, hour, zone))
    assert calendar.refuse(stay, today=today_in(zone, clock)) is None
    yesterday = FixedClock(local_instant(first - timedelta(days=1), hour, zone))
    assert calendar.refuse(stay, today=today_in(zone, yesterday)) is None
    tomorrow = FixedClock(local_instant(first + timedelta(days=1), hour, zone))
    assert calendar.refuse(stay, today=today_in(zone, tomorrow)) is not None


@pytest.mark.parametrize(
    ("zone", "stay", "counted"),
    [
        ("Europe/Lisbon", Stay(date(2026, 3, 29), date(2026, 3, 30)), 0),
        ("Africa/Casablanca", Stay(date(2026, 3, 22), date(2026, 3, 23)), 0),
        ("Pacific/Apia", Stay(date(2011, 12, 29), date(2011, 12, 31)), 1),
    ],
)
def test_b3_control_spans_of_24_hours_lose_a_night(zone: str, stay: Stay, counted: int) -> None:
    """B3, control: over a day of 23 hours, or none at all, the careless count is short; dates are not."""
    assert stay.nights == (stay.check_out - stay.check_in).days
    assert by_the_clock(stay, zone) == counted
    assert counted < stay.nights


@given(day=days, hour=st.integers(0, 23), zone=st.sampled_from(ZONES))
def test_b4_an_hour_is_the_stays_own_days(day: date, hour: int, zone: str) -> None:
    """B4: check-in at three is three where and when the stay is; an hour that the clocks skip is the one after."""
    instant = local_instant(day, hour, zone)
    shown = instant.astimezone(ZoneInfo(zone))
    skipped = shown.replace(tzinfo=None) - datetime.combine(day, time(hour))
    assert timedelta() <= skipped <= timedelta(hours=1)
    if not skipped:
        assert (shown.date(), shown.hour, shown.minute) == (day, hour, 0)
    assert today_in(zone, FixedClock(instant)) == day


def test_b4_control_todays_offset_is_an_hour_wrong_in_the_other_half_of_the_year() -> None:
    """B4, control: a summer stay asked for in winter, with winter's offset, begins at four."""
    zone, day = ZoneInfo("Europe/Lisbon"), date(2026, 7, 10)
    now = datetime(2026, 1, 15, 12, tzinfo=zone)
    careless = datetime.combine(day, time(15)).replace(tzinfo=UTC) - (now.utcoffset() or timedelta())
    assert careless.astimezone(zone).hour == 16
    assert local_instant(day, 15, "Europe/Lisbon").astimezone(zone).hour == 15


@pytest.mark.parametrize(
    ("zone", "instant", "shown"),
    [
        ("Africa/Cairo", datetime(2026, 4, 23, 22, 0, tzinfo=UTC), "2026-04-24T01:00"),
        ("Pacific/Apia", datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "2011-12-29T23:59"),
        ("Pacific/Apia", datetime(2011, 12, 30, 10, 0, tzinfo=UTC), "2011-12-31T00:00"),
        ("Pacific/Kiritimati", datetime(2026, 12, 31, 10, 0, tzinfo=UTC), "2027-01-01T00:00"),
        ("Europe/Lisbon", datetime(2028, 2, 29, 23, 30, tzinfo=UTC), "2028-02-29T23:30"),
    ],
)
def test_b4_what_the_clocks_show(zone: str, instant: datetime, shown: str) -> None:
    """B4: over a midnight that is not, a date that is not, a turn of the year and a leap day."""
    local = now_in(zone, FixedClock(instant))
    assert local.isoformat().startswith(shown)
    assert today_in(zone, FixedClock(instant)).isoformat() == shown[:10]


stays = st.builds(lambda first, nights: Stay(first, first + timedelta(days=nights)), days, st.integers(1, 20))


@given(a=stays, after=st.integers(-25, 25), nights=st.integers(1, 20))
def test_b1_two_stays_exclude_each_other_exactly_where_they_share_a_night(a: Stay, after: int, nights: int) -> None:
    """B1: a calendar with one stay taken takes another beside it, both ways round, and none over it."""
    first = a.check_in + timedelta(days=after)
    b = Stay(first, first + timedelta(days=nights))
    for taken, asked in ((a, b), (b, a)):
        calendar = _calendar(min(a.check_in, b.check_in), 80)
        calendar.free[calendar.index(taken.check_in) : calendar.index(taken.check_out)] = False
        shares = bool(set(taken) & set(asked))
        assert (calendar.refuse(asked, today=calendar.start) is not None) == shares
        assert shares == (taken.check_in < asked.check_out and asked.check_in < taken.check_out)


def test_b1_control_closed_intervals_keep_back_to_back_stays_apart() -> None:
    """B1, control: with the day of departure counted as taken, the next guest's arrival that day is refused."""
    first, second = Stay(date(2026, 6, 1), date(2026, 6, 4)), Stay(date(2026, 6, 4), date(2026, 6, 6))
    calendar = _calendar(first.check_in, 10)
    calendar.free[: first.nights] = False
    assert calendar.refuse(second, today=first.check_in) is None
    calendar.free[: first.nights + 1] = False
    assert calendar.refuse(second, today=first.check_in) is not None


def _calendar(start: date, nights: int) -> StayCalendar:
    """Free nights without rules, each of which costs its own number."""
    return StayCalendar(
        start=start,
        price_minor=start.toordinal() + np.arange(nights),
        free=np.ones(nights, dtype=bool),
        min_stay=np.ones(nights, dtype=np.int32),
        max_stay=np.full(nights, 365, dtype=np.int32),
        closed_to_arrival=np.zeros(nights, dtype=bool),
        closed_to_departure=np.zeros(nights, dtype=bool),
        advance_notice_days=0,
    )
