"""The ranking that made the log: sensible, and confounded.

It puts well-rated, often-reviewed, cheap and near listings on top, and some for no good reason
(`promotion`). Position therefore goes with relevance, and clicks alone cannot tell one from the other.
A small slice of searches is answered in an order drawn at random, for those who want to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulation.choice import Candidates
from simulation.draws import Floats, Ints
from simulation.market import Market

RANKER: Final = "simulated-heuristic"
RANDOM: Final = "simulated-random"
_RATING, _POPULARITY, _PRICE, _DISTANCE, _NOISE = 0.7, 0.5, 0.9, 0.25, 0.5


@dataclass(frozen=True)
class Page:
    """What is shown, in order.

    Attributes
    ----------
    chosen
        (p,) places in the candidates.
    score
        (p,) what they were ordered by; all zero where the order is random.
    exploration
        Whether the order is random.
    """

    chosen: Ints
    score: Floats
    exploration: bool

    @property
    def ranker(self) -> str:
        """Name of what ordered the page."""
        return RANDOM if self.exploration else RANKER


def score(rng: np.random.Generator, market: Market, candidates: Candidates) -> Floats:
    """Score candidates as the logging ranking does: (k,)."""
    rows = candidates.rows
    price = np.log(np.maximum(candidates.total_minor, 1))
    scores: Floats = (
        _RATING * market.standing[rows]
        + _POPULARITY * np.log1p(market.review_count[rows])
        - _PRICE * (price - np.median(price))
        - _DISTANCE * candidates.distance_km
        + market.promotion[rows]
        + _NOISE * rng.standard_normal(len(rows))
    )
    return scores


def show(rng: np.random.Generator, market: Market, candidates: Candidates, *, size: int, exploration: bool) -> Page:
    """Choose and order at most `size` candidates."""
    count = len(candidates.rows)
    if exploration:
        chosen = rng.permutation(count)[:size]
        return Page(chosen, np.zeros(len(chosen)), exploration)
    if not count:
        return Page(np.zeros(0, dtype=np.int64), np.zeros(0), exploration)
    scores = score(rng, market, candidates)
    best = np.argpartition(-scores, min(size, count) - 1)[:size]
    chosen = best[np.argsort(-scores[best], kind="stable")]
    return Page(chosen, scores[chosen], exploration)
