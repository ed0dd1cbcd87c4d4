"""Rules that look farther than the arrival: every night of a stay, the nights beside it, and the hour of booking."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.calendar import HORIZON_NIGHTS, Refusal, RefusedStay, StayCalendar
from lodestay.stay import Stay

TODAY = date(2026, 6, 15)
LENGTH = 40


def calendar(*, start: date = TODAY, **columns: Any) -> StayCalendar:
    """Forty free nights without rules, but for the scalars and the columns given as {night: value}."""
    arrays = {name: value for name, value in columns.items() if isinstance(value, dict)}
    plain = StayCalendar(
        start=start,
        price_minor=np.full(LENGTH, 100, dtype=np.int64),
        free=np.ones(LENGTH, dtype=bool),
        min_stay=np.ones(LENGTH, dtype=np.int32),
        max_stay=np.full(LENGTH, 365, dtype=np.int32),
        closed_to_arrival=np.zeros(LENGTH, dtype=bool),
        closed_to_departure=np.zeros(LENGTH, dtype=bool),
        min_stay_through=np.ones(LENGTH, dtype=np.int32),
        max_stay_through=np.full(LENGTH, 365, dtype=np.int32),
        preparation=np.zeros(LENGTH, dtype=bool),
        **{"advance_notice_days": 0, **{name: value for name, value in columns.items() if name not in arrays}},
    )
    for name, values in arrays.items():
        for night, value in values.items():
            getattr(plain, name)[night] = value
    return plain


def stay(first: int, nights: int) -> Stay:
    """A stay so many days from today."""
    return Stay(TODAY + timedelta(days=first), TODAY + timedelta(days=first + nights))


def taken(*nights: int) -> dict[int, bool]:
    """Nights that somebody has."""
    return dict.fromkeys(nights, False)


@pytest.mark.parametrize(
    ("columns", "asked", "expected"),
    [
        ({"min_stay_through": {11: 4}}, stay(10, 3), Refusal.MIN_STAY_THROUGH),
        ({"min_stay_through": {11: 3}}, stay(10, 3), None),
        ({"min_stay_through": {9: 9, 13: 9}}, stay(10, 3), None),
        ({"max_stay_through": {12: 2}}, stay(10, 3), Refusal.MAX_STAY_THROUGH),
        ({"max_stay_through": {12: 3}}, stay(10, 3), None),
        ({"max_stay_through": {13: 1}}, stay(10, 3), None),
        ({"booking_window_days": 12}, stay(10, 3), Refusal.BOOKING_WINDOW),
        ({"booking_window_days": 13}, stay(10, 3), None),
        ({"free": taken(10), "preparation": {10: True}}, stay(10, 3), Refusal.PREPARATION),
        ({"free": taken(10, 11), "preparation": {10: True}}, stay(10, 3), Refusal.NIGHTS_TAKEN),
        ({"min_gap_nights": 2, "free": taken(8)}, stay(10, 3), Refusal.GAP),
        ({"min_gap_nights": 2, "free": taken(9)}, stay(10, 3), None),
        ({"min_gap_nights": 2, "free": taken(7)}, stay(10, 3), None),
        ({"min_gap_nights": 2, "free": taken(14)}, stay(10, 3), Refusal.GAP),
        ({"min_gap_nights": 2, "free": taken(13)}, stay(10, 3), None),
        ({"min_gap_nights": 2, "free": taken(15)}, stay(10, 3), None),
        ({"min_gap_nights": 3}, stay(1, 36), None),
        ({"min_gap_nights": 2, "preparation_days": 1, "free": taken(7)}, stay(10, 3), Refusal.GAP),
        ({"min_gap_nights": 2, "preparation_days": 1, "free": taken(8)}, stay(10, 3), None),
        ({"min_stay": {10: 5}, "fills_gaps": True, "free": taken(9, 13)}, stay(10, 3), None),
        ({"min_stay": {10: 5}, "fills_gaps": True, "free": taken(9, 14)}, stay(10, 3), Refusal.MIN_STAY),
        ({"min_stay": {10: 5}, "fills_gaps": True, "free": taken(8, 13)}, stay(10, 3), Refusal.MIN_STAY),
        ({"min_stay": {10: 5}, "fills_gaps": False, "free": taken(9, 13)}, stay(10, 3), Refusal.MIN_STAY),
        ({"min_stay_through": {11: 5}, "fills_gaps": True, "free": taken(9, 13)}, stay(10, 3), None),
        ({"max_stay": {10: 2}, "fills_gaps": True, "free": taken(9, 13)}, stay(10, 3), Refusal.MAX_STAY),
        ({"min_stay": {37: 5}, "fills_gaps": True, "free": taken(36)}, stay(37, 3), Refusal.MIN_STAY),
    ],
    ids=str,
)
def test_each_rule_at_its_edge(columns: dict[str, Any], asked: Stay, expected: Refusal | None) -> None:
    """Every rule refuses at its limit and not one night before; the end of the calendar is nobody's night."""
    refused = calendar(**columns).refuse(asked, today=TODAY)
    assert (None if refused is None else refused.rule) is expected


