"""Train the ranker: LightGBM LambdaMART, with a term for what a position adds to a click.

LightGBM's position term models a click as ``f(x) + g(position)`` and only f is served. It recovers most
of what the log's own order hides; its regularisation stays 0, because even 0.5 switches it off.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from ml.ranking.dataset import RankingData
from ml.ranking.features import FEATURES

MAX_ROWS = 400_000
"""Rows above which searches are sampled, so that training stays under half a minute."""

CHEAPER = ("price_rank", "total_to_median", "night_to_comparables", "price_to_comparables")
NEARER = ("distance_km", "distance_rank", "vector_rank")
BETTER = (
    "rating",
    "rating_shrunk",
    "rating_cleanliness",
    "rating_location",
    "rating_value",
    "text_score",
    "text_to_best",
    "vector_score",
)
MONOTONE = dict.fromkeys((*CHEAPER, *NEARER), -1) | dict.fromkeys(BETTER, 1)
"""Feature → which way a score may move with it: all else equal, nobody minds a place that is cheaper, nearer, better
rated or closer to the words. A few thousand searches do not teach that as surely as it is known."""


@dataclass(frozen=True)
class RankerParameters:
    """How a ranker is trained.

    Attributes
    ----------
    debiased
        With LightGBM's position term, or blind to positions.
    num_threads
        One: LightGBM's threads wait for each other by spinning, and on a machine whose cores are shared two
        took ten times as long as one.
    """

    debiased: bool = True
    learning_rate: float = 0.08
    num_leaves: int = 15
    min_data_in_leaf: int = 100
    rounds: int = 100
    truncation: int = 20
    feature_fraction: float = 0.5
    lambda_l2: float = 5.0
    seed: int = 7
    num_threads: int = 1

    def for_lightgbm(self) -> dict[str, object]:
        """The same, in LightGBM's words; bit for bit repeatable on one machine."""
        return {
            "objective": "lambdarank",
            "label_gain": [0, 1, 5],
            "lambdarank_truncation_level": self.truncation,
            "lambdarank_position_bias_regularization": 0.0,
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_data_in_leaf,
            "max_bin": 63,  # as good as 255 here, and faster
            "feature_fraction": self.feature_fraction,
            "lambda_l2": self.lambda_l2,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.num_threads,
            "verbosity": -1,
        }


def train(data: RankingData, parameters: RankerParameters, *, features: tuple[str, ...] = FEATURES) -> lgb.Booster:
    """Train one ranker on logged searches.

    The number of rounds is fixed: stopping early by NDCG on logged clicks would reward the log's own order,
    and stops a debiased model after a handful of trees. Searches without any click say nothing about order
    and are left out; above :data:`MAX_ROWS` rows searches are sampled by the seed.
    """
    kept = _sample(data.keep(data.rewarding), parameters.seed)
    training = lgb.Dataset(
        kept.matrix,
        label=kept.label,
        group=kept.groups,
        position=kept.position if parameters.debiased else None,
        feature_name=list(features),
    )
    known = {"monotone_constraints": [MONOTONE.get(name, 0) for name in features]}
    return lgb.train(parameters.for_lightgbm() | known, training, num_boost_round=parameters.rounds)


def _sample(data: RankingData, seed: int) -> RankingData:
    rows = int(data.groups.sum())
    if rows <= MAX_ROWS:
        return data
    return data.keep(np.random.default_rng(seed).random(len(data.groups)) < MAX_ROWS / rows)
