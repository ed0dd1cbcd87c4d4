"""What the price model sees of a listing's night.

Both tasks predict the price *relative to an anchor* (comparables for an unseen listing, its own earlier
median for a known one), so a model that learns nothing is the one-line rule itself, and one model
serves markets of any currency. No column is an amount of money for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.calendar import is_weekend, weekdays
from ml.arrays import Dates, Floats, divide, floats

NIGHT = (
    "weekday",  # Monday is 0
    "is_weekend",  # Friday and Saturday nights
    "year_sin",  # the day on the circle of the year
    "year_cos",
    "lead_days",  # from the day of the features to the night
)
LISTING = (
    "latitude",
    "longitude",
    "centre_km",
    "accommodates",
    "bedrooms",
    "beds",
    "bathrooms",
    "shared_bathroom",
    "is_entire_home",
    "is_private_room",
    "is_shared_room",
    "is_hotel_room",
    "amenity_count",
    "has_kitchen",
    "has_air_conditioning",
    "has_washer",
    "has_free_parking",
    "has_pool",
    "has_hot_tub",
    "has_gym",
    "has_elevator",
    "has_workspace",
    "has_balcony",
    "has_breakfast",
    "comparables_count",
    "comparables_level",
    "min_stay",
    "weekly_discount",
    "monthly_discount",
    "instant_book",
    "host_response_rate",
    "host_acceptance_rate",
    "host_tenure_days",
    "is_superhost",
    "rating_shrunk",
    "rating_location",
    "review_count",
    "reviews_per_month",
    "occupancy_90",
    "occupancy_365",
)
"""Columns of `ml.listing_features.SCHEMA`; none tells the listing's own price."""

OWN = (
    "own_to_comparables",  # own earlier median over the comparables'
    "own_weekend_uplift",
    "own_variation",
)
"""What only a listing with earlier prices has."""

UNSEEN_FEATURES: tuple[str, ...] = (*NIGHT, *LISTING)
KNOWN_FEATURES: tuple[str, ...] = (*NIGHT, *LISTING, *OWN)
FEATURES = KNOWN_FEATURES
"""All columns, in order; those of the first task come first."""

YEAR_DAYS = 365.2425


@dataclass(frozen=True)
class OwnPrices:
    """What n listing-nights' listings asked for earlier nights; NaN for a listing that never asked anything.

    Attributes
    ----------
    median_minor
        (n,) minor units.
    weekend_uplift, variation
        (n,) as in `ml.listing_stats.NIGHT_STATS`, over the earlier nights only.
    """

    median_minor: Floats
    weekend_uplift: Floats
    variation: Floats


def pricing_features(
    listings: pa.Table, nights: Dates, *, lead_days: Floats, comparables_minor: Floats, own: OwnPrices
) -> NDArray[np.float64]:
    """Matrix of the price models for n listing-nights.

    Parameters
    ----------
    listings
        Rows of `ml.listing_features.SCHEMA`, one for each listing-night (``take`` with repeats).
    nights
        (n,) datetime64[D].
    lead_days
        (n,) days from the day the prices are asked to the night.
    comparables_minor
        (n,) what comparable listings ask; training on unseen listings hides some of them.
    own
        Earlier prices of the listing.

    Returns
    -------
    (n, len(FEATURES)) float64
        The first ``len(UNSEEN_FEATURES)`` columns are those of the model for unseen listings.
    """
    angle = 2 * np.pi * nights.astype("datetime64[D]").astype(np.int64) / YEAR_DAYS
    values = {
        "weekday": weekdays(nights).astype(np.float64),
        "is_weekend": is_weekend(nights).astype(np.float64),
        "year_sin": np.sin(angle),
        "year_cos": np.cos(angle),
        "lead_days": lead_days,
        "own_to_comparables": divide(own.median_minor, comparables_minor),
        "own_weekend_uplift": own.weekend_uplift,
        "own_variation": own.variation,
    }
    columns = [values[name] if name in values else floats(listings, name) for name in FEATURES]
    return np.column_stack(columns) if len(nights) else np.empty((0, len(FEATURES)))
