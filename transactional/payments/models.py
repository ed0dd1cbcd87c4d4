"""Tables of payments, refunds and payouts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Payment(Base):
    """Money that a guest owes for a booking or for its modification, as far as the processor has it.

    The keys sent to the processor are made of `payment_id` and the operation, so that an operation that
    timed out is asked for again and done once.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('new','action_required','authorised','captured','voided','failed')", name="status"),
        CheckConstraint("purpose IN ('booking','modification')", name="purpose"),
        CheckConstraint(
            "amount_minor > 0 AND captured_minor BETWEEN 0 AND amount_minor"
            " AND refunded_minor BETWEEN 0 AND captured_minor",
            name="amounts",
        ),
        Index(None, "booking_id"),
        Index(None, "processor_id"),
    )

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"))
    purpose: Mapped[str]
    payment_method: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int]
    lines: Mapped[list[dict[str, Any]]]
    captured_minor: Mapped[int] = mapped_column(server_default="0")
    refunded_minor: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str]
    processor_id: Mapped[str | None]
    failure: Mapped[str | None]
    action_url: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Refund(Base):
    """Money that goes back to a guest, component by component."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("status IN ('new','done','failed')", name="status"),
        CheckConstraint("amount_minor > 0", name="amount"),
        Index(None, "payment_id"),
    )

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment_id"))
    amount_minor: Mapped[int]
    lines: Mapped[list[dict[str, Any]]]
    reason: Mapped[str]
    status: Mapped[str]
    processor_id: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Payout(Base):
    """Money that goes to a host for a booking."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("status IN ('scheduled','paid','failed','withdrawn')", name="status"),
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_payouts_due", "due_at", postgresql_where="status = 'scheduled'"),
    )

    payout_id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"), unique=True)
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"))
    currency: Mapped[str] = mapped_column(CHAR(3))
    amount_minor: Mapped[int]
    due_at: Mapped[datetime]
    status: Mapped[str]
    processor_id: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
