"""Time as an argument: what needs the time is given a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo

_zone = cache(ZoneInfo)
"""A zone by its name; zoneinfo itself holds eight and reads the file of each other one again."""


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is moved: for tests and for replaying a day."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        """The instant it was set to."""
        return self._instant

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._instant += by


def now_in(timezone: str, clock: Clock) -> datetime:
    """What the clocks in a time zone (IANA name) show at the clock's instant."""
    return clock.now().astimezone(_zone(timezone))


def today_in(timezone: str, clock: Clock) -> date:
    """The date in a time zone (IANA name) at the clock's instant."""
    return date_at(clock.now(), timezone)


def date_at(instant: datetime, timezone: str) -> date:
    """The date in a time zone (IANA name) at an instant."""
    return instant.astimezone(_zone(timezone)).date()


def local_instant(day: date, hour: int, timezone: str) -> datetime:
    """The instant of an hour of a day in a time zone (IANA name), in UTC.

    An hour that the clocks skip that day is read as if they had not; one that they repeat is the first.
    """
    return datetime.combine(day, time(hour), _zone(timezone)).astimezone(UTC)
