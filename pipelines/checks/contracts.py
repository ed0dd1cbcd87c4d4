"""Which datasets have a suite, known without loading Great Expectations: importing it takes seconds."""

from __future__ import annotations

from lodestay import lake as datasets
from lodestay.lake import Dataset

CONTRACT = "contract"
"""Name of the check."""

CHECKED = (
    datasets.RAW["markets"],
    datasets.RAW["listings"],
    datasets.RAW["rate_plans"],
    datasets.RAW["calendar_nights"],
    datasets.RAW["occupancy"],
    datasets.RAW["bookings"],
    datasets.RAW["reviews"],
    datasets.STAGED_LISTINGS,
    datasets.STAGED_NIGHTS,
    datasets.STAGED_BOOKINGS,
    datasets.STAGED_REVIEWS,
    datasets.STAGED_SEARCHES,
    datasets.STAGED_IMPRESSIONS,
    datasets.LISTING_FEATURES,
    datasets.LISTING_VECTORS,
    datasets.SEARCH_DOCUMENTS,
    datasets.RANKING_EXAMPLES,
    datasets.PRICING_EXAMPLES,
)

EXEMPT: dict[Dataset, str] = {
    datasets.RAW["host_profiles"]: "a listing whose host is unknown is staged with nulls, and every column may be null",
    datasets.RAW["neighbourhoods"]: "a name and a shape; a listing without one is staged with nulls",
    datasets.RAW["seasons"]: "PostgreSQL holds the rules of a span; what seasons make of the nights is checked there",
    datasets.LANDMARKS: "the rule that finds them holds every row to its thresholds, and a market may have none",
    datasets.REJECTED_EVENTS: "it is where what breaks the rules goes",
}
"""Datasets without a suite, each with the reason."""


def has_contract(dataset: Dataset) -> bool:
    """Whether a dataset is checked."""
    return dataset in CHECKED
