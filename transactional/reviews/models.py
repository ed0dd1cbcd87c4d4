"""The table of reviews."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class Review(Base):
    """What a guest wrote of a listing; the author is a pseudonym and the text is masked."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("listing_id", "source", "source_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    )

    review_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("bookings.booking_id"))
    source: Mapped[str]
    source_id: Mapped[str]
    author_key: Mapped[str]
    written_on: Mapped[date]
    rating: Mapped[int | None]
    comment: Mapped[str]
    language: Mapped[str | None]
