"""By how many days the dates of an old snapshot move so that its calendar reaches beyond today.

Fifty-two weeks at a time: a Friday stays a Friday and a summer a summer.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

STEP_DAYS: Final = 364
NIGHTS_AHEAD: Final = 120
"""Nights that must lie ahead of today, or the dates move one step more."""
REUSE_DAYS: Final = 120
"""A market's earlier shift is kept while it puts the new snapshot at most so many days ahead of today."""
_TYPICAL_CALENDAR: Final = 365


def fresh_shift(snapshot_date: date, *, calendar_until: date | None, today: date) -> int:
    """Shift of a market's first snapshot: its day becomes the latest that is not after today.

    Parameters
    ----------
    calendar_until
        Day after the last night; None takes a year from the snapshot.
    """
    until = _until(snapshot_date, calendar_until)
    shift = max(0, (today - snapshot_date).days) // STEP_DAYS * STEP_DAYS
    ahead = (until + timedelta(days=shift) - today).days
    return shift + STEP_DAYS if ahead < NIGHTS_AHEAD else shift


def choose_shift(
    snapshot_date: date, *, calendar_until: date | None, today: date, held: int | None, keep_dates: bool
) -> int:
    """Shift of a snapshot of a market whose earlier snapshots moved by `held` (None: there are none).

    The earlier shift is kept while it leaves nights to book and does not put the snapshot far ahead of
    today; a market with snapshots of many years moves with the newest.
    """
    if keep_dates:
        return 0
    if held is not None:
        day, until = snapshot_date + timedelta(days=held), _until(snapshot_date, calendar_until) + timedelta(days=held)
        if (day - today).days <= REUSE_DAYS and (until - today).days >= NIGHTS_AHEAD:
            return held
    return fresh_shift(snapshot_date, calendar_until=calendar_until, today=today)


def _until(snapshot_date: date, calendar_until: date | None) -> date:
    return calendar_until or snapshot_date + timedelta(days=_TYPICAL_CALENDAR)
