"""Listing features over real and tiny markets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lodestay.vocabulary.amenities import AMENITIES
from ml.arrays import floats
from ml.listing_features import (
    KEY_AMENITIES,
    NUMBERS,
    SCHEMA,
    booking_stats,
    listing_features,
    night_stats,
    review_stats,
)


@pytest.fixture(scope="module")
def singapore(city: Callable[..., Any]) -> Any:
    """Singapore as of its snapshot."""
    return city("singapore", "2023-09-23", "SGD")


def test_key_amenities_are_in_the_vocabulary() -> None:
    """A renamed amenity would leave a column of zeros: every code must exist."""
    assert set(KEY_AMENITIES) <= set(AMENITIES)


def test_a_real_city_has_sane_features(singapore: Any) -> None:
    """Schema, ranges and the share of known values on 3,483 real listings."""
    features = singapore.features
    assert features.schema == SCHEMA
    assert features.num_rows == 3483
    for name in ("occupancy_30", "occupancy_365", "weekly_discount", "host_response_rate", "is_superhost"):
        values = floats(features, name)
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 1
    assert np.nanmax(floats(features, "centre_km")) < 40
    assert features["price_minor"].null_count < 20
    assert 0.8 < float(np.nanmedian(floats(features, "price_to_comparables"))) < 1.2
    assert pc.all(pc.is_valid(features["rating_shrunk"])).as_py()
    assert 1 <= np.nanmin(floats(features, "rating_shrunk")) <= np.nanmax(floats(features, "rating_shrunk")) <= 5
    for name in NUMBERS:
        assert not pc.any(pc.is_nan(features[name])).as_py(), f"{name}: not known is null, never NaN"


def test_the_order_of_listings_does_not_matter(singapore: Any) -> None:
    """Permuting listings, nights and statistics permutes the rows of the features and changes no bit."""
    order = np.random.default_rng(5).permutation(singapore.listings.num_rows)
    ahead = night_stats(singapore.nights, as_of=singapore.as_of)
    features = listing_features(
        singapore.listings.take(order),
        ahead.take(np.random.default_rng(6).permutation(ahead.num_rows)),
        review_stats(_none("written_on", pa.date32(), "rating"), as_of=singapore.as_of),
        booking_stats(
            _none(
                "created_at", pa.timestamp("us"), "confirmed_at", "cancelled_at", "nights", "lead_days", "nights_minor"
            ),
            as_of=singapore.as_of,
        ),
        as_of=singapore.as_of,
    )
    assert features.equals(singapore.features.take(order))


def test_a_listing_without_anything_known_has_nulls(singapore: Any) -> None:
    """Without nights, bookings and reviews a listing keeps its own facts; the rest is null, but counts are zero."""
    one = singapore.listings.slice(0, 1).set_column(
        singapore.listings.schema.get_field_index("base_price_minor"), "base_price_minor", pa.array([None], pa.int64())
    )
    none = pa.table({"listing_id": pa.array([], pa.int64())})
    (row,) = listing_features(one, none, none, none, as_of=singapore.as_of).to_pylist()
    assert row["price_minor"] is None
    assert row["comparables_minor"] is None
    assert row["comparables_count"] == 0
    assert row["occupancy_90"] is None
    assert row["bookings_90"] == 0
    assert row["adr_minor"] is None
    assert row["accommodates"] is not None


@pytest.mark.parametrize(
    ("today", "written", "expected"),
    [(5, (-40, -3, 1, 9, 30), 3), (10, (-40, -3, 1, 9, 30), 8), (2, (-3, 1, 9, 30), 3), (10, (), 10)],
)
def test_a_past_day_has_the_reviews_of_then(
    *, today: int, written: tuple[int, ...], expected: int, singapore: Any
) -> None:
    """Reviews written since are taken off today's count, whether it is of just those held, of more, or of fewer."""
    one = singapore.listings.slice(0, 1)
    one = one.set_column(one.schema.get_field_index("review_count"), "review_count", pa.array([today], pa.int32()))
    days = [singapore.as_of - timedelta(days=ago) for ago in written]
    reviews = pa.table(
        {
            "listing_id": pa.array([1] * len(days), pa.int64()),
            "written_on": pa.array(days, pa.date32()),
            "rating": pa.nulls(len(days), pa.int32()),
        }
    )
    none = pa.table({"listing_id": pa.array([], pa.int64())})
    stats = review_stats(reviews, as_of=singapore.as_of)
    (row,) = listing_features(one, none, stats, none, as_of=singapore.as_of).to_pylist()
    assert row["review_count"] == expected


def _none(day: str, kind: pa.DataType, *numbers: str) -> pa.Table:
    """Empty rows of reviews or bookings."""
    moments = {name: kind for name in (day, "confirmed_at", "cancelled_at") if name == day or name in numbers}
    types = {"listing_id": pa.int64(), **dict.fromkeys(numbers, pa.int64()), **moments}
    return pa.schema(list(types.items())).empty_table()
