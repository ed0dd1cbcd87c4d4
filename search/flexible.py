"""Flexible dates: what a guest would take, as the list of stays that it comes to. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Protocol

from lodestay.calendar import HORIZON_NIGHTS, WEEKEND_NIGHTS
from lodestay.pricing import MONTH_NIGHTS, WEEK_NIGHTS
from lodestay.stay import Stay
from search.request import InvalidSearch
from search.today import Today

MAX_DAYS: Final = 7
"""Days that an arrival may move either way."""
MAX_MONTHS: Final = 12
"""Months that may be named, or looked ahead: as far as the horizon."""
MOST_STAYS: Final = HORIZON_NIGHTS
"""Stays that a wish may come to: of one length, so an arrival for each day until the horizon."""


class Trip(StrEnum):
    """How long a guest would stay where only the months are known."""

    WEEKEND = "weekend"
    LONG_WEEKEND = "long_weekend"
    WEEK = "week"
    MONTH = "month"

    @property
    def nights(self) -> int:
        """Nights of it: Friday's and Saturday's, Sunday's too, seven, and as many as take the monthly discount."""
        return {
            Trip.WEEKEND: len(WEEKEND_NIGHTS),
            Trip.LONG_WEEKEND: len(WEEKEND_NIGHTS) + 1,
            Trip.WEEK: WEEK_NIGHTS,
            Trip.MONTH: MONTH_NIGHTS,
        }[self]

    def begins_on(self, day: date) -> bool:
        """Whether it may begin on a day: weekends do on Fridays."""
        return self not in {Trip.WEEKEND, Trip.LONG_WEEKEND} or day.weekday() == WEEKEND_NIGHTS[0]


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month that a day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month:
        """Read a month written YYYY-MM."""
        return cls.of(date.fromisoformat(f"{text}-01"))

    def __str__(self) -> str:
        """Write it as :meth:`read` reads it."""
        return f"{self.year:04}-{self.month:02}"

    def after(self, months: int) -> Month:
        """Return the month so many months on."""
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    def day(self, number: int) -> date:
        """Return a day of the month, or its last one where it is shorter."""
        return date(self.year, self.month, min(number, monthrange(self.year, self.month)[1]))

    @property
    def span(self) -> Span:
        """Its nights."""
        return Span(self.day(1), self.after(1).day(1))


@dataclass(frozen=True, slots=True)
class Span:
    """Nights from `start` up to, and without, `end`."""

    start: date
    end: date


class Wish(Protocol):
    """What a guest would take."""

    def stays(self, today: date) -> Iterable[Stay]:
        """Every stay that would do, at least one, all of one length; some may have passed or lie too far ahead."""


@dataclass(frozen=True, slots=True)
class AroundDates:
    """A stay, or one of the same length up to some days earlier or later."""

    stay: Stay
    days: int

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_DAYS:
            raise InvalidSearch(
                f"Dates cannot move by {self.days} days.", hint=f"Send 1 to {MAX_DAYS}, or nothing for fixed dates."
            )

    def stays(self, today: date) -> Iterable[Stay]:
        """List the stay and those around it."""
        del today  # it is the same whenever it is asked
        return (_moved(self.stay, days) for days in range(-self.days, self.days + 1))


@dataclass(frozen=True, slots=True)
class InMonths:
    """A trip with all of its nights in the months named; months that follow one another are one stretch."""

    trip: Trip
    months: tuple[Month, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(set(self.months)) <= MAX_MONTHS:
            raise InvalidSearch(
                f"{len(set(self.months))} months cannot be searched.", hint=f"Name 1 to {MAX_MONTHS} months."
            )

    def stays(self, today: date) -> Iterable[Stay]:
        """List the trips that lie in the months."""
        del today
        return _trips(self.trip, (month.span for month in self.months))


@dataclass(frozen=True, slots=True)
class MonthsAhead:
    """A trip from today on, over before the same day of the month so many months on."""

    trip: Trip
    months: int

    def __post_init__(self) -> None:
        if not 1 <= self.months <= MAX_MONTHS:
            raise InvalidSearch(f"{self.months} months ahead cannot be searched.", hint=f"Send 1 to {MAX_MONTHS}.")

    def stays(self, today: date) -> Iterable[Stay]:
        """List the trips that lie before then."""
        return _trips(self.trip, [Span(today, Month.of(today).after(self.months).day(today.day))])


def dates_of(when: Stay | Wish | None, *, today: Today) -> tuple[Stay | None, tuple[Stay, ...]]:
    """What a search request holds of its dates: the one stay, or those of a wish (:func:`stays_of`), or neither."""
    if when is None or isinstance(when, Stay):
        return when, ()
    return None, stays_of(when, today=today)


def stays_of(wish: Wish, *, today: Today) -> tuple[Stay, ...]:
    """List the stays that fulfil a wish and can be asked for, the earliest first.

    Parameters
    ----------
    today
        What has passed wherever a listing may be found is left out, and what lies beyond the horizon.

    Returns
    -------
    tuple
        At most :data:`MOST_STAYS`, all of one length.

    Raises
    ------
    InvalidSearch
        There is none: all have passed, or nobody can book them yet.
    """
    every = sorted(set(wish.stays(today.here)), key=lambda stay: stay.check_in)
    stays = tuple(stay for stay in every if today.is_askable(stay))
    if stays:
        return stays
    raise not_askable(every, today=today)


def not_askable(stays: Sequence[Stay], *, today: Today) -> InvalidSearch:
    """Say that none of some stays, the earliest first, can be asked for: they begin too early or end too late.

    It speaks of stays, not of dates: a month that has no room left for a week may have days to come.
    """
    horizon, last = today.here + timedelta(days=HORIZON_NIGHTS), stays[-1]
    if last.check_in >= today.here:
        return InvalidSearch(
            f"None of these dates can be booked: today is {today.here}, and stays end by {horizon}.",
            hint="Choose dates between the two.",
        )
    return InvalidSearch(
        f"The last of these stays would have begun on {last.check_in}; today is {today.here}.",
        hint="Choose later dates.",
    )


def arrivals_in(months: Collection[Month], nights: int) -> tuple[Stay, ...]:
    """List the stays of a length that arrive on a day of the months, the earliest first: past ones too.

    Raises
    ------
    InvalidStay
        There are no stays of this length.
    """
    return tuple(
        Stay(day, day + timedelta(days=nights))
        for span in _joined(month.span for month in months)
        for day in _days(span)
    )


def _moved(stay: Stay, days: int) -> Stay:
    by = timedelta(days=days)
    return Stay(stay.check_in + by, stay.check_out + by)


def _trips(trip: Trip, spans: Iterable[Span]) -> Iterator[Stay]:
    length = timedelta(days=trip.nights)
    for span in _joined(spans):
        for day in _days(Span(span.start, span.end - length + timedelta(days=1))):
            if trip.begins_on(day):
                yield Stay(day, day + length)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap as one."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def _days(span: Span) -> Iterator[date]:
    return (span.start + timedelta(days=n) for n in range((span.end - span.start).days))
