"""Markets, users, listings, calendars, bookings, reviews, outbox and imports.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from transactional.outbox.models import Xid8

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "exchange_rates",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("per_euro", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_exchange_rates")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("response", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("actor", "method", "route", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "markets",
        sa.Column("market_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("service_fee_bps", sa.BigInteger(), nullable=False),
        sa.Column("tax_bps", sa.BigInteger(), nullable=False),
        sa.Column("date_shift_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("snapshot_date", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("market_key ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_markets_key_is_slug")),
        sa.CheckConstraint(
            "service_fee_bps BETWEEN 0 AND 10000 AND tax_bps BETWEEN 0 AND 10000", name=op.f("ck_markets_rates")
        ),
        sa.PrimaryKeyConstraint("market_key", name=op.f("pk_markets")),
    )
    op.create_table(
        "outbox",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("market_key", sa.Text(), nullable=True),
        sa.Column("listing_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_xid_entry_id"), "outbox", ["xid", "entry_id"], unique=False)
    op.create_table(
        "outbox_cursors",
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("sink", name=op.f("pk_outbox_cursors")),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("roles <@ ARRAY['guest','host','admin']", name=op.f("ck_users_roles")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
    )
    op.create_table(
        "host_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("host_since", sa.Date(), nullable=True),
        sa.Column("response_hours", sa.BigInteger(), nullable=True),
        sa.Column("response_rate_bps", sa.BigInteger(), nullable=True),
        sa.Column("acceptance_rate_bps", sa.BigInteger(), nullable=True),
        sa.Column("is_superhost", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("identity_verified", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_host_profiles_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_host_profiles")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_host_profiles_source_source_key")),
    )
    op.create_table(
        "import_runs",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("market_key", sa.Text(), nullable=False),
        sa.Column("snapshot_date", sa.Date(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["market_key"], ["markets.market_key"], name=op.f("fk_import_runs_market_key_markets")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_import_runs")),
    )
    op.create_table(
        "neighbourhoods",
        sa.Column("neighbourhood_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("market_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column("boundary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["market_key"], ["markets.market_key"], name=op.f("fk_neighbourhoods_market_key_markets")
        ),
        sa.PrimaryKeyConstraint("neighbourhood_id", name=op.f("pk_neighbourhoods")),
        sa.UniqueConstraint("market_key", "name", name=op.f("uq_neighbourhoods_market_key_name")),
    )
    op.create_table(
        "import_rejects",
        sa.Column("reject_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_runs.run_id"], name=op.f("fk_import_rejects_run_id_import_runs")),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("pk_import_rejects")),
    )
    op.create_index(op.f("ix_import_rejects_run_id"), "import_rejects", ["run_id"], unique=False)
    op.create_table(
        "listings",
        sa.Column("listing_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("market_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("neighbourhood_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("house_rules", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("property_type", sa.Text(), nullable=False),
        sa.Column("room_type", sa.Text(), nullable=False),
        sa.Column("accommodates", sa.BigInteger(), nullable=False),
        sa.Column("bedrooms", sa.BigInteger(), nullable=True),
        sa.Column("beds", sa.BigInteger(), nullable=True),
        sa.Column("bathrooms", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("shared_bathroom", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("amenities", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("instant_book", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("cancellation_policy", sa.Text(), server_default="moderate", nullable=False),
        sa.Column("rating", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_accuracy", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_cleanliness", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_check_in", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_communication", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_location", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("rating_value", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("review_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_review_on", sa.Date(), nullable=True),
        sa.Column("last_review_on", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("accommodates BETWEEN 1 AND 50", name=op.f("ck_listings_accommodates")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_listings_coordinates")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["users.user_id"], name=op.f("fk_listings_host_id_users")),
        sa.ForeignKeyConstraint(["market_key"], ["markets.market_key"], name=op.f("fk_listings_market_key_markets")),
        sa.ForeignKeyConstraint(
            ["neighbourhood_id"],
            ["neighbourhoods.neighbourhood_id"],
            name=op.f("fk_listings_neighbourhood_id_neighbourhoods"),
        ),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_listings")),
        sa.UniqueConstraint("market_key", "source", "source_id", name=op.f("uq_listings_market_key_source_source_id")),
    )
    op.create_index(op.f("ix_listings_host_id"), "listings", ["host_id"], unique=False)
    op.create_index(op.f("ix_listings_market_key_is_active"), "listings", ["market_key", "is_active"], unique=False)
    op.create_table(
        "calendar_nights",
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("min_stay", sa.BigInteger(), nullable=True),
        sa.Column("max_stay", sa.BigInteger(), nullable=True),
        sa.Column("closed_to_arrival", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("closed_to_departure", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "price_minor >= 0 AND min_stay >= 1 AND max_stay >= 1", name=op.f("ck_calendar_nights_rules")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.listing_id"], name=op.f("fk_calendar_nights_listing_id_listings")
        ),
        sa.PrimaryKeyConstraint("listing_id", "night", name=op.f("pk_calendar_nights")),
    )
    op.create_table(
        "occupancy",
        sa.Column("occupancy_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("stay", postgresql.DATERANGE(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_live", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.literal_column("int8range(listing_id, listing_id, '[]')"), "&&"),
            (sa.column("stay"), "&&"),
            where=sa.text("is_live"),
            using="gist",
            name="ex_occupancy_no_overlap",
        ),
        sa.CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name=op.f("ck_occupancy_only_holds_expire")),
        sa.CheckConstraint("kind IN ('booking','hold','host_block','imported')", name=op.f("ck_occupancy_kind")),
        sa.CheckConstraint(
            "NOT isempty(stay) AND NOT lower_inf(stay) AND NOT upper_inf(stay)"
            " AND lower_inc(stay) AND NOT upper_inc(stay)",
            name=op.f("ck_occupancy_stay_half_open"),
        ),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f("fk_occupancy_listing_id_listings")),
        sa.PrimaryKeyConstraint("occupancy_id", name=op.f("pk_occupancy")),
    )
    op.create_index("ix_occupancy_booking_id", "occupancy", ["booking_id"], unique=False)
    op.create_index(
        "ix_occupancy_due_holds",
        "occupancy",
        ["expires_at"],
        unique=False,
        postgresql_where="is_live AND kind = 'hold'",
    )
    op.create_index("ix_occupancy_listing_live", "occupancy", ["listing_id"], unique=False, postgresql_where="is_live")
    op.create_table(
        "quotes",
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("guest_id", sa.Uuid(), nullable=False),
        sa.Column("stay", postgresql.DATERANGE(), nullable=False),
        sa.Column("guests", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("guests >= 1 AND total_minor >= 0", name=op.f("ck_quotes_amounts")),
        sa.ForeignKeyConstraint(["guest_id"], ["users.user_id"], name=op.f("fk_quotes_guest_id_users")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f("fk_quotes_listing_id_listings")),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quotes")),
    )
    op.create_table(
        "rate_plans",
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("base_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("weekend_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("cleaning_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("guests_included", sa.BigInteger(), nullable=False),
        sa.Column("extra_guest_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("weekly_discount_bps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("monthly_discount_bps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("min_stay", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("max_stay", sa.BigInteger(), server_default="365", nullable=False),
        sa.Column("advance_notice_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("calendar_from", sa.Date(), nullable=True),
        sa.Column("calendar_until", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "base_price_minor >= 0 AND weekend_price_minor >= 0"
            " AND cleaning_fee_minor >= 0 AND extra_guest_fee_minor >= 0",
            name=op.f("ck_rate_plans_prices"),
        ),
        sa.CheckConstraint(
            "min_stay BETWEEN 1 AND max_stay AND guests_included >= 1 AND advance_notice_days >= 0",
            name=op.f("ck_rate_plans_rules"),
        ),
        sa.CheckConstraint(
            "weekly_discount_bps BETWEEN 0 AND 10000 AND monthly_discount_bps BETWEEN 0 AND 10000",
            name=op.f("ck_rate_plans_discounts"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.listing_id"], name=op.f("fk_rate_plans_listing_id_listings")
        ),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_rate_plans")),
    )
    op.create_table(
        "seasons",
        sa.Column("season_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("span", postgresql.DATERANGE(), nullable=False),
        sa.Column("price_bps", sa.BigInteger(), nullable=False),
        sa.Column("min_stay", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "NOT isempty(span) AND NOT lower_inf(span) AND NOT upper_inf(span)"
            " AND lower_inc(span) AND NOT upper_inc(span)",
            name=op.f("ck_seasons_span_half_open"),
        ),
        sa.CheckConstraint("price_bps BETWEEN 1 AND 100000", name=op.f("ck_seasons_price")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f("fk_seasons_listing_id_listings")),
        sa.PrimaryKeyConstraint("season_id", name=op.f("pk_seasons")),
    )
    op.create_index("ix_seasons_listing_id", "seasons", ["listing_id"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("guest_id", sa.Uuid(), nullable=False),
        sa.Column("quote_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("check_in", sa.Date(), nullable=False),
        sa.Column("check_out", sa.Date(), nullable=False),
        sa.Column("guests", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("status IN ('held','confirmed','cancelled','expired')", name=op.f("ck_bookings_status")),
        sa.CheckConstraint("check_in < check_out", name=op.f("ck_bookings_stay")),
        sa.CheckConstraint("guests >= 1 AND total_minor >= 0", name=op.f("ck_bookings_amounts")),
        sa.ForeignKeyConstraint(["guest_id"], ["users.user_id"], name=op.f("fk_bookings_guest_id_users")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f("fk_bookings_listing_id_listings")),
        sa.ForeignKeyConstraint(["quote_id"], ["quotes.quote_id"], name=op.f("fk_bookings_quote_id_quotes")),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("quote_id", name=op.f("uq_bookings_quote_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_bookings_reference")),
    )
    op.create_index(op.f("ix_bookings_guest_id_created_at"), "bookings", ["guest_id", "created_at"], unique=False)
    op.create_index(op.f("ix_bookings_listing_id_check_in"), "bookings", ["listing_id", "check_in"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("author_key", sa.Text(), nullable=False),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_reviews_rating")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.booking_id"], name=op.f("fk_reviews_booking_id_bookings")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.listing_id"], name=op.f("fk_reviews_listing_id_listings")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("listing_id", "source", "source_id", name=op.f("uq_reviews_listing_id_source_source_id")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("reviews")
    op.drop_index(op.f("ix_bookings_listing_id_check_in"), table_name="bookings")
    op.drop_index(op.f("ix_bookings_guest_id_created_at"), table_name="bookings")
    op.drop_table("bookings")
    op.drop_index("ix_seasons_listing_id", table_name="seasons")
    op.drop_table("seasons")
    op.drop_table("rate_plans")
    op.drop_table("quotes")
    op.drop_index("ix_occupancy_listing_live", table_name="occupancy", postgresql_where="is_live")
    op.drop_index("ix_occupancy_due_holds", table_name="occupancy", postgresql_where="is_live AND kind = 'hold'")
    op.drop_index("ix_occupancy_booking_id", table_name="occupancy")
    op.drop_table("occupancy")
    op.drop_table("calendar_nights")
    op.drop_index(op.f("ix_listings_market_key_is_active"), table_name="listings")
    op.drop_index(op.f("ix_listings_host_id"), table_name="listings")
    op.drop_table("listings")
    op.drop_index(op.f("ix_import_rejects_run_id"), table_name="import_rejects")
    op.drop_table("import_rejects")
    op.drop_table("neighbourhoods")
    op.drop_table("import_runs")
    op.drop_table("host_profiles")
    op.drop_table("users")
    op.drop_table("outbox_cursors")
    op.drop_index(op.f("ix_outbox_xid_entry_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("markets")
    op.drop_table("idempotency_keys")
    op.drop_table("exchange_rates")
