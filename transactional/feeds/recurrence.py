"""Events that repeat, laid out over a window: pure.

A rule is a stranger's program. Only rules that end, or that come round within the window often enough to be
counted, are laid out: an interval of 0, a 30 February or a rule by the second would run for minutes or for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Event

from transactional.feeds.errors import TooManyEvents, UnreadableEvent
from transactional.feeds.lines import MAX_EVENTS

REPEATING = ("RRULE", "RDATE", "RECURRENCE-ID")
MAX_RULES = 20
"""Rules in one calendar: each costs up to ten years of days."""
OLDEST_RULE = timedelta(days=3660)
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY"}
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days that each month can have."""
MAX_ORDINAL = 5


def repeats(event: Event) -> bool:
    """Whether an event stands for several, or for one of several."""
    return any(name in event for name in REPEATING)


def rules_of(events: Sequence[Event]) -> int:
    """How many rules and single dates have to be laid out."""
    return sum(len(_several(event.get("RRULE"))) for event in events)


def occurrences(events: Sequence[Event], *, start: date, end: date) -> list[Event]:
    """Every event of a series, of one UID, that touches the window.

    Raises
    ------
    UnreadableEvent
        The series has a rule that is not laid out.
    TooManyEvents
        It has more events than a calendar may have.
    """
    for event in events:
        for rule in _several(event.get("RRULE")):
            _require_bounded(rule, event, start)
        dates = sum(len(each.dts) for name in ("RDATE", "EXDATE") for each in _several(event.get(name)))
        if dates > MAX_EVENTS:
            raise TooManyEvents(limit=MAX_EVENTS)
    series = Calendar()
    for event in events:
        series.add_component(event)
    found: list[Event] = recurring_ical_events.of(series).between(start - timedelta(days=1), end)
    return found


def _require_bounded(rule: Mapping[str, Sequence[object]], event: Event, start: date) -> None:
    begin: Any = _several(event["DTSTART"])[0].dt
    first: date = begin.date() if isinstance(begin, datetime) else begin
    said = {str(name).upper(): values for name, values in rule.items()}
    if set(said) - _PARTS or start - first > OLDEST_RULE or not _comes_round(said, first):
        raise UnreadableEvent(
            f"An event that repeats from {first} on has a rule that is not laid out here.",
            hint="Enter its nights one by one.",
        )


def _comes_round(said: Mapping[str, Sequence[object]], first: date) -> bool:
    """Whether a rule is plain enough to be sure that it soon matches again, and again."""
    frequency = str(next(iter(said.get("FREQ", [])), "")).upper()
    every = list(said.get("INTERVAL", [1]))
    months, month_days = _numbers(said.get("BYMONTH", [])), _numbers(said.get("BYMONTHDAY", []))
    days = said.get("BYDAY", [])
    if frequency not in _FREQUENCIES or len(every) != 1 or not isinstance(every[0], int) or every[0] < 1:
        return False
    if every != [1] and (months or month_days or (days and frequency == "DAILY")):
        return False
    if month_days and (days or frequency in {"DAILY", "WEEKLY"}):
        return False
    if not all(1 <= month <= len(_DAYS) for month in months) or any(abs(_ordinal(day)) > MAX_ORDINAL for day in days):
        return False
    if months and not days and not month_days and frequency in {"MONTHLY", "YEARLY"}:
        month_days = [first.day]  # which the rule then means
    longest = max((_DAYS[month - 1] for month in months), default=max(_DAYS))
    return all(1 <= abs(day) <= longest for day in month_days)


def _numbers(values: Sequence[object]) -> list[int]:
    return [value if isinstance(value, int) else 0 for value in values]


def _ordinal(day: object) -> int:
    """The 2 of `2MO`; 0 where there is none."""
    number = str(day)[:-2].lstrip("+")
    return int(number) if number.lstrip("-").isdigit() else 0


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
