"""A listing's calendar as columns over a window of nights, and the one rule that refuses a stay.

PostgreSQL, the Spark jobs, the simulator and the search index all speak of availability through
:class:`StayCalendar`: whoever holds one can ask whether a stay may be booked, and gets the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lodestay.gaps import free_after, free_before, holes
from lodestay.stay import Stay

HORIZON_NIGHTS = 365
"""Nights ahead of today that can be searched and booked."""
DAY_HOURS = 24
WEEKEND_NIGHTS = (4, 5)
"""Friday's and Saturday's night, as `date.weekday` counts."""
_OF_WEEKEND = np.isin(np.arange(7), WEEKEND_NIGHTS)


def weekdays(nights: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Weekday of each night, as `date.weekday` counts: Monday is 0."""
    return (nights.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def is_weekend(nights: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each is one of :data:`WEEKEND_NIGHTS`."""
    return weekend_days(weekdays(nights))


def weekend_days(weekdays: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each weekday is one of :data:`WEEKEND_NIGHTS`."""
    return _OF_WEEKEND[weekdays]


class Refusal(StrEnum):
    """The stay rule in the way."""

    IN_THE_PAST = "in_the_past"
    ADVANCE_NOTICE = "advance_notice"
    LAST_BOOKING_HOUR = "last_booking_hour"
    OUTSIDE_CALENDAR = "outside_calendar"
    BOOKING_WINDOW = "booking_window"
    NIGHTS_TAKEN = "nights_taken"
    PREPARATION = "preparation"
    MIN_STAY = "min_stay"
    MAX_STAY = "max_stay"
    MIN_STAY_THROUGH = "min_stay_through"
    MAX_STAY_THROUGH = "max_stay_through"
    CLOSED_TO_ARRIVAL = "closed_to_arrival"
    CLOSED_TO_DEPARTURE = "closed_to_departure"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class RefusedStay:
    """Why a stay cannot be booked.

    Attributes
    ----------
    rule
        The rule in the way.
    nights
        The nights it speaks of.
    limit
        The rule's number (nights of min/max stay, days of notice, hour of the day), where it has one.
    """

    rule: Refusal
    nights: tuple[date, ...]
    limit: int | None


@dataclass(frozen=True)
class StayCalendar:
    """What each night costs and allows, for the nights ``start … start + n - 1``.

    Attributes
    ----------
    start
        Date of the first night.
    price_minor
        (n,) int64, price of the night in minor units.
    free
        (n,) bool, the night can be had: nobody has it, and nobody's preparation needs it.
    min_stay, max_stay
        (n,) int32, nights a stay arriving that night must and may have.
    closed_to_arrival, closed_to_departure
        (n,) bool, no arrival (departure) on that date.
    advance_notice_days
        Days between today and the earliest check-in.
    last_booking_hour
        Hour of the day, at the listing, from which the earliest check-in is a day later; 24 is never.
    booking_window_days
        Days from today on whose nights can be booked, if the horizon is not nearer.
    min_gap_nights
        No stay leaves a hole of fewer nights beside taken ones; a hole of none is fine.
    fills_gaps
        A stay that fills a hole from end to end may be shorter than the minimum.
    preparation_days
        Nights before and after each guest's that nobody can have: a hole shrinks by as many.
    min_stay_through, max_stay_through
        (n,) int32, nights a stay with that night in it must and may have; None where no night says so.
    preparation
        (n,) bool, not free for no other reason than preparation; None where that is not known.
    """

    start: date
    price_minor: NDArray[np.int64]
    free: NDArray[np.bool_]
    min_stay: NDArray[np.int32]
    max_stay: NDArray[np.int32]
    closed_to_arrival: NDArray[np.bool_]
    closed_to_departure: NDArray[np.bool_]
    advance_notice_days: int
    last_booking_hour: int = DAY_HOURS
    booking_window_days: int = HORIZON_NIGHTS
    min_gap_nights: int = 0
    fills_gaps: bool = False
    preparation_days: int = 0
    min_stay_through: NDArray[np.int32] | None = None
    max_stay_through: NDArray[np.int32] | None = None
    preparation: NDArray[np.bool_] | None = None

    @property
    def end(self) -> date:
        """The date after the last night."""
        return self.start + timedelta(days=len(self.free))

    def index(self, night: date) -> int:
        """Column of a night; outside the window for nights that are not in it."""
        return (night - self.start).days

    def nightly_prices(self, stay: Stay) -> NDArray[np.int64]:
        """Price of each night of the stay, which must lie inside the window."""
        first = self.index(stay.check_in)
        return self.price_minor[first : first + stay.nights]

    def last_moment(self, check_in: date) -> tuple[date, int]:
        """Date and hour of the day, at the listing, from which an arrival is refused for the notice it gives."""
        day = check_in - timedelta(days=self.advance_notice_days)
        if self.last_booking_hour < DAY_HOURS:
            return day, self.last_booking_hour
        return day + timedelta(days=1), 0

    def refuse(self, stay: Stay, *, today: date, hour: int = 0) -> RefusedStay | None:
        """Say why `stay` cannot be booked, or None where it can.

        The rules are asked in a fixed order, so that the same stay is always refused for the same reason.
        A departure on the day after the window is allowed; its closed-to-departure rule is unknown and open.

        Parameters
        ----------
        today, hour
            Date and hour of the day where the listing is. Without the hour, its last one for bookings is not asked.
        """
        return (
            self._refuse_time(stay, today, hour)
            or self._refuse_nights(stay)
            or self._refuse_length(stay)
            or self._refuse_ends(stay)
        )

    def gap_closed(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Dates on which no stay may arrive, (n,), and depart, (n + 1,), since it would leave too small a hole."""
        if not self.min_gap_nights:  # as most have none
            nights = len(self.free)
            return np.zeros(nights, np.bool_), np.zeros(nights + 1, np.bool_)
        before, after = (run - self.preparation_days for run in holes(self.free))
        arrivals = (before > 0) & (before < self.min_gap_nights)
        departures = (after > 0) & (after < self.min_gap_nights)
        return arrivals[:-1], departures

    def fillers(self) -> NDArray[np.int64]:
        """Length of the stay that, arriving on a date, fills a hole and so need not have the minimum; or 0: (n,)."""
        before, after = holes(self.free)
        return np.where((before[:-1] == 0) & (after[:-1] > 0) & self.fills_gaps, after[:-1], 0)

    def _refuse_time(self, stay: Stay, today: date, hour: int) -> RefusedStay | None:
        """Ask how far off the stay is."""
        notice = (stay.check_in - today).days
        if notice < 0:
            return RefusedStay(Refusal.IN_THE_PAST, (stay.check_in,), None)
        if notice < self.advance_notice_days:
            return RefusedStay(Refusal.ADVANCE_NOTICE, (stay.check_in,), self.advance_notice_days)
        if notice == self.advance_notice_days and hour >= self.last_booking_hour:
            return RefusedStay(Refusal.LAST_BOOKING_HOUR, (stay.check_in,), self.last_booking_hour)
        until = notice + stay.nights
        if stay.check_in < self.start or stay.check_out > self.end or until > HORIZON_NIGHTS:
            return RefusedStay(Refusal.OUTSIDE_CALENDAR, (stay.check_in, stay.check_out), None)
        if until > self.booking_window_days:
            return RefusedStay(Refusal.BOOKING_WINDOW, (stay.check_in, stay.check_out), self.booking_window_days)
        return None

    def _refuse_nights(self, stay: Stay) -> RefusedStay | None:
        """Ask who has the nights."""
        part = self._columns(stay)
        taken = ~self.free[part]
        if not taken.any():
            return None
        nights = _dates(stay.check_in, np.flatnonzero(taken))
        prepared = self.preparation is not None and not (taken & ~self.preparation[part]).any()
        if prepared:
            return RefusedStay(Refusal.PREPARATION, nights, self.preparation_days)
        return RefusedStay(Refusal.NIGHTS_TAKEN, nights, None)

    def _refuse_length(self, stay: Stay) -> RefusedStay | None:
        """Ask the arrival's rules and those of every night of the stay."""
        part = self._columns(stay)
        first, nights, arrival = part.start, stay.nights, (stay.check_in,)
        shortest, longest = int(self.min_stay[first]), int(self.max_stay[first])
        if nights < shortest and not self._fills_gap(part):
            return RefusedStay(Refusal.MIN_STAY, arrival, shortest)
        if nights > longest:
            return RefusedStay(Refusal.MAX_STAY, arrival, longest)
        if self.min_stay_through is not None:
            asked = self.min_stay_through[part]
            if nights < (most := int(asked.max())) and not self._fills_gap(part):
                return RefusedStay(
                    Refusal.MIN_STAY_THROUGH, _dates(stay.check_in, np.flatnonzero(asked > nights)), most
                )
        if self.max_stay_through is not None:
            asked = self.max_stay_through[part]
            if nights > (least := int(asked.min())):
                return RefusedStay(
                    Refusal.MAX_STAY_THROUGH, _dates(stay.check_in, np.flatnonzero(asked < nights)), least
                )
        return None

    def _refuse_ends(self, stay: Stay) -> RefusedStay | None:
        """Ask what arrives, departs and is left between."""
        part = self._columns(stay)
        if self.closed_to_arrival[part.start]:
            return RefusedStay(Refusal.CLOSED_TO_ARRIVAL, (stay.check_in,), None)
        if part.stop < len(self.free) and self.closed_to_departure[part.stop]:
            return RefusedStay(Refusal.CLOSED_TO_DEPARTURE, (stay.check_out,), None)
        if self.min_gap_nights:
            within = self.preparation_days + self.min_gap_nights - 1
            before = free_before(self.free, part.start, within=within) - self.preparation_days
            after = free_after(self.free, part.stop, within=within) - self.preparation_days
            left = tuple(stay.check_in - timedelta(days=self.preparation_days + n) for n in range(before, 0, -1))
            left += tuple(stay.check_out + timedelta(days=self.preparation_days + n) for n in range(after))
            if left:
                return RefusedStay(Refusal.GAP, left, self.min_gap_nights)
        return None

    def _fills_gap(self, part: slice) -> bool:
        """Whether the night before the stay and the one after it are somebody's."""
        if not self.fills_gaps or part.start == 0 or part.stop >= len(self.free):
            return False
        return not (self.free[part.start - 1] or self.free[part.stop])

    def _columns(self, stay: Stay) -> slice:
        first = self.index(stay.check_in)
        return slice(first, first + stay.nights)


def _dates(first: date, columns: NDArray[np.intp]) -> tuple[date, ...]:
    return tuple(first + timedelta(days=int(n)) for n in columns)
