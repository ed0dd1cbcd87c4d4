"""Which nights an event takes: on dates in the listing's zone, never in spans of 24 hours. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from transactional.calendars.blocks import Range
from transactional.feeds.errors import UnreadableEvent

ONE_NIGHT = timedelta(days=1)
MAX_EVENT_NIGHTS = 730
LATEST_DEPARTURE = time(22)
"""An event that ends at this hour or later takes that date's night too: 23:59 is how some write "to the end of"."""
WRONG_DATES = "Mend the event on the other site."

Moment = date | datetime


def nights_of(begin: Moment, end: Moment | None, duration: timedelta | None, *, zone: ZoneInfo) -> Range | None:
    """Nights from the date of `begin` up to, and without, the date of `end`.

    The end is exclusive (RFC 5545, 3.6.1): a check-out on the 4th leaves the night of the 4th free. A date
    alone, or with an end that is the same, is one night, as is a moment alone. Hours on one date (a check-in,
    a cleaning) are no night: None.

    Parameters
    ----------
    begin, end, duration
        As DTSTART, DTEND and DURATION; moments without a zone are the listing's own.

    Raises
    ------
    UnreadableEvent
        The end lies before the beginning, or more than two years after it.
    """
    if end is None and duration is not None:
        end = begin + (duration if isinstance(begin, datetime) else timedelta(days=duration.days))
    arrives = _on(begin, zone)
    if end is None:
        return arrives, arrives + ONE_NIGHT
    departs = _on(end, zone)
    if _is_before(end, begin, zone):
        raise UnreadableEvent(f"An event on {arrives} ends before it begins.", hint=WRONG_DATES)
    has_hours = isinstance(begin, datetime) and isinstance(end, datetime) and _is_before(begin, end, zone)
    if isinstance(end, datetime) and has_hours and _local(end, zone).time() >= LATEST_DEPARTURE:
        departs += ONE_NIGHT
    if departs == arrives:
        return None if has_hours else (arrives, arrives + ONE_NIGHT)
    if (departs - arrives).days > MAX_EVENT_NIGHTS:
        raise UnreadableEvent(
            f"An event from {arrives} to {departs} is longer than {MAX_EVENT_NIGHTS} nights.",
            hint="Block the listing here instead, or take it off the market.",
        )
    return arrives, departs


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """On the listing's clock, without saying so; a moment without a zone is on it already."""
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def _on(moment: Moment, zone: ZoneInfo) -> date:
    return _local(moment, zone).date() if isinstance(moment, datetime) else moment


def _is_before(one: Moment, other: Moment, zone: ZoneInfo) -> bool:
    """Whether one comes first; of a date and a moment of that date neither does."""
    if not isinstance(one, datetime) or not isinstance(other, datetime):
        return _on(one, zone) < _on(other, zone)
    if one.tzinfo is not None and other.tzinfo is not None:
        return one.astimezone(UTC) < other.astimezone(UTC)  # the hour that a clock shows twice has an order
    return _local(one, zone) < _local(other, zone)
