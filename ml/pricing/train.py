"""Train a price model: three quantiles of what is asked relative to the anchor, widened until they cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from ml.pricing.dataset import CALIBRATE, TRAIN, Priced
from ml.registry import MAIN

LOW, HIGH = "low", "high"
QUANTILES: Mapping[str, float] = {LOW: 0.1, MAIN: 0.5, HIGH: 0.9}
COVERAGE = 0.8
"""What the interval from low to high should hold."""
NARROWEST = 0.03
"""Least distance, in logs, of low and high from the middle: one who never changed a price is no oracle."""
MAX_ROWS = 40_000
"""Rows above which nights are sampled: those of one listing tell much the same."""


@dataclass(frozen=True)
class PriceParameters:
    """How a price model is trained: the same for both tasks and all quantiles.

    Attributes
    ----------
    num_threads
        One: LightGBM's threads wait for each other by spinning, and on a machine whose cores are shared two
        took ten times as long as one.
    """

    learning_rate: float = 0.1
    num_leaves: int = 31
    min_data_in_leaf: int = 40
    rounds: int = 80
    feature_fraction: float = 0.7
    lambda_l2: float = 5.0
    seed: int = 7
    num_threads: int = 1

    def for_lightgbm(self, alpha: float) -> dict[str, object]:
        """The same in LightGBM's words, for one quantile."""
        return {
            "objective": "quantile",
            "alpha": alpha,
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_data_in_leaf,
            "feature_fraction": self.feature_fraction,
            "lambda_l2": self.lambda_l2,
            "max_bin": 63,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.num_threads,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class PriceModel:
    """Quantiles of ``log(price / anchor)``.

    Attributes
    ----------
    boosters
        By name: low, main (the median), high.
    features
        Columns of `ml.pricing.features.FEATURES` it looks at: the first ones.
    widening
        Added above and taken off below, in logs, so that the interval covers what it says.
    """

    boosters: Mapping[str, lgb.Booster]
    features: tuple[str, ...]
    widening: float

    def predict(self, matrix: NDArray[np.float64], anchor_minor: Floats) -> NDArray[np.float64]:
        """Low, suggested and high price of each row in minor units, (n, 3), never crossing nor as good as equal."""
        if not len(matrix):
            return np.empty((0, 3))
        seen = matrix[:, : len(self.features)]
        logs = np.stack([np.asarray(self.boosters[name].predict(seen, num_threads=1)) for name in QUANTILES], axis=1)
        # Quantiles are trained apart and may cross: sorting them makes none of them worse.
        logs = np.sort(logs, axis=1) + np.array([-self.widening, 0.0, self.widening])
        logs[:, 0] = np.minimum(logs[:, 0], logs[:, 1] - NARROWEST)
        logs[:, 2] = np.maximum(logs[:, 2], logs[:, 1] + NARROWEST)
        return np.asarray(anchor_minor[:, None] * np.exp(logs))


def train(data: Priced, features: tuple[str, ...], parameters: PriceParameters) -> PriceModel:
    """Train three quantiles on the training part and widen them on the calibration part."""
    rows = _sample(data.keep(data.part == TRAIN), parameters.seed)
    matrix = lgb.Dataset(
        rows.matrix[:, : len(features)],
        rows.log_ratio,
        feature_name=list(features),
        params={"max_bin": 63},
        free_raw_data=False,
    )
    boosters = {
        name: lgb.train(parameters.for_lightgbm(alpha), matrix, num_boost_round=parameters.rounds)
        for name, alpha in QUANTILES.items()
    }
    return _calibrated(boosters, features, data.keep(data.part == CALIBRATE))


def rule(data: Priced, features: tuple[str, ...]) -> PriceModel:
    """The one-line rule as a model: the anchor itself, between the quantiles of what was asked around it."""
    rows = data.keep(data.part == TRAIN)
    low, high = np.quantile(rows.log_ratio, [QUANTILES[LOW], QUANTILES[HIGH]])
    constants = {LOW: min(float(low), 0.0), MAIN: 0.0, HIGH: max(float(high), 0.0)}
    boosters = {name: _constant(value, features) for name, value in constants.items()}
    return _calibrated(boosters, features, data.keep(data.part == CALIBRATE))


def _constant(value: float, features: tuple[str, ...]) -> lgb.Booster:
    """A booster that always says `value`, so that a rule can be kept, loaded and served as any model."""
    rows = 4
    data = lgb.Dataset(
        np.zeros((rows, len(features))), np.full(rows, value), feature_name=list(features), free_raw_data=False
    )
    return lgb.train({"objective": "regression", "verbosity": -1, "num_threads": 1}, data, num_boost_round=1)


def _calibrated(boosters: dict[str, lgb.Booster], features: tuple[str, ...], held: Priced) -> PriceModel:
    """Conformalised quantile regression (Romano, Patterson, Candes, NeurIPS 2019), on listings set apart."""
    model = PriceModel(boosters, features, 0.0)
    if not len(held.price_minor):
        return model
    low, _, high = np.log(model.predict(held.matrix, held.anchor_minor)).T
    asked = np.log(held.price_minor)
    miss = np.maximum(low - asked, asked - high)
    level = min(1.0, COVERAGE * (1 + 1 / len(miss)))
    return PriceModel(boosters, features, float(np.quantile(miss, level)))


def _sample(data: Priced, seed: int) -> Priced:
    rows = len(data.price_minor)
    return data if rows <= MAX_ROWS else data.keep(np.random.default_rng(seed).random(rows) < MAX_ROWS / rows)
