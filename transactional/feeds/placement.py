"""Which nights of a feed are taken here, and what is in the way of the others: pure, over columns of nights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from transactional.calendars.blocks import Range, nights_of, runs
from transactional.calendars.errors import spoken
from transactional.feeds.records import HORIZON, EventKind, EventStatus, OwnRow, ReadEvent, Taken

FREE = -1
GIVEN_OUT = frozenset({"booking", "host_block"})
"""Kinds of occupancy that our own calendar shows to other sites."""
OUR_OWN = "An event of our own calendar that came back."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of an event, and the sentence for the host where there is one."""

    status: EventStatus
    note: str | None


@dataclass(frozen=True)
class Placement:
    """The nights that a feed gets, from today on, and what becomes of each of its events, by UID."""

    nights: tuple[Range, ...]
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class RowChange:
    """Rows of occupancy to retire and ranges to write in their place; `touched` are the nights that change."""

    retired: tuple[int, ...]
    written: tuple[Range, ...]
    touched: Range | None


def place(events: Sequence[ReadEvent], taken: Sequence[Taken], *, today: date, is_given_out: bool) -> Placement:
    """Give a feed the nights that nobody else has.

    Nights that somebody has make a conflict, which names them and who has them; the rest of the event is
    taken all the same. What comes back of our own calendar takes nothing: our UIDs, and blocks whose nights
    are exactly stays and blocks of ours. A *reservation* on the nights of one of ours is never that: it is
    what the host must hear of.

    Parameters
    ----------
    taken
        Live occupancy of others, no two of which share a night.
    is_given_out
        Whether our calendar of the listing is given out at all, so that it could come back.
    """
    owners = np.full(HORIZON.days, FREE, dtype=np.int32)
    for number, other in enumerate(taken):
        owners[_columns(other.start, other.end, today)] = number
    ends = {max(o.start, today): (o.end, o) for o in taken if o.kind in GIVEN_OUT} if is_given_out else {}
    wanted = np.zeros(HORIZON.days, dtype=bool)
    outcomes: dict[str, Outcome] = {}
    for event in events:
        columns = _columns(event.start, event.end, today)
        if event.is_ours:
            outcomes[event.uid] = Outcome(EventStatus.IGNORED, OUR_OWN)
        elif (returned := _returned(event, ends, today)) is not None:
            outcomes[event.uid] = Outcome(EventStatus.IGNORED, returned)
        else:
            wanted[columns] = True
            outcomes[event.uid] = _outcome(owners[columns], columns.start, taken, today)
    return Placement(_ranges(wanted & (owners == FREE), today), outcomes)


def change_rows(rows: Sequence[OwnRow], nights: Sequence[Range], *, today: date) -> RowChange:
    """Bring a feed's rows of occupancy to the nights that it gets; nights that have passed stay as they are."""
    had = nights_of(row.span for row in rows)
    has = {night for night in had if night < today} | nights_of(nights)
    ranges = set(runs(has))
    standing = {row.span for row in rows}
    touched = sorted(had ^ has)
    return RowChange(
        retired=tuple(row.occupancy_id for row in rows if row.span not in ranges),
        written=tuple(sorted(ranges - standing)),
        touched=(touched[0], touched[-1] + timedelta(days=1)) if touched else None,
    )


def _returned(event: ReadEvent, ends: Mapping[date, tuple[date, Taken]], today: date) -> str | None:
    """What of ours a block repeats night by night, or None."""
    if event.kind is not EventKind.BLOCK:
        return None
    at, repeated = max(event.start, today), []
    while at < event.end and at in ends:
        at, other = ends[at]
        repeated.append(_name(other))
    return f"The same nights as {', '.join(repeated)}." if at == event.end and repeated else None


def _outcome(owners: NDArray[np.int32], first: int, taken: Sequence[Taken], today: date) -> Outcome:
    found = np.flatnonzero(owners != FREE)
    if not found.size:
        return Outcome(EventStatus.APPLIED, None)
    by_owner: dict[int, list[date]] = {}
    for column in found:
        by_owner.setdefault(int(owners[column]), []).append(today + timedelta(days=first + int(column)))
    sentences = (f"{_name(taken[owner])} has {spoken(nights)}." for owner, nights in by_owner.items())
    return Outcome(EventStatus.CONFLICT, " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences))


def _name(taken: Taken) -> str:
    match taken.kind:
        case "booking":
            return f"booking {taken.label}"
        case "hold":
            return f"a guest who is about to book ({taken.label})"
        case "host_block":
            return "your own block"
        case _:
            return "an earlier import" if taken.label is None else f"the calendar {taken.label!r}"


def _columns(start: date, end: date, today: date) -> slice:
    first, last = (start - today).days, (end - today).days
    return slice(min(max(first, 0), HORIZON.days), min(max(last, 0), HORIZON.days))


def _ranges(nights: NDArray[np.bool_], today: date) -> tuple[Range, ...]:
    """Runs of nights, as half-open ranges of dates."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], nights, [False])).astype(np.int8)))
    days: Iterable[date] = (today + timedelta(days=int(edge)) for edge in edges)
    return tuple(zip(*[iter(days)] * 2, strict=True))
