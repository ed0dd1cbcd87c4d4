"""Why a result stands where it does: the groups of features that moved its score, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.ranking import phrases
from ml.ranking.features import FEATURES


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes
    ----------
    code
        Stable name for programs and translations: the `code` of one of :data:`GROUPS`.
    sentence
        The same in English, with the candidate's own figures.
    contribution
        What it added to the score; negative pulled the result down.
    """

    code: str
    sentence: str
    contribution: float


@dataclass(frozen=True)
class Group:
    """Features that speak of one thing, and how to say what they did."""

    code: str
    say: Callable[[phrases.Values, float], str]
    features: tuple[str, ...]


GROUPS = (
    Group(
        "price",
        phrases.price,
        (
            "total_to_median",
            "price_rank",
            "night_to_comparables",
            "price_to_comparables",
            "weekend_uplift",
            "weekly_discount",
        ),
    ),
    Group("distance", phrases.distance, ("distance_km", "distance_rank", "centre_km")),
    Group("text", phrases.text, ("text_score", "text_to_best", "vector_score", "vector_rank")),
    Group(
        "rating",
        phrases.rating,
        ("rating", "rating_shrunk", "rating_cleanliness", "rating_location", "rating_value", "review_count"),
    ),
    Group(
        "popularity",
        phrases.popularity,
        (
            "review_recency_days",
            "reviews_per_month",
            "bookings_90",
            "occupancy_30",
            "occupancy_90",
            "comparables_count",
        ),
    ),
    Group(
        "host",
        phrases.host,
        (
            "host_response_hours",
            "host_response_rate",
            "host_acceptance_rate",
            "host_tenure_days",
            "is_superhost",
            "cancelled_share",
        ),
    ),
    Group(
        "space",
        phrases.space,
        ("spare_guests", "accommodates", "bedrooms", "beds", "bathrooms", "shared_bathroom"),
    ),
    Group("amenities", phrases.amenities, ("amenity_count", *phrases.AMENITIES)),
    Group("flexibility", phrases.flexibility, ("min_stay", "min_stay_slack", "instant_book")),
    Group("type", phrases.kind, tuple(phrases.KINDS)),
)
"""Every feature that differs between the candidates of one search stands in one group."""

_COLUMNS = tuple([FEATURES.index(name) for name in group.features] for group in GROUPS)


def reasons_of(
    matrix: NDArray[np.float64], contributions: NDArray[np.float64], *, most: int
) -> tuple[tuple[Reason, ...], ...]:
    """The `most` groups that moved each row's score farthest, farthest first.

    Parameters
    ----------
    matrix, contributions
        (n, len(FEATURES)) values, and what each added to the score.
    """
    moved = np.stack([contributions[:, columns].sum(axis=1) for columns in _COLUMNS], axis=1)
    return tuple(
        _strongest(dict(zip(FEATURES, values.tolist(), strict=True)), effect, most)
        for values, effect in zip(matrix, moved, strict=True)
    )


def _strongest(values: dict[str, float], effect: NDArray[np.float64], most: int) -> tuple[Reason, ...]:
    order = np.argsort(-np.abs(effect), kind="stable")[:most]
    return tuple(
        Reason(GROUPS[index].code, GROUPS[index].say(values, float(effect[index])), float(effect[index]))
        for index in order
        if effect[index] != 0
    )
