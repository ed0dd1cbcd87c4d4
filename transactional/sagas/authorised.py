"""The saga of a booking that came with its payment authorised: what is left to do is to capture."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.ids import new_id
from transactional.sagas import repository
from transactional.sagas.records import SagaRecord, StepRecord
from transactional.sagas.rules import CAPTURE_PATIENCE, STEPS, SagaKind, SagaStatus

CAPTURE: Final = "capture"
DONE_BEFORE: Final = tuple(
    step.name for step in STEPS[SagaKind.PAYMENT][: [each.name for each in STEPS[SagaKind.PAYMENT]].index(CAPTURE)]
)
"""Steps that the booking itself has done: what undoes them is asked for where the capture fails for good."""


def saga_of_authorised(booking_id: UUID, payment_id: UUID, *, now: datetime) -> tuple[SagaRecord, list[StepRecord]]:
    """A saga that stands at the capture, and the steps that lie behind it."""
    saga = SagaRecord(
        saga_id=new_id(),
        kind=SagaKind.PAYMENT.value,
        booking_id=booking_id,
        status=SagaStatus.RUNNING.value,
        step=CAPTURE,
        data={"payment_id": str(payment_id)},
        attempts=0,
        error=None,
        created_at=now,
        updated_at=now,
        next_attempt_at=now,
        deadline_at=now + CAPTURE_PATIENCE,
        leased_until=None,
    )
    steps = [
        StepRecord(
            saga_id=saga.saga_id,
            name=name,
            status="done",
            attempts=0,
            result=None,
            error=None,
            started_at=now,
            finished_at=now,
        )
        for name in DONE_BEFORE
    ]
    return saga, steps


async def add(session: AsyncSession, saga: SagaRecord, steps: list[StepRecord]) -> None:
    """Write such a saga down; it is due at once, and runs once the caller's transaction is committed."""
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
    for step in steps:
        await repository.end_step(session, replace(saga, step=step.name), status=step.status, now=step.started_at)
