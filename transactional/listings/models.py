"""The table of listings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Identity, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from lodestay.snapshot import MOST_GUESTS
from transactional.kit.database import Base

Score = Numeric(3, 2)


class Listing(Base):
    """A place to stay. Prices and rules are in `transactional.calendars`; gone listings are deactivated."""

    __tablename__ = "listings"
    __table_args__ = (
        UniqueConstraint("market_key", "source", "source_id"),
        CheckConstraint(f"accommodates BETWEEN 1 AND {MOST_GUESTS}", name="accommodates"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="coordinates"),
        Index(None, "market_key", "is_active"),
        Index(None, "host_id"),
    )

    listing_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    market_key: Mapped[str] = mapped_column(ForeignKey("markets.market_key"))
    source: Mapped[str]
    source_id: Mapped[str]
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"))
    neighbourhood_id: Mapped[int | None] = mapped_column(ForeignKey("neighbourhoods.neighbourhood_id"))
    title: Mapped[str]
    description: Mapped[str]
    house_rules: Mapped[str]
    language: Mapped[str | None]
    property_type: Mapped[str]
    room_type: Mapped[str]
    accommodates: Mapped[int]
    bedrooms: Mapped[int | None]
    beds: Mapped[int | None]
    bathrooms: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    shared_bathroom: Mapped[bool] = mapped_column(server_default="false")
    amenities: Mapped[list[str]]
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    instant_book: Mapped[bool] = mapped_column(server_default="false")
    cancellation_policy: Mapped[str] = mapped_column(server_default="moderate")
    rating: Mapped[Decimal | None] = mapped_column(Score)
    rating_accuracy: Mapped[Decimal | None] = mapped_column(Score)
    rating_cleanliness: Mapped[Decimal | None] = mapped_column(Score)
    rating_check_in: Mapped[Decimal | None] = mapped_column(Score)
    rating_communication: Mapped[Decimal | None] = mapped_column(Score)
    rating_location: Mapped[Decimal | None] = mapped_column(Score)
    rating_value: Mapped[Decimal | None] = mapped_column(Score)
    review_count: Mapped[int] = mapped_column(server_default="0")
    first_review_on: Mapped[date | None]
    last_review_on: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    content_hash: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
