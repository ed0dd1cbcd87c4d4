"""The table of bookings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Booking(Base):
    """A stay held, confirmed or over; the nights it has are its row in `occupancy`."""

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint(
            "status IN ('requested','held','confirmed','declined','expired','cancelled','completed','no_show')",
            name="status",
        ),
        CheckConstraint("check_in < check_out", name="stay"),
        CheckConstraint("guests >= 1 AND pets >= 0 AND total_minor >= 0 AND charge_total_minor >= 0", name="amounts"),
        CheckConstraint("starts_at < ends_at", name="instants"),
        Index(None, "listing_id", "check_in"),
        Index(None, "guest_id", "created_at"),
        Index("ix_bookings_due_requests", "respond_by", postgresql_where="status = 'requested'"),
        Index("ix_bookings_to_complete", "ends_at", postgresql_where="status = 'confirmed'"),
    )

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    guest_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"))
    quote_id: Mapped[UUID | None] = mapped_column(ForeignKey("quotes.quote_id"), unique=True)
    status: Mapped[str]
    check_in: Mapped[date]
    check_out: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    guests: Mapped[int]
    pets: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str] = mapped_column(CHAR(3))
    lines: Mapped[list[dict[str, Any]]]
    total_minor: Mapped[int]
    charge_currency: Mapped[str] = mapped_column(CHAR(3))
    charge_lines: Mapped[list[dict[str, Any]]]
    charge_total_minor: Mapped[int]
    exchange_rate: Mapped[Decimal] = mapped_column(server_default="1")
    cancellation_policy: Mapped[str]
    payment_method: Mapped[str | None]
    created_at: Mapped[datetime]
    respond_by: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    hold_expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_because: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]
    refund: Mapped[dict[str, Any] | None]
    version: Mapped[int] = mapped_column(server_default="1")
