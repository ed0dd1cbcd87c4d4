"""Tables of a listing's calendar: what nights cost and allow, and who has them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Identity, Index, func, literal_column
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base

OCCUPANCY_NO_OVERLAP = "ex_occupancy_no_overlap"
"""The constraint that makes a double booking impossible, whatever the code above it does."""

HALF_OPEN = "NOT isempty({0}) AND NOT lower_inf({0}) AND NOT upper_inf({0}) AND lower_inc({0}) AND NOT upper_inc({0})"


class RatePlan(Base):
    """A listing's prices and stay rules where no season and no single night says otherwise.

    The calendar is known for the nights from `calendar_from` up to, and without, `calendar_until`; both
    are null for a listing whose source has no calendar, and nothing can be booked there. `version` grows
    with every change of the plan, a season or a night: a quote knows by it whether the rules are still those
    it was made by.
    """

    __tablename__ = "rate_plans"
    __table_args__ = (
        CheckConstraint(
            "base_price_minor >= 0 AND weekend_price_minor >= 0"
            " AND cleaning_fee_minor >= 0 AND extra_guest_fee_minor >= 0",
            name="prices",
        ),
        CheckConstraint(
            "weekly_discount_bps BETWEEN 0 AND 10000 AND monthly_discount_bps BETWEEN 0 AND 10000", name="discounts"
        ),
        CheckConstraint(
            "min_stay BETWEEN 1 AND max_stay AND guests_included >= 1 AND advance_notice_days >= 0", name="rules"
        ),
        CheckConstraint(
            "last_minute_days BETWEEN 0 AND 365 AND last_minute_discount_bps BETWEEN 0 AND 10000"
            " AND early_bird_days BETWEEN 0 AND 730 AND early_bird_discount_bps BETWEEN 0 AND 10000",
            name="lead_time_discounts",
        ),
        CheckConstraint("max_pets BETWEEN 0 AND 20 AND pet_fee_minor >= 0", name="pets"),
        CheckConstraint(
            "last_booking_hour BETWEEN 1 AND 24 AND preparation_days BETWEEN 0 AND 14"
            " AND booking_window_days BETWEEN 1 AND 730 AND min_gap_nights BETWEEN 0 AND 30"
            " AND check_in_hour BETWEEN 0 AND 23 AND check_out_hour BETWEEN 0 AND 23",
            name="timing",
        ),
        CheckConstraint("approval_hours BETWEEN 1 AND 168 AND requires_completed_stays >= 0", name="approval"),
    )

    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"), primary_key=True)
    currency: Mapped[str] = mapped_column(CHAR(3))
    base_price_minor: Mapped[int | None]
    weekend_price_minor: Mapped[int | None]
    cleaning_fee_minor: Mapped[int] = mapped_column(server_default="0")
    guests_included: Mapped[int]
    extra_guest_fee_minor: Mapped[int] = mapped_column(server_default="0")
    weekly_discount_bps: Mapped[int] = mapped_column(server_default="0")
    monthly_discount_bps: Mapped[int] = mapped_column(server_default="0")
    min_stay: Mapped[int] = mapped_column(server_default="1")
    max_stay: Mapped[int] = mapped_column(server_default="365")
    advance_notice_days: Mapped[int] = mapped_column(server_default="0")
    last_booking_hour: Mapped[int] = mapped_column(server_default="24")
    preparation_days: Mapped[int] = mapped_column(server_default="0")
    booking_window_days: Mapped[int] = mapped_column(server_default="365")
    min_gap_nights: Mapped[int] = mapped_column(server_default="0")
    fills_gaps: Mapped[bool] = mapped_column(server_default="false")
    last_minute_days: Mapped[int] = mapped_column(server_default="0")
    last_minute_discount_bps: Mapped[int] = mapped_column(server_default="0")
    early_bird_days: Mapped[int] = mapped_column(server_default="0")
    early_bird_discount_bps: Mapped[int] = mapped_column(server_default="0")
    max_pets: Mapped[int] = mapped_column(server_default="0")
    pet_fee_minor: Mapped[int] = mapped_column(server_default="0")
    check_in_hour: Mapped[int] = mapped_column(server_default="15")
    check_out_hour: Mapped[int] = mapped_column(server_default="11")
    approval_hours: Mapped[int] = mapped_column(server_default="24")
    requires_verified_guest: Mapped[bool] = mapped_column(server_default="false")
    requires_completed_stays: Mapped[int] = mapped_column(server_default="0")
    calendar_from: Mapped[date | None]
    calendar_until: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Season(Base):
    """A span of nights with prices scaled by `price_bps` / 10,000 and, maybe, a longer minimum stay."""

    __tablename__ = "seasons"
    __table_args__ = (
        CheckConstraint(HALF_OPEN.format("span"), name="span_half_open"),
        CheckConstraint("price_bps BETWEEN 1 AND 100000", name="price"),
        Index("ix_seasons_listing_id", "listing_id"),
    )

    season_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    name: Mapped[str]
    span: Mapped[Range[date]] = mapped_column(DATERANGE)
    price_bps: Mapped[int]
    min_stay: Mapped[int | None]


class CalendarNight(Base):
    """What one night says otherwise; a null says nothing."""

    __tablename__ = "calendar_nights"
    __table_args__ = (
        CheckConstraint("price_minor >= 0 AND min_stay >= 1 AND max_stay >= 1", name="rules"),
        CheckConstraint("min_stay_through >= 1 AND max_stay_through >= 1", name="stay_through"),
    )

    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    price_minor: Mapped[int | None]
    min_stay: Mapped[int | None]
    max_stay: Mapped[int | None]
    min_stay_through: Mapped[int | None]
    max_stay_through: Mapped[int | None]
    closed_to_arrival: Mapped[bool] = mapped_column(server_default="false")
    closed_to_departure: Mapped[bool] = mapped_column(server_default="false")


class Occupancy(Base):
    """Nights that somebody has: a booking, a hold, the host's own block or an imported calendar.

    One table under one constraint, because two tables cannot exclude each other. A hold past
    `expires_at` still occupies until a writer, holding the listing's lock, sets `is_live` false.
    """

    __tablename__ = "occupancy"
    __table_args__ = (
        CheckConstraint("kind IN ('booking','hold','host_block','imported')", name="kind"),
        CheckConstraint(HALF_OPEN.format("stay"), name="stay_half_open"),
        CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name="only_holds_expire"),
        # int8range of one number stands for equality: GiST knows ranges without the btree_gist extension.
        ExcludeConstraint(
            (literal_column("int8range(listing_id, listing_id, '[]')"), "&&"),
            ("stay", "&&"),
            name=OCCUPANCY_NO_OVERLAP,
            where="is_live",
            using="gist",
        ),
        Index("ix_occupancy_listing_live", "listing_id", postgresql_where="is_live"),
        Index("ix_occupancy_booking_id", "booking_id"),
        Index("ix_occupancy_feed_id", "feed_id", postgresql_where="feed_id IS NOT NULL"),
        Index("ix_occupancy_due_holds", "expires_at", postgresql_where="is_live AND kind = 'hold'"),
    )

    occupancy_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.listing_id"))
    stay: Mapped[Range[date]] = mapped_column(DATERANGE)
    kind: Mapped[str]
    booking_id: Mapped[UUID | None]
    feed_id: Mapped[UUID | None] = mapped_column(ForeignKey("calendar_feeds.feed_id"))
    expires_at: Mapped[datetime | None]
    is_live: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
