"""The table of bookings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Booking(Base):
    """A stay held, confirmed or over; the nights it has are its row in `occupancy`."""

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("status IN ('held','confirmed','cancelled','expired')", name="status"),
        CheckConstraint("check_in < check_out", name="stay"),
        CheckConstraint("guests >= 1 AND total_minor >= 0", name="amounts"),
        Index(None, "listing_id", "check_in"),
        Index(None, "guest_id", "created_at"),
    )

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    guest_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"))
    quote_id: Mapped[UUID | None] = mapped_column(ForeignKey("quotes.quote_id"), unique=True)
    status: Mapped[str]
    check_in: Mapped[date]
    check_out: Mapped[date]
    guests: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
    lines: Mapped[list[dict[str, Any]]]
    total_minor: Mapped[int]
    created_at: Mapped[datetime]
    hold_expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
