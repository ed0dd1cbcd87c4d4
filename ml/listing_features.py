"""A listing as numbers: one definition for Spark, the API and the tests, so that all see the same bits.

:func:`listing_features` takes one market's Arrow tables and gives a row a listing. Not known is null
(NaN in NumPy), never zero; amounts are minor units of the listing's currency, shares lie in [0, 1].
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lodestay.geography import distances_km
from lodestay.vocabulary.property_types import RoomType
from ml.arrays import Floats, age_in_days, days, divide, floats, integers, lookup
from ml.comparables import comparables
from ml.listing_stats import (
    BOOKING_STATS,
    BOOKING_STATS_SCHEMA,
    NIGHT_STATS_SCHEMA,
    REVIEW_STATS_SCHEMA,
    booking_stats,
    night_stats,
    review_stats,
)

__all__ = [
    "BOOKING_STATS_SCHEMA",
    "NIGHT_STATS_SCHEMA",
    "NUMBERS",
    "REVIEW_STATS_SCHEMA",
    "SCHEMA",
    "booking_stats",
    "listing_features",
    "night_stats",
    "numbers_of",
    "review_stats",
]

BPS = 10_000.0
RATING_PRIOR_REVIEWS = 10.0
"""Reviews at the market's mean that every listing is given before its own count."""
MONTHS_A_YEAR, DAYS_A_MONTH = 12.0, 30.4375

ROOM_TYPES = tuple(room_type.value for room_type in RoomType)
KEY_AMENITIES = (
    "wifi",
    "kitchen",
    "air_conditioning",
    "heating",
    "washer",
    "tv",
    "free_parking",
    "pool",
    "hot_tub",
    "gym",
    "elevator",
    "workspace",
    "balcony",
    "breakfast",
    "pets_allowed",
    "self_check_in",
    "family_friendly",
    "waterfront",
)
"""Codes of `lodestay.vocabulary.amenities` that have a column of their own."""

LABELS = ("currency", "neighbourhood", "room_type", "property_type")
"""Text columns: what the numbers are about, for words and groups; never model inputs."""

NUMBERS = (
    # Where it is.
    "latitude",
    "longitude",
    "centre_km",  # great circle to the market's centre
    # What it is.
    "accommodates",
    "bedrooms",
    "beds",
    "bathrooms",
    "shared_bathroom",  # flags are 0 or 1
    *(f"is_{room_type}" for room_type in ROOM_TYPES),
    "amenity_count",
    *(f"has_{amenity}" for amenity in KEY_AMENITIES),
    # What it asks.
    "price_minor",  # level of a night: median of the year ahead, else the rate plan's base price
    "price_per_guest_minor",
    "cleaning_fee_minor",
    "comparables_minor",  # ml.comparables: median of the others
    "comparables_count",
    "comparables_level",
    "price_to_comparables",  # 1: as they ask
    "price_variation",
    "weekend_uplift",
    "weekly_discount",  # shares
    "monthly_discount",
    # How full it is, and under which rules.
    "occupancy_30",
    "occupancy_90",
    "occupancy_365",
    "min_stay",  # nights
    "max_stay",
    "advance_notice_days",
    "instant_book",
    # Who lets it.
    "host_response_hours",
    "host_response_rate",
    "host_acceptance_rate",
    "host_tenure_days",
    "is_superhost",
    "identity_verified",
    # What guests said and did.
    "rating",  # stars, 1 to 5
    "rating_shrunk",  # towards the market's mean, by RATING_PRIOR_REVIEWS
    "rating_cleanliness",
    "rating_location",
    "rating_value",
    "review_count",
    "review_recency_days",
    "reviews_per_month",
    *BOOKING_STATS,
)
"""Number columns of :data:`SCHEMA`, in order."""

SCHEMA = pa.schema(
    [
        pa.field("listing_id", pa.int64(), nullable=False),
        *(pa.field(name, pa.string()) for name in LABELS),
        *(pa.field(name, pa.float64()) for name in NUMBERS),
    ]
)
"""Columns of `lodestay.lake.LISTING_FEATURES` (its partitions: day, market)."""


