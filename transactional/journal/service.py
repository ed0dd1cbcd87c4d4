"""The journal of bookings: appended to with every change, replayed to prove or to look back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from transactional.bookings.records import BookingRecord
from transactional.journal import projections, repository
from transactional.journal.errors import JournalBroken, NotYetThen
from transactional.journal.rules import Cause, Event, body_of, replay, until, verify_chain


@dataclass(frozen=True, slots=True)
class Audit:
    """What holding the journal to the tables found.

    Attributes
    ----------
    bookings, events
        Looked at.
    broken
        A sentence for each booking whose events were altered, or do not add up to its rows.
    """

    bookings: int
    events: int
    broken: tuple[str, ...]


async def append(
    session: AsyncSession, *, booking_id: UUID, kind: str, at: datetime, cause: Cause, data: Mapping[str, Any]
) -> None:
    """Append an event; it is there exactly when the caller's transaction commits.

    Parameters
    ----------
    data
        New value of each column of `bookings` that changed, without `version`, which is the event's number.
    """
    body = body_of(kind, at=at, cause=cause, data=data)
    await repository.append(session, booking_id, kind=kind, at=at, cause=cause, body=body)


async def look_back(session: AsyncSession, booking_id: UUID, instant: datetime) -> tuple[list[Event], BookingRecord]:
    """What had happened to a booking by an instant, and what it was then; :class:`NotYetThen` before it was made."""
    events = until(await repository.events_of(session, booking_id), instant)
    if not events:
        raise NotYetThen(booking_id, instant=instant)
    return events, replay(events)


async def audit(session: AsyncSession) -> Audit:
    """Verify every chain and hold its replay to the tables `bookings` and `occupancy`.

    It reads with many statements. Where others write meanwhile, give it a session that sees one snapshot (REPEATABLE
    READ): otherwise a booking that changes between two statements looks broken.
    """
    counted = events_read = 0
    broken: list[str] = []
    async for booking_id, events in repository.every_history(session):
        counted += 1
        events_read += len(events)
        try:
            verify_chain(booking_id, events)
        except JournalBroken as error:
            broken.append(error.detail)
            continue
        broken += await projections.differences(session, replay(events))
    return Audit(bookings=counted, events=events_read, broken=tuple(broken))
