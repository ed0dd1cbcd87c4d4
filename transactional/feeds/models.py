"""Tables of calendar feeds: those that are read, their events, and the tokens under which ours are given out."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from transactional.calendars.models import HALF_OPEN
from transactional.kit.database import Base


class CalendarFeed(Base):
    """Another site's calendar of a listing, read again and again.

    `laid_out_on` is the listing's date on which the whole text was last read; `empty_reads` counts how often
    in a row, since `empty_since`, the feed came back empty while it had events before.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        CheckConstraint("status IN ('new','fresh','failing','paused')", name="status"),
        Index("ix_calendar_feeds_due", "next_read_at", postgresql_where="status <> 'paused'"),
        Index(None, "listing_id"),
    )

    feed_id: Mapped[UUID] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    name: Mapped[str]
    url: Mapped[str]
    status: Mapped[str]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    content_hash: Mapped[str | None]
    laid_out_on: Mapped[date | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    empty_reads: Mapped[int] = mapped_column(server_default="0")
    empty_since: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    last_read_at: Mapped[datetime | None]
    next_read_at: Mapped[datetime]


class FeedEvent(Base):
    """Nights that a feed says are taken; those that somebody here has are a conflict, shown to the host."""

    __tablename__ = "feed_events"
    __table_args__ = (
        CheckConstraint("status IN ('applied','conflict','ignored','gone')", name="status"),
        CheckConstraint("kind IN ('reservation','block')", name="kind"),
        CheckConstraint(HALF_OPEN.format("stay"), name="stay_half_open"),
    )

    feed_id: Mapped[UUID] = mapped_column(ForeignKey("calendar_feeds.feed_id", ondelete="CASCADE"), primary_key=True)
    uid: Mapped[str] = mapped_column(primary_key=True)
    stay: Mapped[Range[date]] = mapped_column(DATERANGE)
    kind: Mapped[str]
    status: Mapped[str]
    summary: Mapped[str]
    note: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class FeedToken(Base):
    """The hash of an unguessable token under which a listing's own calendar is given out."""

    __tablename__ = "feed_tokens"

    token_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"), index=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
