"""Rankers as serving holds them: the champion, or the heuristic where there is none."""

from __future__ import annotations

from typing import Protocol

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from ml.ranking.baselines import heuristic, heuristic_contributions
from ml.ranking.features import FEATURES
from ml.ranking.forest import forest_of, scores
from ml.ranking.reasons import Reason, reasons_of
from ml.ranking.shap import leaf_paths, shap_values
from ml.registry import MAIN, Model, Registry

MODEL = "ranking"
"""Registered name."""
REASONS = 3
_SERVING_THREADS = 1
"""More threads only fight over the cores of a web process."""


class AnyRanker(Protocol):
    """What serving needs of a ranker.

    Attributes
    ----------
    name
        Stands in every answer and in the log: ``ranking@3``, ``baseline``.
    """

    name: str

    def score(self, matrix: NDArray[np.float64]) -> Floats:
        """Score of each row of :func:`ml.ranking.features.ranking_features`; higher is better."""

    def contributions(self, matrix: NDArray[np.float64]) -> Floats:
        """What each feature adds to each row's score, (n, len(FEATURES)); for a page, not for all candidates."""

    def explain(self, matrix: NDArray[np.float64]) -> tuple[tuple[Reason, ...], ...]:
        """The strongest reasons of each row, from the contributions."""


class Ranker:
    """A LightGBM ranker; forests that can be laid out are asked without LightGBM, which says the same more slowly.

    Parameters
    ----------
    booster, name
        The trained model and how it is called in answers.
    features
        Columns it was trained on; those it does not have (an older model) are left out of the matrix.

    Raises
    ------
    ValueError
        It wants a column that :data:`ml.ranking.features.FEATURES` no longer has.
    """

    def __init__(self, booster: lgb.Booster, *, name: str, features: tuple[str, ...]) -> None:
        self.name = name
        self._booster = booster
        self._columns = np.array([FEATURES.index(feature) for feature in features], dtype=np.int64)
        if booster.num_feature() != len(features):
            raise ValueError(f"{name} was trained on {booster.num_feature()} columns, and {len(features)} are named")
        self._forest = forest_of(booster)
        self._paths = leaf_paths(booster)
        self.explain(np.zeros((1, len(FEATURES))))  # compiles, where no process did, before the first guest asks
        self.score(np.zeros((1, len(FEATURES))))

    @classmethod
    def of(cls, model: Model) -> Ranker:
        """From a model of the registry."""
        name = f"{model.version.name}@{model.version.version}"
        return cls(model.boosters[MAIN], name=name, features=model.features)

    @staticmethod
    def load_champion(registry: Registry) -> AnyRanker:
        """The champion, or :class:`BaselineRanker` where there is none."""
        model = registry.champion(MODEL)
        return BaselineRanker() if model is None else Ranker.of(model)

    def score(self, matrix: NDArray[np.float64]) -> Floats:
        """Score of each row, (n,)."""
        if not len(matrix):
            return np.empty(0)
        known = matrix[:, self._columns]
        if self._forest is not None:
            return scores(self._forest, known)
        return np.asarray(self._booster.predict(known, num_threads=_SERVING_THREADS), dtype=np.float64)

    def contributions(self, matrix: NDArray[np.float64]) -> Floats:
        """The exact SHAP values of the trees."""
        contributions = np.zeros(matrix.shape)
        known = matrix[:, self._columns]
        if self._paths is not None:
            contributions[:, self._columns] = shap_values(self._paths, known)
        elif len(matrix):
            shap = self._booster.predict(known, pred_contrib=True, num_threads=_SERVING_THREADS)
            contributions[:, self._columns] = np.asarray(shap)[:, :-1]  # the last column is the base value
        return contributions

    def explain(self, matrix: NDArray[np.float64]) -> tuple[tuple[Reason, ...], ...]:
        """Reasons from the contributions."""
        return reasons_of(matrix, self.contributions(matrix), most=REASONS) if len(matrix) else ()


class BaselineRanker:
    """The heuristic of :mod:`ml.ranking.baselines`: serves until a model has beaten it."""

    name = "baseline"

    def score(self, matrix: NDArray[np.float64]) -> Floats:
        """Score of each row, (n,)."""
        return heuristic(matrix)

    def contributions(self, matrix: NDArray[np.float64]) -> Floats:
        """The terms of the heuristic."""
        return heuristic_contributions(matrix)

    def explain(self, matrix: NDArray[np.float64]) -> tuple[tuple[Reason, ...], ...]:
        """Reasons from the contributions."""
        return reasons_of(matrix, self.contributions(matrix), most=REASONS)
