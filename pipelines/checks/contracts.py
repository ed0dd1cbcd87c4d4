"""Which datasets have a suite, known without loading Great Expectations: importing it takes seconds."""

from __future__ import annotations

from lodestay import lake as datasets
from lodestay.lake import Dataset

CONTRACT = "contract"
"""Name of the check."""

CHECKED = (
    datasets.RAW["listings"],
    datasets.RAW["rate_plans"],
    datasets.STAGED_LISTINGS,
    datasets.STAGED_NIGHTS,
    datasets.STAGED_BOOKINGS,
    datasets.STAGED_SEARCHES,
    datasets.STAGED_IMPRESSIONS,
    datasets.LISTING_FEATURES,
    datasets.LISTING_VECTORS,
    datasets.SEARCH_DOCUMENTS,
    datasets.RANKING_EXAMPLES,
    datasets.PRICING_EXAMPLES,
)


def has_contract(dataset: Dataset) -> bool:
    """Whether a dataset is checked."""
    return dataset in CHECKED
