"""Tables of saved searches, of the listings that match them, and of what guests were told about these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base
from transactional.saved_searches.rules import EVERY_LISTING


class SavedSearch(Base):
    """A search that its guest wants to hear about.

    `params` is what was asked, `place` where that looks, as they were understood when it was saved; the columns
    from `market_key` to `check_out` narrow down which searches a listing could match. Listings up to
    `examined_until` have been held against it.
    """

    __tablename__ = "saved_searches"
    __table_args__ = (
        CheckConstraint("status IN ('active','paused','ended','too_wide')", name="status"),
        CheckConstraint("check_in < check_out AND (check_in IS NULL) = (check_out IS NULL)", name="stay"),
        Index(None, "user_id", "created_at"),
        Index("ix_saved_searches_active", "market_key", postgresql_where="status = 'active'"),
        Index(
            "ix_saved_searches_unexamined",
            "created_at",
            postgresql_where=f"status = 'active' AND examined_until < {EVERY_LISTING}",
        ),
        Index("ix_saved_searches_dated", "check_in", postgresql_where="status IN ('active','paused')"),
    )

    saved_search_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    name: Mapped[str]
    status: Mapped[str]
    params: Mapped[dict[str, Any]]
    place: Mapped[dict[str, Any]]
    market_key: Mapped[str | None] = mapped_column(ForeignKey("markets.market_key"))
    south: Mapped[float] = mapped_column(Double)
    west: Mapped[float] = mapped_column(Double)
    north: Mapped[float] = mapped_column(Double)
    east: Mapped[float] = mapped_column(Double)
    guests: Mapped[int]
    check_in: Mapped[date | None]
    check_out: Mapped[date | None]
    timezone: Mapped[str]
    currency: Mapped[str]
    examined_until: Mapped[int]
    created_at: Mapped[datetime]


class SavedSearchMatch(Base):
    """A listing that matches a saved search, or did: then `stopped_at` says until when."""

    __tablename__ = "saved_search_matches"

    saved_search_id: Mapped[UUID] = mapped_column(
        ForeignKey("saved_searches.saved_search_id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"), primary_key=True, index=True)
    occasions: Mapped[int]
    since: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class SavedSearchAlert(Base):
    """What a guest was told: that a listing came to match, the how manyth time, and what it cost then."""

    __tablename__ = "saved_search_alerts"
    __table_args__ = (
        UniqueConstraint("saved_search_id", "listing_id", "occasion"),
        Index(None, "user_id", "created_at", "alert_id"),
        Index(None, "created_at"),
    )

    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    saved_search_id: Mapped[UUID] = mapped_column(ForeignKey("saved_searches.saved_search_id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    occasion: Mapped[int]
    cause: Mapped[str]
    total_minor: Mapped[int | None]
    currency: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
