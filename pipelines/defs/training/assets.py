"""Training sets: what the ranker and the price models learn from."""

from __future__ import annotations

from lodestay.lake import (
    PRICING_EXAMPLES,
    RANKING_EXAMPLES,
    STAGED_BOOKINGS,
    STAGED_IMPRESSIONS,
    STAGED_LISTINGS,
    STAGED_NIGHTS,
    STAGED_REVIEWS,
    STAGED_SEARCHES,
)
from pipelines.spark_assets import Table, spark_assets

training_sets = spark_assets(
    "training_sets",
    [
        Table(
            RANKING_EXAMPLES,
            "A row a listing shown in a search: features as known then, and what the guest did.",
            [STAGED_IMPRESSIONS, STAGED_SEARCHES, STAGED_LISTINGS, STAGED_NIGHTS, STAGED_REVIEWS, STAGED_BOOKINGS],
        ),
        Table(
            PRICING_EXAMPLES,
            "A row a listing and night: its price, and what the listing's earlier nights cost.",
            [STAGED_NIGHTS, STAGED_LISTINGS],
        ),
    ],
    group={"ranking": "ranking", "pricing": "pricing"},
    code_version="1",
)