def test_refusals_name_their_nights() -> None:
    """Those with the rule in the way, and the hole that would be left."""
    through = calendar(min_stay_through={11: 4, 12: 5, 13: 9}).refuse(stay(10, 3), today=TODAY)
    assert through == RefusedStay(Refusal.MIN_STAY_THROUGH, tuple(stay(11, 2)), 5)
    gap = calendar(min_gap_nights=3, preparation_days=1, free=taken(6, 16)).refuse(stay(10, 3), today=TODAY)
    assert gap == RefusedStay(Refusal.GAP, (*stay(7, 2), *stay(14, 2)), 3)


@pytest.mark.parametrize("notice", [0, 2])
@pytest.mark.parametrize(("hour", "later"), [(None, False), (17, False), (18, True), (23, True)])
def test_last_booking_hour_moves_the_earliest_arrival_by_a_day(notice: int, hour: int | None, later: bool) -> None:  # noqa: FBT001
    """From six in the evening on the first day falls away, whatever the notice; who knows no hour is not asked."""
    rules = calendar(advance_notice_days=notice, last_booking_hour=18)
    at = {} if hour is None else {"hour": hour}
    first = rules.refuse(stay(notice, 1), today=TODAY, **at)
    assert first == (RefusedStay(Refusal.LAST_BOOKING_HOUR, (stay(notice, 1).check_in,), 18) if later else None)
    assert rules.refuse(stay(notice + 1, 1), today=TODAY, **at) is None


@given(notice=st.integers(0, 5), last=st.integers(1, 24), hours=st.integers(-200, 24))
def test_last_moment_is_where_the_notice_begins_to_refuse(notice: int, last: int, hours: int) -> None:
    """An hour at the place refuses an arrival for its notice exactly from `last_moment` on."""
    rules = calendar(advance_notice_days=notice, last_booking_hour=last)
    asked = stay(20, 1)
    days, hour = divmod(hours, 24)
    today = asked.check_in + timedelta(days=days)
    refused = replace(rules, start=today).refuse(asked, today=today, hour=hour)
    reasons = {Refusal.IN_THE_PAST, Refusal.ADVANCE_NOTICE, Refusal.LAST_BOOKING_HOUR}
    assert (refused is not None and refused.rule in reasons) == ((today, hour) >= rules.last_moment(asked.check_in))


lengths = st.lists(st.integers(1, 8), min_size=LENGTH, max_size=LENGTH)
longer = st.lists(st.integers(4, 14), min_size=LENGTH, max_size=LENGTH)
# A leap day, a turn of the year, and days of 23 and of 25 hours lie among the nights.
starts = st.sampled_from([date(2028, 2, 10), date(2026, 12, 12), date(2026, 3, 12), date(2026, 10, 10)])


@given(
    start=starts,
    shortest=lengths,
    longest=longer,
    by_arrival=lengths,
    first=st.integers(0, LENGTH - 15),
    nights=st.integers(1, 14),
)
def test_b6_minimum_by_arrival_and_by_every_night(
    *, start: date, shortest: list[int], longest: list[int], by_arrival: list[int], first: int, nights: int
) -> None:
    """B6: the arrival's minimum speaks of the arrival, a stay-through rule of each night, over every edge of dates."""
    rules = replace(
        calendar(start=start),
        min_stay=np.array(by_arrival, dtype=np.int32),
        min_stay_through=np.array(shortest, dtype=np.int32),
        max_stay_through=np.array(longest, dtype=np.int32),
    )
    asked = Stay(start + timedelta(days=first), start + timedelta(days=first + nights))
    refused = rules.refuse(asked, today=start)
    allowed = nights >= by_arrival[first] and all(
        shortest[(night - start).days] <= nights <= longest[(night - start).days] for night in asked
    )
    assert (refused is None) == allowed


