"""The saga of a booking that came with its payment authorised: what is left to do is to capture."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.ids import new_id
from transactional.sagas import repository
from transactional.sagas.records import SagaRecord
from transactional.sagas.rules import CAPTURE_PATIENCE, SagaKind, SagaStatus

CAPTURE: Final = "capture"
CONFIRMED: Final = "confirmed"
"""In a saga's data: the booking was confirmed before the saga began, which has to be undone if nothing is captured."""


def saga_of_authorised(booking_id: UUID, payment_id: UUID, *, now: datetime) -> SagaRecord:
    """A saga that stands at the capture, due at once: the steps before it were done with the booking."""
    return SagaRecord(
        saga_id=new_id(),
        kind=SagaKind.PAYMENT.value,
        booking_id=booking_id,
        status=SagaStatus.RUNNING.value,
        step=CAPTURE,
        data={"payment_id": str(payment_id), CONFIRMED: True},
        attempts=0,
        error=None,
        created_at=now,
        updated_at=now,
        next_attempt_at=now,
        deadline_at=now + CAPTURE_PATIENCE,
        leased_until=None,
    )


async def add(session: AsyncSession, saga: SagaRecord) -> None:
    """Write such a saga down; it runs once the caller's transaction is committed."""
    row = {
        "saga_id": saga.saga_id,
        "kind": saga.kind,
        "booking_id": saga.booking_id,
        "status": saga.status,
        "step": saga.step,
        "data": saga.data,
        "now": saga.created_at,
        "deadline_at": saga.deadline_at,
    }
    await repository.add(session, row)
