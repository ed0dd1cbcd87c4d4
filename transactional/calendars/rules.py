"""A listing's calendar from its rate plan, seasons, single nights and occupied ranges: pure, over columns.

The API, the Spark jobs and the outbox relay call :func:`build_calendar`, so that a night costs and
allows the same wherever it is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lodestay.calendar import DAY_HOURS, HORIZON_NIGHTS, StayCalendar, weekend_days
from lodestay.pricing import share
from lodestay.stay import MAX_NIGHTS, Stay
from transactional.calendars.errors import InvalidWindow

SAYS_NOTHING = -1
"""In a column of a night's own prices and rules: what the rate plan and the season say stands."""
KINDS_OF_GUESTS = frozenset({"booking", "hold"})
"""Kinds of occupancy that the host prepares for."""


@dataclass(frozen=True, slots=True)
class Window:
    """Nights from `start` up to, and without, `end`; of any length, in the past or to come.

    With `margin`, each calendar has the nights beside them too that its rules on gaps look at.
    """

    start: date
    end: date
    margin: bool = False

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InvalidWindow(f"{self.end} is not after {self.start}.", hint="Name at least one night.")

    @classmethod
    def around(cls, *stays: Stay) -> Self:
        """Nights that decide on each of some stays: its own, its date of departure with its rule, what may be a gap."""
        start, end = min(stay.check_in for stay in stays), max(stay.check_out for stay in stays)
        return cls(start, end + timedelta(days=1), margin=True)

    @classmethod
    def of_the_year(cls, today: date) -> Self:
        """All nights that can be asked for wherever a listing is, whose date may be the one before UTC's or after."""
        return cls(today - timedelta(days=1), today + timedelta(days=HORIZON_NIGHTS + 2), margin=True)

    def widened(self, nights: int) -> Self:
        """With so many nights more at each end, where a margin is asked for."""
        if not self.margin or not nights:
            return self
        return replace(self, start=self.start - timedelta(days=nights), end=self.end + timedelta(days=nights))

    @property
    def nights(self) -> int:
        """How many."""
        return (self.end - self.start).days

    def dates(self) -> list[date]:
        """Each night's date."""
        return [self.start + timedelta(days=n) for n in range(self.nights)]


@dataclass(frozen=True, slots=True)
class RatePlanRow:
    """What a listing's nights cost and allow where nothing else is said.

    No price is known where `base_price_minor` is None; the calendar is known from `calendar_from` up to,
    and without, `calendar_until`, and not at all where these are None. The rest is as in `StayCalendar`.
    """

    base_price_minor: int | None
    weekend_price_minor: int | None
    min_stay: int
    max_stay: int
    advance_notice_days: int
    calendar_from: date | None
    calendar_until: date | None
    last_booking_hour: int = DAY_HOURS
    booking_window_days: int = HORIZON_NIGHTS
    min_gap_nights: int = 0
    fills_gaps: bool = False
    preparation_days: int = 0

    @property
    def margin(self) -> int:
        """Nights beside a stay that the rules on gaps look at; the query that loads calendars says the same."""
        return self.min_gap_nights + self.preparation_days + 1 if self.min_gap_nights or self.fills_gaps else 0


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """Nights whose prices are scaled and whose stays may have to be longer."""

    starts_on: date
    ends_before: date
    price_bps: int
    min_stay: int | None


@dataclass(frozen=True, slots=True)
class NightRow:
    """What one night says for itself; None says nothing."""

    night: date
    price_minor: int | None
    min_stay: int | None
    max_stay: int | None
    closed_to_arrival: bool
    closed_to_departure: bool
    min_stay_through: int | None = None
    max_stay_through: int | None = None


@dataclass(frozen=True)
class NightColumns:
    """What single nights say for themselves, a row each, :data:`SAYS_NOTHING` where they do not.

    Attributes
    ----------
    night
        (n,) datetime64[D], unique.
    price_minor
        (n,) int64.
    min_stay, max_stay
        (n,) int32.
    closed_to_arrival, closed_to_departure
        (n,) bool.
    min_stay_through, max_stay_through
        (n,) int32.
    """

    night: NDArray[np.datetime64]
    price_minor: NDArray[np.int64]
    min_stay: NDArray[np.int32]
    max_stay: NDArray[np.int32]
    closed_to_arrival: NDArray[np.bool_]
    closed_to_departure: NDArray[np.bool_]
    min_stay_through: NDArray[np.int32]
    max_stay_through: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Iterable[NightRow]) -> Self:
        """Turn rows into columns."""
        rows = tuple(rows)
        return cls(
            night=np.array([row.night for row in rows], dtype="datetime64[D]"),
            price_minor=_column([row.price_minor for row in rows]).astype(np.int64),
            min_stay=_column([row.min_stay for row in rows]).astype(np.int32),
            max_stay=_column([row.max_stay for row in rows]).astype(np.int32),
            closed_to_arrival=np.array([row.closed_to_arrival for row in rows], dtype=bool),
            closed_to_departure=np.array([row.closed_to_departure for row in rows], dtype=bool),
            min_stay_through=_column([row.min_stay_through for row in rows]).astype(np.int32),
            max_stay_through=_column([row.max_stay_through for row in rows]).astype(np.int32),
        )