def test_b6_control_reading_the_arrival_alone_lets_a_short_stay_into_a_long_night() -> None:
    """B6, control: with stay-through rules read at the arrival only, New Year's Eve goes for one night."""
    start = date(2026, 12, 20)
    eve = (date(2026, 12, 31) - start).days
    rules = calendar(start=start, min_stay_through={eve: 4})
    asked = Stay(date(2026, 12, 30), date(2027, 1, 1))
    refused = rules.refuse(asked, today=start)
    assert refused == RefusedStay(Refusal.MIN_STAY_THROUGH, (date(2026, 12, 31),), 4)
    assert rules.min_stay_through is not None
    careless = replace(rules, min_stay=rules.min_stay_through, min_stay_through=None)
    assert careless.refuse(asked, today=start) is None


@given(
    nights_taken=st.sets(st.integers(0, LENGTH - 1), max_size=8),
    first=st.integers(0, LENGTH - 1),
    nights=st.integers(1, 9),
    gap=st.integers(0, 5),
    preparation=st.integers(0, 3),
)
def test_no_stay_leaves_a_small_hole(
    nights_taken: set[int], first: int, nights: int, gap: int, preparation: int
) -> None:
    """Booked with its preparation, a stay is refused exactly where it makes a hole that is too small at its side."""
    if first + nights > LENGTH or nights_taken & set(range(first, first + nights)):
        return
    rules = calendar(free=taken(*nights_taken), min_gap_nights=gap, preparation_days=preparation)
    refused = rules.refuse(stay(first, nights), today=TODAY)
    after = nights_taken | set(range(first - preparation, first + nights + preparation))
    # Where the preparation reaches somebody's night there is no hole: what lies beyond that night was there before.
    end = first + nights
    meets_before = nights_taken & set(range(first - preparation, first))
    meets_after = nights_taken & set(range(end, end + preparation))
    hole_before = 0 if meets_before else _hole(after, nights_taken, first - preparation - 1, -1)
    hole_after = 0 if meets_after else _hole(after, nights_taken, end + preparation, 1)
    assert (refused is not None) == any(0 < hole < gap for hole in (hole_before, hole_after))


def _hole(after: set[int], others: set[int], night: int, step: int) -> int:
    """Free nights from one on, in one direction, up to somebody's; 0 where the calendar ends before."""
    count = 0
    while 0 <= night < LENGTH and night not in after:
        count, night = count + 1, night + step
    return count if night in others else 0


@given(
    nights_taken=st.sets(st.integers(0, LENGTH - 1), max_size=12),
    gap=st.integers(0, 5),
    preparation=st.integers(0, 3),
    first=st.integers(0, LENGTH - 1),
    nights=st.integers(1, 9),
)
def test_columns_of_gaps_say_what_the_rule_says(
    nights_taken: set[int], gap: int, preparation: int, first: int, nights: int
) -> None:
    """What the index is built of, a date at a time, is the rule's answer for a stay."""
    if first + nights > LENGTH or nights_taken & set(range(first, first + nights)):
        return
    rules = calendar(free=taken(*nights_taken), min_gap_nights=gap, preparation_days=preparation, fills_gaps=True)
    arrivals, departures = rules.gap_closed()
    refused = rules.refuse(stay(first, nights), today=TODAY)
    assert (refused is not None) == bool(arrivals[first] or departures[first + nights])
    patient = replace(rules, min_stay=np.full(LENGTH, 99, dtype=np.int32), min_gap_nights=0)
    filled = patient.refuse(stay(first, nights), today=TODAY) is None
    assert filled == (rules.fillers()[first] == nights)


def test_booking_window_ends_no_later_than_the_horizon() -> None:
    """A host may say two years; what can be booked still ends with the horizon."""
    wide = replace(calendar(booking_window_days=730), start=TODAY + timedelta(days=HORIZON_NIGHTS - 10))
    last = Stay(TODAY + timedelta(days=HORIZON_NIGHTS - 2), TODAY + timedelta(days=HORIZON_NIGHTS))
    beyond = Stay(last.check_in, last.check_out + timedelta(days=1))
    assert wide.refuse(last, today=TODAY) is None
    refused = wide.refuse(beyond, today=TODAY)
    assert refused is not None
    assert refused.rule is Refusal.OUTSIDE_CALENDAR
