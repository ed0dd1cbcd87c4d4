"""What the ranker sees of a candidate: the listing, the search, and how the two fit.

Serving computes these values, logs them with what it showed, and training learns from the log; where
a value was not logged, training computes it with the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats, divide
from ml.listing_features import NUMBERS

QUERY = ("nights", "lead_days", "guests")
"""The same for all candidates of a search."""

FIT = (
    "distance_km",
    "distance_rank",  # ranks are shares of the candidates that are better: 0 is nearest, cheapest, closest in text
    "text_score",
    "text_to_best",  # BM25 over the best candidate's
    "vector_score",  # cosine
    "vector_rank",
    "spare_guests",  # places beyond the party
    "total_to_median",  # the stay's total over the candidates' median
    "price_rank",
    "night_to_comparables",  # total a night over what comparable listings ask for one
    "min_stay_slack",  # nights of the stay beyond the listing's usual minimum
)
"""Of the candidate in this search."""

LISTING = (
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
    "has_wifi",
    "has_kitchen",
    "has_air_conditioning",
    "has_washer",
    "has_free_parking",
    "has_pool",
    "has_workspace",
    "has_self_check_in",
    "has_pets_allowed",
    "price_to_comparables",
    "comparables_count",
    "weekend_uplift",
    "weekly_discount",
    "occupancy_30",
    "occupancy_90",
    "min_stay",
    "instant_book",
    "host_response_hours",
    "host_response_rate",
    "host_acceptance_rate",
    "host_tenure_days",
    "is_superhost",
    "rating",
    "rating_shrunk",
    "rating_cleanliness",
    "rating_location",
    "rating_value",
    "review_count",
    "review_recency_days",
    "reviews_per_month",
    "bookings_90",
    "cancelled_share",
)
"""Columns of `ml.listing_features.SCHEMA`, as they are. None is an amount of money: currencies differ."""

FEATURES: tuple[str, ...] = (*QUERY, *FIT, *LISTING)
"""Columns of the ranker's matrix, in order."""

_NUMBER: Final = {name: place for place, name in enumerate(NUMBERS)}
_LISTING: Final = [_NUMBER[name] for name in LISTING]


@dataclass(frozen=True)
class SearchContext:
    """One search and its n candidates; not known or not asked is NaN.

    Attributes
    ----------
    nights, guests
        Length of the stay, size of the party.
    lead_days
        Days from the search to check-in; (n,) where each candidate has its own of some flexible stays.
    total_minor
        (n,) total of the stay, all in ONE currency; without dates, the price of a night.
    distance_km
        (n,) from where the guest looks.
    text_score, vector_score
        (n,) BM25, and cosine in [-1, 1].
    """

    nights: float
    lead_days: float | Floats
    guests: float
    total_minor: Floats
    distance_km: Floats
    text_score: Floats
    vector_score: Floats


def ranking_features(listings: Floats, context: SearchContext) -> NDArray[np.float64]:
    """Matrix of the ranker for the candidates of one search.

    Parameters
    ----------
    listings
        (n, len(NUMBERS)) numbers of `ml.listing_features`, aligned to the candidates (unknown listings: NaN).

    Returns
    -------
    (n, len(FEATURES)) float64
        NaN where a value is not known.
    """
    nights = context.nights if np.isfinite(context.nights) else 1.0
    fit = {
        "distance_km": context.distance_km,
        "distance_rank": _share_below(context.distance_km),
        "text_score": context.text_score,
        "text_to_best": divide(context.text_score, _best(context.text_score)),
        "vector_score": context.vector_score,
        "vector_rank": _share_below(-context.vector_score),
        "spare_guests": listings[:, _NUMBER["accommodates"]] - context.guests,
        "total_to_median": divide(context.total_minor, _median(context.total_minor)),
        "price_rank": _share_below(context.total_minor),
        "night_to_comparables": divide(context.total_minor / nights, listings[:, _NUMBER["comparables_minor"]]),
        "min_stay_slack": context.nights - listings[:, _NUMBER["min_stay"]],
    }
    matrix = np.empty((len(listings), len(FEATURES)))
    for place, value in enumerate((context.nights, context.lead_days, context.guests)):
        matrix[:, place] = value
    for place, name in enumerate(FIT, len(QUERY)):
        matrix[:, place] = fit[name]
    matrix[:, len(QUERY) + len(FIT) :] = listings[:, _LISTING]
    return matrix


def _share_below(values: Floats) -> Floats:
    """Share of the known values that are smaller than each; ties share a rank, NaN stays NaN."""
    known = np.isfinite(values)
    ordered = np.sort(values[known])
    result = np.full(values.shape, np.nan)
    result[known] = np.searchsorted(ordered, values[known], side="left") / max(1, ordered.size - 1)
    return result


def _best(values: Floats) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else np.nan


def _median(values: Floats) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else np.nan
