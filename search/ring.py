"""The ring of day slots: which nights of a calendar are indexed, and where.

A night lies in slot ``ordinal mod 366``. The ring is longer than the horizon, so every night that can
be asked for has a slot of its own, and nothing shifts at midnight: the slot of a night that has passed
is simply not asked for any more, until the next write of the listing fills it with the night a year on.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from lodestay.stay import Stay

RING: Final = 366
"""Slots of the ring: one more than the horizon, so that arrival and departure never share one."""


def slot(day: date) -> int:
    """Slot of a day."""
    return day.toordinal() % RING


def window(calendar: StayCalendar, today: date) -> range:
    """Columns of the nights that are indexed: from today on, at most once round the ring."""
    first = max(0, calendar.index(today))
    return range(first, min(len(calendar.free), first + RING))


def is_askable(stay: Stay, today: date) -> bool:
    """Whether the stay lies between today and the horizon, where every listing's answer is on the ring."""
    return is_within_reach(stay.check_in.toordinal(), stay.check_out.toordinal(), today.toordinal())


def is_within_reach(check_in: int, check_out: int, today: int) -> bool:
    """:func:`is_askable` of the days' ordinals; compiled, it is asked for each listing by its own date."""
    return today <= check_in and check_out - today <= HORIZON_NIGHTS