def build_calendar(
    plan: RatePlanRow,
    *,
    seasons: Sequence[SeasonRow],
    nights: NightColumns,
    occupied: Iterable[tuple[date, date]],
    window: Window,
    stays: Iterable[tuple[date, date]] = (),
) -> StayCalendar:
    """Lay out what each night of the window costs and allows.

    A season scales the base and the weekend price, rounding half up, and can only lengthen the minimum
    stay; of seasons that overlap the one that starts last counts, and of those that start together the
    shorter. A night's own word is above both. A night without any price is nobody's, and not free.

    Parameters
    ----------
    occupied
        Half-open ranges of nights that the host or another calendar has.
    window
        What is asked about; the calendar covers as much of it as the listing's is known for, maybe none.
    stays
        Half-open ranges of nights that guests have: the host's preparation lies around them.
    """
    start, length = _known(plan, window.widened(plan.margin))
    price = _plan_prices(plan, start, length)
    priced = np.full(length, plan.base_price_minor is not None)
    min_stay = np.full(length, plan.min_stay, dtype=np.int32)
    max_stay = np.full(length, plan.max_stay, dtype=np.int32)
    closed_to_arrival, closed_to_departure = np.zeros((2, length), dtype=bool)
    unscaled = price.copy() if seasons else price
    for season in sorted(seasons, key=_rank):
        span = _clip(season.starts_on, season.ends_before, start, length)
        price[span] = share(unscaled[span], season.price_bps)
        min_stay[span] = max(plan.min_stay, season.min_stay or 0)
    min_stay_through = max_stay_through = None
    if len(nights.night):  # on a page, whose calendars are a week or two long, few have any
        column = (nights.night - np.datetime64(start)).astype(np.int64)
        inside = (column >= 0) & (column < length)
        column = column[inside]
        for target, said in ((price, nights.price_minor), (min_stay, nights.min_stay), (max_stay, nights.max_stay)):
            _say(target, column, said[inside])
        priced[column[nights.price_minor[inside] != SAYS_NOTHING]] = True
        closed_to_arrival[column] = nights.closed_to_arrival[inside]
        closed_to_departure[column] = nights.closed_to_departure[inside]
        min_stay_through = _through(1, column, nights.min_stay_through[inside], length)
        max_stay_through = _through(MAX_NIGHTS, column, nights.max_stay_through[inside], length)
    free, preparation = _free(priced, plan, start=start, occupied=occupied, stays=stays)
    return StayCalendar(
        start=start,
        price_minor=price,
        free=free,
        min_stay=min_stay,
        max_stay=max_stay,
        closed_to_arrival=closed_to_arrival,
        closed_to_departure=closed_to_departure,
        advance_notice_days=plan.advance_notice_days,
        last_booking_hour=plan.last_booking_hour,
        booking_window_days=plan.booking_window_days,
        min_gap_nights=plan.min_gap_nights,
        fills_gaps=plan.fills_gaps,
        preparation_days=plan.preparation_days,
        min_stay_through=min_stay_through,
        max_stay_through=max_stay_through,
        preparation=preparation,
    )


def _say(target: NDArray[Any], column: NDArray[np.int64], said: NDArray[Any]) -> None:
    """Write what single nights say for themselves over what stood there."""
    speaks = said != SAYS_NOTHING
    target[column[speaks]] = said[speaks]


def _through(unsaid: int, column: NDArray[np.int64], said: NDArray[np.int32], length: int) -> NDArray[np.int32] | None:
    """A rule of every night of a stay, or None where no night has one: most calendars have none."""
    if (said == SAYS_NOTHING).all():
        return None
    rule = np.full(length, unsaid, dtype=np.int32)
    _say(rule, column, said)
    return rule


def _free(
    priced: NDArray[np.bool_],
    plan: RatePlanRow,
    *,
    start: date,
    occupied: Iterable[tuple[date, date]],
    stays: Iterable[tuple[date, date]],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Nights that can be had, and those that only preparation keeps from it."""
    free, length = priced.copy(), len(priced)
    stays = tuple(stays)
    for taken_from, taken_until in (*occupied, *stays):
        free[_clip(taken_from, taken_until, start, length)] = False
    if not plan.preparation_days:
        return free, None
    prepared = np.zeros(length, dtype=bool)
    around = timedelta(days=plan.preparation_days)
    for taken_from, taken_until in stays:
        prepared[_clip(taken_from - around, taken_until + around, start, length)] = True
    prepared &= free
    return free & ~prepared, prepared


def _rank(season: SeasonRow) -> tuple[int, int, int, int]:
    """What counts comes last, in whatever order the seasons were read."""
    return season.starts_on.toordinal(), -season.ends_before.toordinal(), season.price_bps, season.min_stay or 0


def _known(plan: RatePlanRow, window: Window) -> tuple[date, int]:
    """First night and number of nights that are both asked for and known."""
    if plan.calendar_from is None or plan.calendar_until is None:
        return window.start, 0
    start = max(window.start, plan.calendar_from)
    return start, max(0, (min(window.end, plan.calendar_until) - start).days)


def _plan_prices(plan: RatePlanRow, start: date, length: int) -> NDArray[np.int64]:
    base = plan.base_price_minor or 0
    if plan.weekend_price_minor is None:
        return np.full(length, base, np.int64)
    weekday = (start.weekday() + np.arange(length)) % 7
    return np.where(weekend_days(weekday), plan.weekend_price_minor, base).astype(np.int64)


def _clip(starts_on: date, ends_before: date, start: date, length: int) -> slice:
    """Columns of a span, as far as it lies inside."""
    first, last = (starts_on - start).days, (ends_before - start).days
    return slice(min(max(first, 0), length), min(max(last, 0), length))


def _column(values: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([SAYS_NOTHING if value is None else value for value in values], dtype=np.int64)
