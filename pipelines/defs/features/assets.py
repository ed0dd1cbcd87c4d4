"""Numbers and vectors of each listing."""

from __future__ import annotations

from lodestay.lake import (
    LISTING_FEATURES,
    LISTING_VECTORS,
    STAGED_BOOKINGS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
)
from pipelines.spark_assets import Table, spark_assets

listing_features = spark_assets(
    "listing_features",
    [
        Table(
            LISTING_FEATURES,
            "A row a listing: place, kind, price level against comparables, occupancy, host, reviews, demand.",
            [STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, STAGED_BOOKINGS],
        )
    ],
    group="features",
    code_version="1",
)

listing_vectors = spark_assets(
    "embeddings",
    [
        Table(
            LISTING_VECTORS,
            "A row a listing: the embedding of its text, kept where the text is the same.",
            [STAGED_LISTINGS],
        )
    ],
    group="features",
    code_version="1",
)
