"""Start sagas, wake them, take them; inside the caller's transaction. The runner moves them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from transactional.sagas import repository
from transactional.sagas.records import SagaRecord
from transactional.sagas.rules import SagaKind, first

LEASE = timedelta(seconds=20)
"""How long a worker has a saga to itself: longer than any answer of the processor is awaited."""
ANSWER_WITHIN = timedelta(seconds=16)
"""How long an answer of the processor is awaited altogether: shorter than :data:`LEASE`, with time to write it down."""


async def start(
    session: AsyncSession,
    clock: Clock,
    *,
    kind: SagaKind,
    booking_id: UUID,
    data: Mapping[str, Any],
    deadline: timedelta,
    at: str | None = None,
) -> UUID:
    """Write a saga down; it is due at once, and runs once the caller's transaction is committed.

    A booking's sagas run one after the other, in the order in which they were started.

    Parameters
    ----------
    data
        What its steps need: JSON, with numbers of rows as text.
    deadline
        Time after which it turns back where it can, and is called stuck where it cannot.
    at
        The step it begins at, where what the earlier ones do is done already; None: its first.
    """
    saga_id = new_id()
    position = first(kind, at)
    now = clock.now()
    row = {
        "saga_id": saga_id,
        "kind": kind.value,
        "booking_id": booking_id,
        "status": position.status.value,
        "step": position.step,
        "data": dict(data),
        "now": now,
        "deadline_at": now + deadline,
    }
    await repository.add(session, row)
    return saga_id


async def wake(session: AsyncSession, clock: Clock, booking_id: UUID) -> None:
    """Have a booking's sagas look again at once: something they may wait for has happened."""
    await repository.wake(session, booking_id, now=clock.now())


async def claim_due(
    session: AsyncSession, clock: Clock, *, limit: int, booking_id: UUID | None = None
) -> list[SagaRecord]:
    """Take due sagas for :data:`LEASE`, of one booking or of any; commit before working on them."""
    now = clock.now()
    return await repository.claim(session, now=now, lease=now + LEASE, limit=limit, booking_id=booking_id)


async def retry(session: AsyncSession, clock: Clock, saga_id: UUID) -> None:
    """Have a saga tried at once, as if it had never failed, or raise :class:`SagaNotFound`."""
    await repository.retry(session, saga_id, now=clock.now())
