"""Tables of sagas and their steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Saga(Base):
    """Work on one booking over several systems: it ends done, compensated or, named as such, stuck.

    A worker that takes a saga sets `leased_until`; one that dies leaves it to be taken again then.
    """

    __tablename__ = "sagas"
    __table_args__ = (
        CheckConstraint("status IN ('running','compensating','done','compensated','stuck')", name="status"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(
            "ix_sagas_due",
            "next_attempt_at",
            postgresql_where=text("status IN ('running','compensating','stuck')"),
        ),
        Index(None, "booking_id"),
    )

    saga_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"))
    status: Mapped[str]
    step: Mapped[str]
    data: Mapped[dict[str, Any]]
    attempts: Mapped[int]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]


class SagaStep(Base):
    """What became of one step, forwards or back."""

    __tablename__ = "saga_steps"
    __table_args__ = (CheckConstraint("status IN ('started','done','failed','compensated')", name="status"),)

    saga_id: Mapped[UUID] = mapped_column(ForeignKey("sagas.saga_id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    attempts: Mapped[int]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
