"""The table of listings that users looked at."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class ListingView(Base):
    """The last time that a user looked at a listing; goes with the user."""

    __tablename__ = "listing_views"
    __table_args__ = (Index(None, "user_id", "viewed_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"), primary_key=True)
    viewed_at: Mapped[datetime]