def numbers_of(features: pa.Table) -> Floats:
    """:data:`NUMBERS` of rows of :data:`SCHEMA`, (rows, len(NUMBERS)); null is NaN."""
    return np.column_stack([floats(features, name) for name in NUMBERS])


def listing_features(
    listings: pa.Table, night_stats: pa.Table, review_stats: pa.Table, booking_stats: pa.Table, *, as_of: date
) -> pa.Table:
    """Features of one market's listings as of a day.

    For a day in the past bookings and the number of reviews are those of then; ratings and all that a
    listing says of itself are those of `listings`, today's.

    Parameters
    ----------
    listings
        Rows of `lodestay.lake.STAGED_LISTINGS` of ONE market (comparables and the rating's prior are
        taken over all of them, active or not).
    night_stats, review_stats, booking_stats
        What the functions of these names in :mod:`ml.listing_stats` gave; listings may be missing there.

    Returns
    -------
    pa.Table
        :data:`SCHEMA`, in the order of `listings`.
    """
    ids = integers(listings, "listing_id")
    ahead = _aligned(night_stats, ids, NIGHT_STATS_SCHEMA)
    reviews = _aligned(review_stats, ids, REVIEW_STATS_SCHEMA)
    bookings = _aligned(booking_stats, ids, BOOKING_STATS_SCHEMA)
    numbers = {
        **_place_and_kind(listings),
        **_price(listings, ahead),
        **_calendar(listings, ahead),
        **_host(listings, as_of),
        **_reviews(listings, reviews, as_of),
        **{
            name: np.nan_to_num(bookings[name]) if name in {"bookings_90", "booked_nights_90"} else bookings[name]
            for name in BOOKING_STATS
        },
    }
    columns: dict[str, Any] = {"listing_id": listings["listing_id"], **{name: listings[name] for name in LABELS}}
    columns |= {name: _nullable(numbers[name]) for name in NUMBERS}
    return pa.table(columns).cast(SCHEMA)


def _place_and_kind(listings: pa.Table) -> dict[str, Floats]:
    latitude, longitude = floats(listings, "latitude"), floats(listings, "longitude")
    room_type = listings["room_type"]
    centre = distances_km(
        latitude, longitude, floats(listings, "market_latitude"), floats(listings, "market_longitude")
    )
    return {
        "latitude": latitude,
        "longitude": longitude,
        "centre_km": centre,
        **{name: floats(listings, name) for name in ("accommodates", "bedrooms", "beds", "bathrooms")},
        "shared_bathroom": floats(listings, "shared_bathroom"),
        **{f"is_{name}": _flag(pc.equal(room_type, name)) for name in ROOM_TYPES},
        "amenity_count": _number(pc.list_value_length(listings["amenities"])),
        **_amenity_flags(listings["amenities"]),
    }


def _amenity_flags(amenities: pa.ChunkedArray) -> dict[str, Floats]:
    rows = pc.list_parent_indices(amenities).to_numpy()
    values = pc.list_flatten(amenities)
    flags = {}
    for name in KEY_AMENITIES:
        flag = np.zeros(len(amenities))
        flag[rows[pc.fill_null(pc.equal(values, name), fill_value=False).to_numpy()]] = 1.0
        flags[f"has_{name}"] = flag
    return flags


def _price(listings: pa.Table, ahead: dict[str, Floats]) -> dict[str, Floats]:
    base = floats(listings, "base_price_minor")
    # A price of zero is a source that does not say: no comparison can be made with it.
    price = np.where(np.isfinite(ahead["price_ahead_minor"]), ahead["price_ahead_minor"], base)
    price = np.where(price > 0, price, np.nan)
    others = comparables(listings, price)
    plan_uplift = divide(floats(listings, "weekend_price_minor"), base) - 1.0
    return {
        "price_minor": price,
        "price_per_guest_minor": divide(price, floats(listings, "accommodates")),
        "cleaning_fee_minor": floats(listings, "cleaning_fee_minor"),
        "comparables_minor": others.median_minor,
        "comparables_count": others.count,
        "comparables_level": others.level,
        "price_to_comparables": divide(price, others.median_minor),
        "price_variation": ahead["price_variation"],
        "weekend_uplift": np.where(np.isfinite(ahead["weekend_uplift"]), ahead["weekend_uplift"], plan_uplift),
        "weekly_discount": floats(listings, "weekly_discount_bps") / BPS,
        "monthly_discount": floats(listings, "monthly_discount_bps") / BPS,
    }


