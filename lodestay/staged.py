"""Columns of the staged datasets, as the jobs write them; the partitions (`day`, `market`) are beside them.

DuckDB's tests, Athena's table definitions and readers in Python take them from here; a test holds what the
Spark jobs write against it. Amounts are minor units, instants are UTC.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from lodestay import lake
from lodestay.lake import Dataset

_INSTANT = pa.timestamp("us", tz="UTC")

LISTINGS: Final = pa.schema(
    {
        "listing_id": pa.int64(),
        "host_id": pa.string(),
        "title": pa.string(),
        "description": pa.string(),
        "house_rules": pa.string(),
        "language": pa.string(),
        "property_type": pa.string(),
        "room_type": pa.string(),
        "accommodates": pa.int64(),
        "bedrooms": pa.int64(),
        "beds": pa.int64(),
        "shared_bathroom": pa.bool_(),
        "amenities": pa.list_(pa.string()),
        "latitude": pa.float64(),
        "longitude": pa.float64(),
        "instant_book": pa.bool_(),
        "cancellation_policy": pa.string(),
        "review_count": pa.int64(),
        "first_review_on": pa.date32(),
        "last_review_on": pa.date32(),
        "is_active": pa.bool_(),
        "bathrooms": pa.float64(),
        "rating": pa.float64(),
        "rating_accuracy": pa.float64(),
        "rating_cleanliness": pa.float64(),
        "rating_check_in": pa.float64(),
        "rating_communication": pa.float64(),
        "rating_location": pa.float64(),
        "rating_value": pa.float64(),
        "host_since": pa.date32(),
        "response_hours": pa.int64(),
        "response_rate_bps": pa.int64(),
        "acceptance_rate_bps": pa.int64(),
        "is_superhost": pa.bool_(),
        "identity_verified": pa.bool_(),
        "host_languages": pa.list_(pa.string()),  # null: the host is not known
        "neighbourhood": pa.string(),
        "currency": pa.string(),
        "base_price_minor": pa.int64(),
        "weekend_price_minor": pa.int64(),
        "cleaning_fee_minor": pa.int64(),
        "guests_included": pa.int64(),
        "extra_guest_fee_minor": pa.int64(),
        "weekly_discount_bps": pa.int64(),
        "monthly_discount_bps": pa.int64(),
        "min_stay": pa.int64(),
        "max_stay": pa.int64(),
        "advance_notice_days": pa.int64(),
        "booking_window_days": pa.int64(),
        "preparation_days": pa.int64(),
        "min_gap_nights": pa.int64(),
        "fills_gaps": pa.bool_(),
        "last_minute_days": pa.int64(),
        "last_minute_discount_bps": pa.int64(),
        "early_bird_days": pa.int64(),
        "early_bird_discount_bps": pa.int64(),
        "pet_fee_minor": pa.int64(),
        "calendar_from": pa.date32(),
        "calendar_until": pa.date32(),
        "country": pa.string(),
        "timezone": pa.string(),
        "market_latitude": pa.float64(),
        "market_longitude": pa.float64(),
        "service_fee_bps": pa.int64(),
        "tax_bps": pa.int64(),
    }
)
"""A listing a row."""

NIGHTS: Final = pa.schema(
    {
        "listing_id": pa.int64(),
        "night": pa.date32(),
        "price_minor": pa.int64(),  # null: none is known, and the night is not free
        "is_free": pa.bool_(),
        "occupancy_kind": pa.string(),  # null: nobody has the night
        "taken_at": _INSTANT,
        "min_stay": pa.int32(),
        "max_stay": pa.int32(),
        "closed_to_arrival": pa.bool_(),
        "closed_to_departure": pa.bool_(),
        "min_stay_through": pa.int32(),  # null: the night asks nothing of stays that pass through
        "max_stay_through": pa.int32(),
    }
)
"""A listing's night a row."""

BOOKINGS: Final = pa.schema(
    {
        "booking_id": pa.string(),
        "listing_id": pa.int64(),
        "status": pa.string(),
        "check_in": pa.date32(),
        "check_out": pa.date32(),
        "guests": pa.int64(),
        "currency": pa.string(),
        "lines": pa.string(),  # JSON
        "total_minor": pa.int64(),
        "created_at": _INSTANT,
        "confirmed_at": _INSTANT,
        "cancelled_at": _INSTANT,
        "cancelled_by": pa.string(),
        "nights": pa.int64(),
        "lead_days": pa.int64(),
        "nights_minor": pa.int64(),
    }
)
"""A booking a row."""

REVIEWS: Final = pa.schema(
    {
        "review_id": pa.int64(),
        "listing_id": pa.int64(),
        "booking_id": pa.string(),
        "written_on": pa.date32(),
        "rating": pa.int64(),
        "comment": pa.string(),
        "language": pa.string(),
    }
)
"""A review a row."""

SEARCHES: Final = pa.schema(
    {
        "search_id": pa.string(),
        "event_id": pa.string(),
        "occurred_at": _INSTANT,
        "session_id": pa.string(),
        "guest_key": pa.string(),
        "text": pa.string(),
        "check_in": pa.date32(),
        "check_out": pa.date32(),
        "guests": pa.int32(),
        "latitude": pa.float64(),
        "longitude": pa.float64(),
        "currency": pa.string(),
        "locale": pa.string(),
        "total_count": pa.int64(),
        "exploration": pa.bool_(),
        "ranker": pa.string(),
        "asked": pa.string(),  # null: nothing, or what is counted with nobody's
        "visitor": pa.string(),  # null: named by nobody
        "place": pa.string(),
        "lead_days": pa.int32(),
        "nights": pa.int32(),
        "filters": pa.list_(pa.string()),  # names of those in use
        "sort": pa.string(),
        "page": pa.int32(),
        "page_size": pa.int32(),
        "shown": pa.int32(),
        "kept_out_by": pa.string(),  # the filter that alone kept most out
        "kept_out": pa.int64(),
        "nothing_because": pa.string(),  # null: something was found
        "degraded": pa.list_(pa.string()),
        "latency_ms": pa.float64(),
        "flexible": pa.string(),  # null: fixed dates, or none
        "flexible_days": pa.int32(),
        "flexible_months": pa.list_(pa.string()),
        "area": pa.string(),  # null: a market, or the world
    }
)
"""A search a row. The columns from `asked` on are null in what was staged before there were any."""

IMPRESSIONS: Final = pa.schema(
    {
        "search_id": pa.string(),
        "occurred_at": _INSTANT,
        "listing_id": pa.int64(),
        "position": pa.int32(),
        "total_minor": pa.int64(),
        "score": pa.float64(),
        "features": pa.map_(pa.string(), pa.float64()),
        "exploration": pa.bool_(),
        "seen": pa.bool_(),
        "clicked": pa.bool_(),
        "quoted": pa.bool_(),
        "held": pa.bool_(),
        "booked": pa.bool_(),
        "check_in": pa.date32(),  # of the stay that it was shown with
        "check_out": pa.date32(),
    }
)
"""A listing shown in a search a row."""

COLUMNS: Final[dict[Dataset, pa.Schema]] = {
    lake.STAGED_LISTINGS: LISTINGS,
    lake.STAGED_NIGHTS: NIGHTS,
    lake.STAGED_BOOKINGS: BOOKINGS,
    lake.STAGED_REVIEWS: REVIEWS,
    lake.STAGED_SEARCHES: SEARCHES,
    lake.STAGED_IMPRESSIONS: IMPRESSIONS,
}
"""Columns by dataset."""
