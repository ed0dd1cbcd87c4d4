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

from lodestay.stay import Stay

HORIZON_NIGHTS = 365
"""Nights ahead of today that can be searched and booked."""
WEEKEND_NIGHTS = (4, 5)
"""Friday's and Saturday's night, as `date.weekday` counts."""


def weekdays(nights: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Weekday of each night, as `date.weekday` counts: Monday is 0."""
    return (nights.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def is_weekend(nights: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether each is one of :data:`WEEKEND_NIGHTS`."""
    return np.isin(weekdays(nights), WEEKEND_NIGHTS)


class Refusal(StrEnum):
    """The stay rule in the way."""

    IN_THE_PAST = "in_the_past"
    ADVANCE_NOTICE = "advance_notice"
    OUTSIDE_CALENDAR = "outside_calendar"
    NIGHTS_TAKEN = "nights_taken"
    MIN_STAY = "min_stay"
    MAX_STAY = "max_stay"
    CLOSED_TO_ARRIVAL = "closed_to_arrival"
    CLOSED_TO_DEPARTURE = "closed_to_departure"


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
        The rule's number (nights of min/max stay, days of notice), where it has one.
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
        (n,) bool, nobody has the night.
    min_stay, max_stay
        (n,) int32, nights a stay arriving that night must and may have.
    closed_to_arrival, closed_to_departure
        (n,) bool, no arrival (departure) on that date.
    advance_notice_days
        Days between today and the earliest check-in.
    """

    start: date
    price_minor: NDArray[np.int64]
    free: NDArray[np.bool_]
    min_stay: NDArray[np.int32]
    max_stay: NDArray[np.int32]
    closed_to_arrival: NDArray[np.bool_]
    closed_to_departure: NDArray[np.bool_]
    advance_notice_days: int

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

    def refuse(self, stay: Stay, *, today: date) -> RefusedStay | None:  # noqa: PLR0911 - one return a rule
        """Say why `stay` cannot be booked, or None where it can.

        The rules are asked in a fixed order, so that the same stay is always refused for the same reason.
        A departure on the day after the window is allowed; its closed-to-departure rule is unknown and open.
        """
        notice = (stay.check_in - today).days
        if notice < 0:
            return RefusedStay(Refusal.IN_THE_PAST, (stay.check_in,), None)
        if notice < self.advance_notice_days:
            return RefusedStay(Refusal.ADVANCE_NOTICE, (stay.check_in,), self.advance_notice_days)
        if stay.check_in < self.start or stay.check_out > self.end or notice + stay.nights > HORIZON_NIGHTS:
            return RefusedStay(Refusal.OUTSIDE_CALENDAR, (stay.check_in, stay.check_out), None)
        first, last = self.index(stay.check_in), self.index(stay.check_out)
        taken = np.flatnonzero(~self.free[first:last])
        if taken.size:
            nights = tuple(stay.check_in + timedelta(days=int(n)) for n in taken)
            return RefusedStay(Refusal.NIGHTS_TAKEN, nights, None)
        if stay.nights < self.min_stay[first]:
            return RefusedStay(Refusal.MIN_STAY, (stay.check_in,), int(self.min_stay[first]))
        if stay.nights > self.max_stay[first]:
            return RefusedStay(Refusal.MAX_STAY, (stay.check_in,), int(self.max_stay[first]))
        if self.closed_to_arrival[first]:
            return RefusedStay(Refusal.CLOSED_TO_ARRIVAL, (stay.check_in,), None)
        if last < len(self.free) and self.closed_to_departure[last]:
            return RefusedStay(Refusal.CLOSED_TO_DEPARTURE, (stay.check_out,), None)
        return None
