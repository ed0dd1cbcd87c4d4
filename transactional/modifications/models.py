"""The table of modifications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Modification(Base):
    """What one side of a booking proposes to the other; a booking has at most one that is open."""

    __tablename__ = "modifications"
    __table_args__ = (
        CheckConstraint(
            "status IN ('proposed','paying','applied','declined','withdrawn','expired','failed')", name="status"
        ),
        CheckConstraint("proposed_by IN ('guest','host','platform')", name="proposed_by"),
        CheckConstraint("check_in < check_out AND guests >= 1 AND pets >= 0", name="stay"),
        CheckConstraint("total_minor >= 0 AND charge_total_minor >= 0", name="amounts"),
        Index(
            "ux_modifications_open",
            "booking_id",
            unique=True,
            postgresql_where=text("status IN ('proposed','paying')"),
        ),
        Index("ix_modifications_due", "expires_at", postgresql_where=text("status = 'proposed'")),
    )

    modification_id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"))
    booking_version: Mapped[int]
    proposed_by: Mapped[str]
    status: Mapped[str]
    check_in: Mapped[date]
    check_out: Mapped[date]
    guests: Mapped[int]
    pets: Mapped[int]
    lines: Mapped[list[dict[str, Any]]]
    total_minor: Mapped[int]
    charge_lines: Mapped[list[dict[str, Any]]]
    charge_total_minor: Mapped[int]
    charge_difference_minor: Mapped[int]
    payment_method: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str | None]