def _calendar(listings: pa.Table, ahead: dict[str, Floats]) -> dict[str, Floats]:
    def rule(name: str) -> Floats:
        known = ahead[f"{name}_ahead"]
        return np.where(np.isfinite(known), known, floats(listings, name))

    return {
        **{name: ahead[name] for name in ("occupancy_30", "occupancy_90", "occupancy_365")},
        "min_stay": rule("min_stay"),
        "max_stay": rule("max_stay"),
        "advance_notice_days": floats(listings, "advance_notice_days"),
        "instant_book": floats(listings, "instant_book"),
    }


def _host(listings: pa.Table, as_of: date) -> dict[str, Floats]:
    tenure = age_in_days(days(listings, "host_since"), as_of)
    return {
        "host_response_hours": floats(listings, "response_hours"),
        "host_response_rate": floats(listings, "response_rate_bps") / BPS,
        "host_acceptance_rate": floats(listings, "acceptance_rate_bps") / BPS,
        "host_tenure_days": np.where(tenure >= 0, tenure, np.nan),
        "is_superhost": floats(listings, "is_superhost"),
        "identity_verified": floats(listings, "identity_verified"),
    }


def _reviews(listings: pa.Table, reviews: dict[str, Floats], as_of: date) -> dict[str, Floats]:
    # The listing's own count is today's, and may be of more reviews than are held.
    known, later = (np.nan_to_num(reviews[name]) for name in ("reviews_known", "reviews_later"))
    count = np.fmax(floats(listings, "review_count") - later, known)
    rating = floats(listings, "rating")
    rating = np.where(np.isfinite(rating), rating, reviews["review_rating"])
    recency = age_in_days(days(listings, "last_review_on"), as_of)
    recency = np.where(np.isfinite(reviews["last_review_days"]), reviews["last_review_days"], recency)
    # Where the reviews themselves are not held, the rate is the listing's count over its life.
    life = age_in_days(days(listings, "first_review_on"), as_of)
    lifetime_rate = divide(count, np.maximum(life / DAYS_A_MONTH, 1.0))
    rate = np.where(np.isfinite(reviews["reviews_365"]), reviews["reviews_365"] / MONTHS_A_YEAR, lifetime_rate)
    return {
        "rating": rating,
        "rating_shrunk": _shrunk(rating, count),
        **{name: floats(listings, name) for name in ("rating_cleanliness", "rating_location", "rating_value")},
        "review_count": count,
        "review_recency_days": np.where(recency >= 0, recency, np.nan),
        "reviews_per_month": np.where(count == 0, 0.0, rate),
    }


def _shrunk(rating: Floats, count: Floats) -> Floats:
    """Rating with the market's mean mixed in as so many more reviews; the mean itself where there is no rating."""
    rated = np.isfinite(rating) & (count > 0)
    weight = np.where(rated, count, 0.0)
    # Sorted first, so that the sum does not depend on the order of the rows.
    total = float(np.sort(np.where(rated, rating * weight, 0.0)).sum())
    mean = total / weight.sum() if rated.any() else np.nan
    own = np.where(rated, rating, 0.0) * weight
    return np.asarray((own + mean * RATING_PRIOR_REVIEWS) / (weight + RATING_PRIOR_REVIEWS))


def _aligned(stats: pa.Table, ids: Any, schema: pa.Schema) -> dict[str, Floats]:
    """Columns of `stats` in the order of `ids`; NaN for listings that are not there."""
    rows, found = lookup(integers(stats, "listing_id"), ids)
    names = [name for name in schema.names if name != "listing_id"]
    if not stats.num_rows:
        return {name: np.full(len(ids), np.nan) for name in names}
    return {name: np.where(found, floats(stats, name)[rows], np.nan) for name in names}


def _flag(condition: pa.ChunkedArray) -> Floats:
    return _number(pc.fill_null(condition, fill_value=False).cast(pa.int8()))


def _number(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
