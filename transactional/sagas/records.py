"""Sagas and steps as they are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from transactional.sagas.rules import FINISHED, SagaKind, SagaStatus


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """A saga.

    Attributes
    ----------
    step
        Where it stands: the name of a step, with "undo_" before it on the way back.
    attempts
        Times that the step was begun without being done.
    error
        Why it turned back, or what came of the last attempt.
    leased_until
        While it is somebody's: nobody else takes it before, and only who has this very lease may move it.
    """

    saga_id: UUID
    kind: str
    booking_id: UUID
    status: str
    step: str
    data: dict[str, Any]
    attempts: int
    error: str | None
    created_at: datetime
    updated_at: datetime
    next_attempt_at: datetime
    deadline_at: datetime
    leased_until: datetime | None

    @property
    def saga_kind(self) -> SagaKind:
        """What it is for."""
        return SagaKind(self.kind)

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return SagaStatus(self.status) in FINISHED


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a saga that was begun."""

    saga_id: UUID
    name: str
    status: str
    attempts: int
    result: dict[str, Any] | None
    error: str | None
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class UnfinishedSaga:
    """A saga as an operator sees it."""

    saga_id: UUID
    kind: str
    reference: str
    status: str
    step: str
    attempts: int
    error: str | None
    created_at: datetime
    next_attempt_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Seller:
    """Who gets what a booking earns, and what the platform keeps of it."""

    host_id: UUID
    host_fee_bps: int


COLUMNS = tuple(SagaRecord.__dataclass_fields__)
"""Names of the columns of `sagas`, in order."""
