"""What an edit makes of a calendar, night by night: pure, so that a preview and the edit itself cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import StayCalendar
from lodestay.stay import MAX_NIGHTS
from transactional.calendars.errors import ClashingStayRules, InvalidCalendarEdit, InvalidWindow, NightsArePast
from transactional.calendars.rules import SAYS_NOTHING, NightColumns, Window

Value = int | bool | None

MAX_EDIT_NIGHTS: Final = 2 * MAX_NIGHTS
"""Nights that one edit can speak of, from the first to the last."""
MAX_PRICE_MINOR: Final = 10**12
"""A night costs less, in any currency."""
LIMITS: Final = {
    "price_minor": (1, MAX_PRICE_MINOR - 1),
    "min_stay": (1, MAX_NIGHTS),
    "max_stay": (1, MAX_NIGHTS),
    "min_stay_through": (1, MAX_NIGHTS),
    "max_stay_through": (1, MAX_NIGHTS),
}
"""Least and greatest number that a night can say for itself; None says nothing."""
FLAGS: Final = ("closed_to_arrival", "closed_to_departure")


@dataclass(frozen=True)
class NightsEdit:
    """What a host says of nights.

    Attributes
    ----------
    spans
        Where the nights are; they may overlap.
    weekdays
        Which of them, as `date.weekday` counts; None for all.
    changes
        By column of `calendar_nights`: a value, or None to return to the rate plan and the season.
    """

    spans: tuple[Window, ...]
    weekdays: frozenset[int] | None
    changes: Mapping[str, Value]

    @property
    def hull(self) -> Window:
        """From the first span to the last."""
        return Window(min(span.start for span in self.spans), max(span.end for span in self.spans))

    def nights(self) -> list[date]:
        """Every night that is meant, in order."""
        meant = sorted({night for span in self.spans for night in span.dates()})
        return [night for night in meant if self.weekdays is None or night.weekday() in self.weekdays]

    def require_sense(self, *, today: date) -> None:
        """Raise where the edit says nothing, too much, what no night can have, or speaks of the past."""
        if not self.changes:
            raise InvalidCalendarEdit("The edit changes nothing.", hint="Say what the nights shall have.")
        if self.hull.nights > MAX_EDIT_NIGHTS:
            raise InvalidWindow(
                f"{self.hull.nights} nights are more than {MAX_EDIT_NIGHTS}.", hint="Edit fewer at a time."
            )
        for name, value in self.changes.items():
            low, high = LIMITS.get(name, (0, 1))
            if value is not None and not low <= value <= high:
                raise InvalidCalendarEdit(
                    f"A night cannot have {value} as {name}.", hint=f"Send {low} to {high}, or null.", field=name
                )
        nights = self.nights()
        if not nights:
            raise InvalidWindow("No night of the ranges is on one of the weekdays.", hint="Send others.")
        if past := [night for night in nights if night < today]:
            raise NightsArePast(past, today=today)


@dataclass(frozen=True, slots=True)
class NightTerms:
    """What a night costs and allows; None where nothing is said: no price, no rule of every night."""

    price_minor: int | None
    min_stay: int
    max_stay: int
    min_stay_through: int | None
    max_stay_through: int | None
    closed_to_arrival: bool
    closed_to_departure: bool

    @classmethod
    def of(cls, calendar: StayCalendar, column: int) -> NightTerms:
        """Read a night of a calendar that is laid out for prices alone."""
        low, high = calendar.min_stay_through, calendar.max_stay_through
        return cls(
            price_minor=int(calendar.price_minor[column]) if calendar.free[column] else None,
            min_stay=int(calendar.min_stay[column]),
            max_stay=int(calendar.max_stay[column]),
            min_stay_through=None if low is None or low[column] == 1 else int(low[column]),
            max_stay_through=None if high is None or high[column] == MAX_NIGHTS else int(high[column]),
            closed_to_arrival=bool(calendar.closed_to_arrival[column]),
            closed_to_departure=bool(calendar.closed_to_departure[column]),
        )


@dataclass(frozen=True, slots=True)
class ChangedRun:
    """Nights in a row that change in the same way: from `start` up to, and without, `end`."""

    start: date
    end: date
    before: NightTerms
    after: NightTerms


def overlay(columns: NightColumns, nights: Sequence[date], changes: Mapping[str, Value]) -> NightColumns:
    """Single nights' own words once some nights say something else."""
    wanted = np.array(nights, dtype="datetime64[D]")
    silent = np.setdiff1d(wanted, columns.night)
    grown = {
        field.name: np.concatenate([getattr(columns, field.name), _nothing(field.name, silent, columns)])
        for field in fields(columns)
    }
    chosen = np.isin(grown["night"], wanted)
    for name, value in changes.items():
        unsaid = False if name in FLAGS else SAYS_NOTHING
        grown[name][chosen] = unsaid if value is None else value
    return NightColumns(**grown)


def _nothing(name: str, nights: NDArray[np.datetime64], columns: NightColumns) -> NDArray[Any]:
    if name == "night":
        return nights
    return np.full(len(nights), False if name in FLAGS else SAYS_NOTHING, dtype=getattr(columns, name).dtype)


def changed_runs(before: StayCalendar, after: StayCalendar) -> list[ChangedRun]:
    """Nights that cost or allow something else in one of two calendars of the same window."""
    runs: list[ChangedRun] = []
    for column in range(len(before.free)):
        was, becomes = NightTerms.of(before, column), NightTerms.of(after, column)
        if was == becomes:
            continue
        night = before.start + timedelta(days=column)
        end = night + timedelta(days=1)
        if runs and runs[-1].end == night and (runs[-1].before, runs[-1].after) == (was, becomes):
            runs[-1] = replace(runs[-1], end=end)
        else:
            runs.append(ChangedRun(night, end, was, becomes))
    return runs


def require_no_new_clash(before: StayCalendar, after: StayCalendar) -> None:
    """Raise where an edit makes a night on which no stay can arrive, its shortest being longer than its longest."""
    (shortest, longest), (was_shortest, was_longest) = _bounds(after), _bounds(before)
    clashes = np.flatnonzero((shortest > longest) & ~(was_shortest > was_longest))
    if clashes.size:
        first = int(clashes[0])
        raise ClashingStayRules(
            [after.start + timedelta(days=int(n)) for n in clashes],
            shortest=int(shortest[first]),
            longest=int(longest[first]),
        )


def _bounds(calendar: StayCalendar) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    shortest, longest = calendar.min_stay, calendar.max_stay
    if calendar.min_stay_through is not None:
        shortest = np.maximum(shortest, calendar.min_stay_through)
    if calendar.max_stay_through is not None:
        longest = np.minimum(longest, calendar.max_stay_through)
    return shortest, longest


def nights_of_guests(stays: Iterable[tuple[date, date]], nights: Iterable[date]) -> list[date]:
    """Those of some nights that guests have."""
    spans = tuple(stays)
    return [night for night in nights if any(start <= night < end for start, end in spans)]
