"""The table of booking events: appended, never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class BookingEvent(Base):
    """One change of one booking; a trigger refuses every update and every deletion.

    `body` is the canonical JSON of the whole event, and `hash` is SHA-256 over the previous event's hash,
    the number `seq` (eight bytes, big-endian) and the body: whoever alters an event breaks every later one.
    """

    __tablename__ = "booking_events"
    __table_args__ = (
        CheckConstraint("seq >= 1 AND (seq = 1) = (length(previous_hash) = 0)", name="chain"),
        CheckConstraint("side IN ('guest','host','platform','system')", name="side"),
        Index(None, "occurred_at"),
    )

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    side: Mapped[str]
    cause: Mapped[str]
    body: Mapped[str]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]
