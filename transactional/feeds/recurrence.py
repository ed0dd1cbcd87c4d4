"""Events that repeat, laid out over a window: pure.

A rule is a stranger's program. Only rules that end, or that come round within the window often enough to be
counted, are laid out: an interval of 0, a 30 February or a rule by the second would run for minutes or for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import recurring_ical_events
from icalendar import Calendar, Event

from transactional.feeds.errors import TooManyEvents, UnreadableEvent
from transactional.feeds.lines import MAX_EVENTS

REPEATING = ("RRULE", "RDATE", "RECURRENCE-ID")
MAX_RULES = 50
"""Rules in one calendar: each costs up to ten years of days."""
OLDEST_RULE = timedelta(days=3660)
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY"}
_EVERY_MONTH = range(-28, 29)
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


def _require_bounded(rule: dict[str, list[object]], event: Event, start: date) -> None:
    said = {str(name).upper(): values for name, values in rule.items()}
    begin = event["DTSTART"].dt
    first = begin.date() if isinstance(begin, datetime) else begin
    frequency = str(next(iter(said.get("FREQ", [])), "")).upper()
    every = said.get("INTERVAL", [1])
    plain = every == [1]
    days = [value for value in said.get("BYMONTHDAY", []) if isinstance(value, int)]
    reasons = (
        set(said) - _PARTS,
        frequency not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"},
        len(every) != 1 or not isinstance(every[0], int) or every[0] < 1,
        start - first > OLDEST_RULE,
        # What is left must come round within the calendar that ends in the year 9999, and soon.
        not plain and said.keys() & {"BYMONTH", "BYMONTHDAY"},
        not plain and frequency == "DAILY" and "BYDAY" in said,
        "BYMONTH" in said and any(day not in _EVERY_MONTH for day in days),
        frequency in {"DAILY", "WEEKLY"} and days,
        any(abs(_ordinal(day)) > MAX_ORDINAL for day in said.get("BYDAY", [])),
    )
    if any(reasons):
        raise UnreadableEvent(
            f"An event that repeats from {first} on has a rule that is not laid out here.",
            hint="Enter its nights one by one.",
        )


def _ordinal(day: object) -> int:
    """The 2 of `2MO`; 0 where there is none."""
    number = str(day)[:-2].lstrip("+")
    return int(number) if number.lstrip("-").isdigit() else 0


def _several(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
