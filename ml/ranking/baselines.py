"""Orders that need no training: what a model must beat, and what serves where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from ml.ranking.features import FEATURES


@dataclass(frozen=True)
class Term:
    """One addend of the heuristic: ``weight * (value - neutral)``, nothing where the value is not known."""

    feature: str
    weight: float
    neutral: float


HEURISTIC = (
    Term("rating_shrunk", 1.0, 4.7),
    Term("price_rank", -0.6, 0.5),
    Term("night_to_comparables", -0.3, 1.0),
    Term("distance_rank", -0.4, 0.5),
    Term("text_to_best", 0.6, 0.5),
    Term("vector_rank", -0.6, 0.5),
    Term("reviews_per_month", 0.1, 1.0),
    Term("is_superhost", 0.15, 0.0),
    Term("instant_book", 0.1, 0.0),
    Term("spare_guests", -0.03, 0.0),
)
"""Well rated, cheap for what it is, near and fitting: stars are the unit of the weights."""


def heuristic_contributions(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each column adds to the heuristic's score: (n, len(FEATURES))."""
    contributions = np.zeros(matrix.shape)
    for term in HEURISTIC:
        column = FEATURES.index(term.feature)
        contributions[:, column] = np.nan_to_num(term.weight * (matrix[:, column] - term.neutral))
    return contributions


def heuristic(matrix: NDArray[np.float64]) -> Floats:
    """Score by the heuristic, (n,)."""
    return np.asarray(heuristic_contributions(matrix).sum(axis=1))


def _by(feature: str, sign: float) -> Callable[[NDArray[np.float64]], Floats]:
    column = FEATURES.index(feature)
    return lambda matrix: np.asarray(sign * matrix[:, column])


BASELINES: dict[str, Callable[[NDArray[np.float64]], Floats]] = {
    "heuristic": heuristic,
    "cheapest": _by("price_rank", -1.0),
    "best rated": _by("rating_shrunk", 1.0),
}
"""Name → score of the rows of a matrix of :data:`ml.ranking.features.FEATURES`."""
