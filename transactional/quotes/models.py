"""The table of quotes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Quote(Base):
    """A price for a stay, every line of it, that can be booked until `expires_at`."""

    __tablename__ = "quotes"
    __table_args__ = (
        CheckConstraint("guests >= 1 AND pets >= 0 AND total_minor >= 0 AND charge_total_minor >= 0", name="amounts"),
        CheckConstraint("exchange_rate > 0", name="exchange_rate"),
    )

    quote_id: Mapped[UUID] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    guest_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"))
    stay: Mapped[Range[date]] = mapped_column(DATERANGE)
    guests: Mapped[int]
    pets: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str] = mapped_column(CHAR(3))
    lines: Mapped[list[dict[str, Any]]]
    total_minor: Mapped[int]
    charge_currency: Mapped[str] = mapped_column(CHAR(3))
    charge_lines: Mapped[list[dict[str, Any]]]
    charge_total_minor: Mapped[int]
    exchange_rate: Mapped[Decimal]
    exchange_day: Mapped[date | None]
    calendar_version: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
