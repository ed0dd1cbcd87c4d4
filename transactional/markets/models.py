"""Tables of markets, their neighbourhoods and exchange rates."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CHAR, CheckConstraint, Double, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from lodestay.snapshot import MARKET_KEY
from transactional.kit.database import Base


class Market(Base):
    """A city: the unit of search, of pricing and of the lake's partitions."""

    __tablename__ = "markets"
    __table_args__ = (
        CheckConstraint(f"market_key ~ '{MARKET_KEY}'", name="key_is_slug"),
        CheckConstraint("service_fee_bps BETWEEN 0 AND 10000 AND tax_bps BETWEEN 0 AND 10000", name="rates"),
        CheckConstraint(
            "host_fee_bps BETWEEN 0 AND 10000 AND grace_hours BETWEEN 0 AND 336", name="host_fee_and_grace"
        ),
    )

    market_key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str] = mapped_column(CHAR(2))
    currency: Mapped[str] = mapped_column(CHAR(3))
    timezone: Mapped[str]
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    service_fee_bps: Mapped[int]
    tax_bps: Mapped[int]
    host_fee_bps: Mapped[int] = mapped_column(server_default="300")
    grace_hours: Mapped[int] = mapped_column(server_default="0")
    date_shift_days: Mapped[int] = mapped_column(server_default="0")
    snapshot_date: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Neighbourhood(Base):
    """A named part of a market with its boundary as valid GeoJSON, where one is known."""

    __tablename__ = "neighbourhoods"
    __table_args__ = (UniqueConstraint("market_key", "name"),)

    neighbourhood_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    market_key: Mapped[str] = mapped_column(ForeignKey("markets.market_key"))
    name: Mapped[str]
    group_name: Mapped[str | None]
    boundary: Mapped[dict[str, Any] | None]


class ExchangeRate(Base):
    """Units of a currency for one euro on a day (the European Central Bank's reference rates)."""

    __tablename__ = "exchange_rates"

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3), primary_key=True)
    per_euro: Mapped[Decimal]
