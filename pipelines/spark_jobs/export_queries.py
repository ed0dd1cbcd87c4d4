"""What is exported from PostgreSQL: the columns of each table, named one by one, as SQL.

A column that nobody reads downstream, or that could lead to a person, stays in the database. A new
column of a model is an error of a test until somebody says here where it belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CHAR, Column, ColumnElement, Date, Select, Text, Uuid, cast, func, select
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect

from lodestay.lake import EXPORTED_TABLES
from transactional.kit.metadata import metadata

COLUMNS: dict[str, tuple[str, ...]] = {
    "markets": (
        "market_key",
        "name",
        "country",
        "currency",
        "timezone",
        "latitude",
        "longitude",
        "service_fee_bps",
        "tax_bps",
        "date_shift_days",
        "snapshot_date",
        "created_at",
        "updated_at",
    ),
    "neighbourhoods": ("neighbourhood_id", "market_key", "name", "group_name", "boundary"),
    "host_profiles": (
        "user_id",
        "host_since",
        "response_hours",
        "response_rate_bps",
        "acceptance_rate_bps",
        "is_superhost",
        "identity_verified",
        "languages",
        "updated_at",
    ),
    "listings": (
        "listing_id",
        "market_key",
        "host_id",
        "neighbourhood_id",
        "title",
        "description",
        "house_rules",
        "language",
        "property_type",
        "room_type",
        "accommodates",
        "bedrooms",
        "beds",
        "bathrooms",
        "shared_bathroom",
        "amenities",
        "latitude",
        "longitude",
        "instant_book",
        "cancellation_policy",
        "rating",
        "rating_accuracy",
        "rating_cleanliness",
        "rating_check_in",
        "rating_communication",
        "rating_location",
        "rating_value",
        "review_count",
        "first_review_on",
        "last_review_on",
        "is_active",
        "created_at",
        "updated_at",
    ),
    "rate_plans": (
        "listing_id",
        "currency",
        "base_price_minor",
        "weekend_price_minor",
        "cleaning_fee_minor",
        "guests_included",
        "extra_guest_fee_minor",
        "weekly_discount_bps",
        "monthly_discount_bps",
        "min_stay",
        "max_stay",
        "advance_notice_days",
        "last_booking_hour",
        "booking_window_days",
        "preparation_days",
        "min_gap_nights",
        "fills_gaps",
        "last_minute_days",
        "last_minute_discount_bps",
        "early_bird_days",
        "early_bird_discount_bps",
        "pet_fee_minor",
        "calendar_from",
        "calendar_until",
        "updated_at",
    ),
    "seasons": ("season_id", "listing_id", "name", "span", "price_bps", "min_stay"),
    "calendar_nights": (
        "listing_id",
        "night",
        "price_minor",
        "min_stay",
        "max_stay",
        "closed_to_arrival",
        "closed_to_departure",
        "min_stay_through",
        "max_stay_through",
    ),
    "occupancy": ("occupancy_id", "listing_id", "stay", "kind", "booking_id", "expires_at", "is_live", "created_at"),
    "bookings": (
        "booking_id",
        "listing_id",
        "status",
        "check_in",
        "check_out",
        "guests",
        "currency",
        "lines",
        "total_minor",
        "created_at",
        "confirmed_at",
        "cancelled_at",
        "cancelled_by",
    ),
    "reviews": ("review_id", "listing_id", "booking_id", "written_on", "rating", "comment", "language"),
}

LEFT_OUT: dict[str, tuple[str, ...]] = {
    "markets": ("host_fee_bps", "grace_hours"),  # between the platform and its hosts and guests
    "occupancy": ("feed_id",),
    "host_profiles": ("source", "source_key"),  # a pseudonym of the source: only the import compares it
    "listings": ("source", "source_id", "content_hash", "version"),  # the import's bookkeeping
    "rate_plans": (  # what a booking asks of its guest, and when it begins: nothing here models that
        "version",
        "max_pets",
        "check_in_hour",
        "check_out_hour",
        "approval_hours",
        "requires_verified_guest",
        "requires_completed_stays",
    ),
    "bookings": (  # who booked, and by which agreement, stays in PostgreSQL
        "reference",
        "guest_id",
        "quote_id",
        "starts_at",
        "ends_at",
        "pets",
        "charge_currency",
        "charge_lines",
        "charge_total_minor",
        "exchange_rate",
        "cancellation_policy",
        "payment_method",
        "respond_by",
        "approved_at",
        "hold_expires_at",
        "closed_at",
        "closed_because",
        "refund",
        "version",
    ),
    "reviews": ("source", "source_id", "author_key"),  # who wrote it, likewise
}

_DIALECT = PGDialect()  # type: ignore[no-untyped-call]


def export_query(table: str, markets: Sequence[str]) -> str:
    """SQL of a table's rows in some markets, with `market` beside the columns.

    A market has `sources` too, those of its listings in one text: model cards name whose data they learned.

    Types that JDBC does not know are put in plain ones: UUID, JSON and fixed-length text as text, a
    range of dates as ``<column>_from`` and ``<column>_until``.
    """
    return _sql(_rows(table, markets))


def bounds_query(table: str, markets: Sequence[str]) -> str | None:
    """SQL of the least and greatest listing and the number of rows, None for tables that are read in one go."""
    if "listing_id" not in COLUMNS[table]:
        return None
    rows = _rows(table, markets).subquery()
    return _sql(select(func.min(rows.c.listing_id), func.max(rows.c.listing_id), func.count()))


def _sql(statement: Select[*tuple[Any, ...]]) -> str:
    """The statement as text with its values in it, which SQLAlchemy quotes: JDBC's sub-query takes no parameters."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def _rows(table: str, markets: Sequence[str]) -> Select[Any]:
    if table not in EXPORTED_TABLES:
        raise ValueError(f"{table} is not exported.")
    source, listings = metadata.tables[table], metadata.tables["listings"]
    columns = [plain for name in COLUMNS[table] for plain in _plain(source.c[name])]
    market: ColumnElement[str] = source.c.market_key if "market_key" in source.c else listings.c.market_key
    statement = select(*columns, cast(market, Text).label("market")).where(market.in_(sorted(markets)))
    if table == "markets":
        sources = select(func.string_agg(listings.c.source.distinct(), ",")).where(listings.c.market_key == market)
        statement = statement.add_columns(sources.scalar_subquery().label("sources"))
    if table == "host_profiles":  # a host has listings in one market or more
        return statement.where(source.c.user_id == listings.c.host_id).distinct()
    return statement if "market_key" in source.c else statement.where(source.c.listing_id == listings.c.listing_id)


def _plain(column: Column[Any]) -> list[ColumnElement[Any]]:
    if isinstance(column.type, DATERANGE):
        return [
            cast(func.lower(column), Date).label(f"{column.name}_from"),
            cast(func.upper(column), Date).label(f"{column.name}_until"),
        ]
    if isinstance(column.type, (JSONB, Uuid, CHAR)):
        return [cast(column, Text).label(column.name)]
    return [column]
