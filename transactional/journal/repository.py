"""Queries on booking events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.journal.rules import Cause, Event

# The number and the hash follow from the booking's last event, which nobody else appends to: the caller
# has the listing's lock, and the primary key would refuse a second event of the same number.
_APPEND = text("""
    INSERT INTO booking_events (booking_id, seq, kind, occurred_at, actor_id, side, cause, body, previous_hash, hash)
    SELECT :booking_id, next.seq, :kind, :at, :actor_id, :side, :cause, :body, next.previous_hash,
           sha256(next.previous_hash || int8send(next.seq) || convert_to(:body, 'UTF8'))
    FROM (
        SELECT coalesce(last.seq, 0) + 1 AS seq, coalesce(last.hash, '') AS previous_hash
        FROM (SELECT) AS one LEFT JOIN LATERAL (
            SELECT seq, hash FROM booking_events WHERE booking_id = :booking_id ORDER BY seq DESC LIMIT 1
        ) last ON true
    ) next
""")
_EVENTS = text("""
    SELECT booking_id, seq, kind, occurred_at, actor_id, side, cause, body, previous_hash, hash
    FROM booking_events WHERE booking_id = :booking_id ORDER BY seq
""")
_ALL = text("""
    SELECT booking_id, seq, kind, occurred_at, actor_id, side, cause, body, previous_hash, hash
    FROM booking_events WHERE booking_id = ANY(:booking_ids) ORDER BY booking_id, seq
""")
_IDS_AFTER = text("""
    (SELECT booking_id FROM bookings WHERE booking_id > :last ORDER BY booking_id LIMIT :limit)
    UNION
    (SELECT booking_id FROM booking_events WHERE booking_id > :last AND seq = 1 ORDER BY booking_id LIMIT :limit)
    ORDER BY booking_id LIMIT :limit
""")
_FIRST = UUID(int=0)


async def append(session: AsyncSession, booking_id: UUID, *, kind: str, at: datetime, cause: Cause, body: str) -> None:
    """Write a booking's next event."""
    values: dict[str, Any] = {
        "booking_id": booking_id,
        "kind": kind,
        "at": at,
        "actor_id": cause.actor_id,
        "side": cause.side.value,
        "cause": cause.reason,
        "body": body,
    }
    await session.execute(_APPEND, values)


async def events_of(session: AsyncSession, booking_id: UUID) -> list[Event]:
    """Every event of a booking, in order."""
    return [_event(row) for row in (await session.execute(_EVENTS, {"booking_id": booking_id})).mappings()]


async def every_history(session: AsyncSession, *, batch: int = 500) -> AsyncIterator[tuple[UUID, list[Event]]]:
    """Every booking with its events, a batch in memory at a time: also one without any, or without a row."""
    last = _FIRST
    while ids := list(await session.scalars(_IDS_AFTER, {"last": last, "limit": batch})):
        histories: dict[UUID, list[Event]] = {booking_id: [] for booking_id in ids}
        for row in (await session.execute(_ALL, {"booking_ids": ids})).mappings():
            histories[row["booking_id"]].append(_event(row))
        for booking_id, events in histories.items():
            yield booking_id, events
        last = ids[-1]


def _event(row: Any) -> Event:
    return Event(**{**row, "previous_hash": bytes(row["previous_hash"]), "hash": bytes(row["hash"])})
