"""Judge rankers side by side: on searches in random order, on the log, and against the truth where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml.arrays import Floats
from ml.intervals import PerUnit, difference, mean_of
from ml.ranking.dataset import RankingData, gains
from ml.ranking.evaluate import list_of_row, ndcg, reciprocal_rank, standing
from ml.ranking.gate import MIN_SEARCHES

CUT = 10
"""Places that count for NDCG."""
PLENTY = 2_000
"""Searches in random order, with a click, that are enough to judge on the newest days alone: with fewer a true gain of
0.01 over a rival would often not be seen."""

ALL_DAYS = "randomised, all days"


@dataclass(frozen=True)
class Slice:
    """Searches to judge on.

    Attributes
    ----------
    name
        ``randomised`` (newest days), ``randomised, all days`` or ``logged``: the last where the log holds no random
        order, and clicks there favour what stood on top.
    data
        The searches.
    """

    name: str
    data: RankingData

    @property
    def covers_all_days(self) -> bool:
        """Whether it reaches back to the oldest day: then nothing is gained by teaching the older days alone."""
        return self.name == ALL_DAYS

    @property
    def searches(self) -> int:
        """Searches with a click."""
        return int(self.data.rewarding.sum())

    def judge(self, scores: Floats) -> PerUnit:
        """Share of the page that the order puts below what guests clicked and booked: higher is better.

        A click counts once and a booking once more. The gains of training, where a booking counts five times, rest
        on a few dozen bookings here and leave intervals wider by a third.
        """
        return standing(self.data.label.astype(np.float64), scores, self.data.groups)


def choose_slice(test: RankingData, randomised: RankingData) -> Slice:
    """Pick the most honest slice that is large enough.

    Parameters
    ----------
    test
        The newest searches.
    randomised
        All searches in random order, of any day; none of them was trained on.
    """
    recent = test.keep(test.exploration)
    if int(recent.rewarding.sum()) >= PLENTY:
        return Slice("randomised", recent)
    if int(randomised.rewarding.sum()) >= MIN_SEARCHES:
        return Slice(ALL_DAYS, randomised)
    return Slice("logged", test)


def log_metrics(data: RankingData, scores: Mapping[str, Floats]) -> dict[str, PerUnit]:
    """NDCG@10 and reciprocal rank of the logged clicks, by ranker and metric: ``<ranker>.ndcg``, ``<ranker>.mrr``."""
    metrics: dict[str, PerUnit] = {}
    for name, score in scores.items():
        metrics[f"{name}.ndcg"] = mean_of(ndcg(gains(data.label), score, data.groups, k=CUT))
        metrics[f"{name}.mrr"] = mean_of(reciprocal_rank(data.label > 0, score, data.groups))
    return metrics


def truth_ndcg(utility: Floats, scores: Floats, groups: np.ndarray, *, k: int = CUT) -> PerUnit:
    """NDCG against the simulator's truth: a row's gain is its share of the choice, ``exp(utility)`` over the search.

    Searches with a row whose utility is not known do not count.
    """
    lists = list_of_row(groups)
    top = np.full(len(groups), -np.inf)
    np.maximum.at(top, lists, np.where(np.isfinite(utility), utility, -np.inf))
    gain = np.exp(np.where(np.isfinite(utility), utility - top[lists], -np.inf))
    whole = np.bincount(lists, weights=np.isfinite(utility), minlength=len(groups)) == groups
    return mean_of(np.where(whole, ndcg(gain, scores, groups, k=k), np.nan))


def prefer_debiased(debiased: PerUnit, blind: PerUnit, generator: np.random.Generator) -> bool:
    """Whether the variant with the position term is taken: unless the blind one is surely better.

    The slice is small and the two are close, while theory and every public experiment favour the former.
    """
    return not difference(blind, debiased, generator).low > 0
