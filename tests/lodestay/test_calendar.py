"""The one rule that refuses a stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodestay.calendar import HORIZON_NIGHTS, WEEKEND_NIGHTS, Refusal, StayCalendar, is_weekend, weekdays
from lodestay.stay import Stay

TODAY = date(2026, 6, 15)
LENGTH = 40


def calendar(**columns: Any) -> StayCalendar:
    """Forty free nights from today without rules, but for the columns given as {night: value}."""
    plain = StayCalendar(
        start=TODAY,
        price_minor=np.arange(LENGTH, dtype=np.int64) * 100,
        free=np.ones(LENGTH, dtype=bool),
        min_stay=np.ones(LENGTH, dtype=np.int32),
        max_stay=np.full(LENGTH, 30, dtype=np.int32),
        closed_to_arrival=np.zeros(LENGTH, dtype=bool),
        closed_to_departure=np.zeros(LENGTH, dtype=bool),
        advance_notice_days=columns.pop("advance_notice_days", 0),
    )
    for name, values in columns.items():
        for night, value in values.items():
            getattr(plain, name)[night] = value
    return plain


def stay(first: int, nights: int) -> Stay:
    """A stay so many days from today."""
    return Stay(TODAY + timedelta(days=first), TODAY + timedelta(days=first + nights))


def rule(of: StayCalendar, asked: Stay) -> Refusal | None:
    """Name of the rule in the way."""
    refused = of.refuse(asked, today=TODAY)
    return None if refused is None else refused.rule


@pytest.mark.parametrize(
    ("columns", "asked", "expected"),
    [
        ({}, stay(-1, 2), Refusal.IN_THE_PAST),
        ({}, stay(0, 1), None),
        ({"advance_notice_days": 2}, stay(1, 1), Refusal.ADVANCE_NOTICE),
        ({"advance_notice_days": 2}, stay(2, 1), None),
        ({}, stay(39, 1), None),
        ({}, stay(39, 2), Refusal.OUTSIDE_CALENDAR),
        ({"free": {12: False}}, stay(10, 3), Refusal.NIGHTS_TAKEN),
        ({"free": {13: False}}, stay(10, 3), None),
        ({"free": {9: False}}, stay(10, 3), None),
        ({"min_stay": {10: 4}}, stay(10, 3), Refusal.MIN_STAY),
        ({"min_stay": {10: 3}}, stay(10, 3), None),
        ({"min_stay": {11: 9}}, stay(10, 3), None),
        ({"max_stay": {10: 2}}, stay(10, 3), Refusal.MAX_STAY),
        ({"max_stay": {10: 3}}, stay(10, 3), None),
        ({"closed_to_arrival": {10: True}}, stay(10, 3), Refusal.CLOSED_TO_ARRIVAL),
        ({"closed_to_arrival": {11: True, 13: True}}, stay(10, 3), None),
        ({"closed_to_departure": {13: True}}, stay(10, 3), Refusal.CLOSED_TO_DEPARTURE),
        ({"closed_to_departure": {10: True, 12: True}}, stay(10, 3), None),
    ],
    ids=str,
)
def test_each_rule_at_its_edge(columns: dict[str, Any], asked: Stay, expected: Refusal | None) -> None:
    """B1, B6: every rule refuses at its limit and not one night before; rules of arrival look at arrival alone."""
    assert rule(calendar(**columns), asked) is expected


def test_refusal_names_the_nights() -> None:
    """Exactly those of the stay that are taken."""
    refused = calendar(free={9: False, 11: False, 12: False, 13: False}).refuse(stay(10, 3), today=TODAY)
    assert refused is not None
    assert refused.nights == tuple(stay(11, 2))


def test_nothing_beyond_the_horizon() -> None:
    """A calendar may be longer; what can be booked ends a year from today."""
    columns: dict[str, Any] = {
        name: np.resize(getattr(calendar(), name), 500)
        for name in ("price_minor", "free", "min_stay", "max_stay", "closed_to_arrival", "closed_to_departure")
    }
    long = replace(calendar(), **columns)
    assert rule(long, stay(HORIZON_NIGHTS - 3, 3)) is None
    assert rule(long, stay(HORIZON_NIGHTS - 2, 3)) is Refusal.OUTSIDE_CALENDAR


def test_night_before_the_window_is_outside() -> None:
    """A window that begins tomorrow says nothing of tonight: no column is read from the other end."""
    later = replace(calendar(), start=TODAY + timedelta(days=1))
    assert rule(later, stay(0, 2)) is Refusal.OUTSIDE_CALENDAR


@given(taken=st.sets(st.integers(0, LENGTH - 1)), first=st.integers(0, LENGTH - 1), nights=st.integers(1, 10))
def test_b1_free_stays_are_those_whose_nights_are_all_free(taken: set[int], first: int, nights: int) -> None:
    """B1: with no other rule, availability is the nights and nothing else."""
    asked = set(range(first, first + nights))
    refused = rule(calendar(free=dict.fromkeys(taken, False)), stay(first, nights))
    if first + nights > LENGTH:
        assert refused is Refusal.OUTSIDE_CALENDAR
    else:
        assert refused is (Refusal.NIGHTS_TAKEN if asked & taken else None)


def test_prices_are_the_stays_own() -> None:
    """From check-in on, as many as nights."""
    assert calendar().nightly_prices(stay(10, 3)).tolist() == [1000, 1100, 1200]


@given(st.lists(st.dates(), max_size=20))
def test_weekdays_of_many_nights_are_those_of_each(nights: list[date]) -> None:
    """The arithmetic on arrays agrees with the calendar of the standard library, before 1970 too."""
    array = np.array(nights, dtype="datetime64[D]")
    assert weekdays(array).tolist() == [night.weekday() for night in nights]
    assert is_weekend(array).tolist() == [night.weekday() in WEEKEND_NIGHTS for night in nights]
