"""Forests that are laid out say what LightGBM says: the same scores, and the same SHAP values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml.ranking.features import FEATURES
from ml.ranking.forest import forest_of, scores
from ml.ranking.ranker import Ranker
from ml.ranking.shap import MOST_FEATURES, leaf_paths, shap_values

COLUMNS, ROWS = 6, 400


def values(seed: int, *, unknown: float, rows: int = ROWS, columns: int = COLUMNS) -> NDArray[np.float64]:
    """Rows of numbers around 0, many of them alike, a share of them not known."""
    rng = np.random.default_rng(seed)
    matrix = np.round(rng.normal(size=(rows, columns)), 1)
    matrix[rng.random(matrix.shape) < unknown] = np.nan
    return matrix


def trained(
    matrix: NDArray[np.float64], *, rounds: int = 12, categories: Sequence[int] = (), **parameters: Any
) -> lgb.Booster:
    """A model of the sum of squares of the first columns."""
    wish = np.nansum(np.square(matrix[:, :3]), axis=1) + np.nansum(matrix[:, 3:], axis=1)
    settings_ = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, "num_leaves": 15} | parameters
    return lgb.train(settings_, lgb.Dataset(matrix, wish, categorical_feature=[*categories]), num_boost_round=rounds)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    unknown_then=st.sampled_from([0.0, 0.2]),
    unknown_now=st.sampled_from([0.0, 0.3, 1.0]),
    leaves=st.integers(2, 40),
)
def test_what_lightgbm_says(seed: int, unknown_then: float, unknown_now: float, leaves: int) -> None:
    """Scores to the last bit and SHAP values to 1e-9, whatever was not known in training and is not known now."""
    booster = trained(values(seed, unknown=unknown_then), num_leaves=leaves)
    asked = values(seed + 1, unknown=unknown_now, rows=50)
    forest, paths = forest_of(booster), leaf_paths(booster)
    assert forest is not None
    assert paths is not None
    np.testing.assert_array_equal(scores(forest, asked), booster.predict(asked))
    expected = np.asarray(booster.predict(asked, pred_contrib=True))[:, :-1]
    np.testing.assert_allclose(shap_values(paths, asked), expected, atol=1e-9)


def test_a_value_on_a_threshold_goes_left() -> None:
    """Rows that stand exactly on each threshold, and a hair beside it."""
    booster = trained(values(1, unknown=0.1))
    forest = forest_of(booster)
    assert forest is not None
    edges = np.unique(forest.threshold[np.abs(forest.threshold) > 1e-30])  # LightGBM reads what is nearer to 0 as 0
    beside = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)])
    asked = np.repeat(beside[:, np.newaxis], COLUMNS, axis=1)
    np.testing.assert_array_equal(scores(forest, asked), booster.predict(asked))


@pytest.mark.parametrize(
    "parameters",
    [
        {"categories": [0]},
        {"zero_as_missing": True},
        {"num_leaves": 200, "min_data_in_leaf": 1},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7},
        {"objective": "poisson"},
    ],
    ids=["categories", "zeros-are-missing", "many-leaves", "averages", "transformed"],
)
def test_what_cannot_be_laid_out_is_lightgbms(parameters: dict[str, Any]) -> None:
    """Other kinds of split and trees with more leaves than bits are asked as before: a ranker answers all the same."""
    matrix = np.abs(values(2, unknown=0.1, columns=len(FEATURES)).round(0))
    booster = trained(matrix, **parameters)
    assert forest_of(booster) is None
    ranker = Ranker(booster, name="other@1", features=FEATURES)
    np.testing.assert_array_equal(ranker.score(matrix), booster.predict(matrix))
    expected = np.asarray(booster.predict(matrix[:20], pred_contrib=True))[:, :-1]
    np.testing.assert_allclose(ranker.contributions(matrix[:20]), expected, atol=1e-9)


def test_a_path_of_many_features_is_lightgbms() -> None:
    """A leaf below more features than its sets could be kept of: LightGBM explains, the forest still scores."""
    columns = MOST_FEATURES + 8
    rng = np.random.default_rng(3)
    matrix = rng.random((4_000, columns))
    wish = (matrix < 0.93).all(axis=1).astype(float)
    parameters = {
        "verbosity": -1,
        "num_threads": 1,
        "num_leaves": 60,
        "min_data_in_leaf": 1,
        "min_sum_hessian_in_leaf": 0,
    }
    booster = lgb.train(parameters, lgb.Dataset(matrix, wish), num_boost_round=2)
    assert leaf_paths(booster) is None
    assert forest_of(booster) is not None


def test_a_forest_of_stumps_and_single_leaves() -> None:
    """Trees that never split add the same to every row, and explain nothing."""
    matrix = values(4, unknown=0.0)
    booster = lgb.train({"verbosity": -1, "num_leaves": 2}, lgb.Dataset(matrix, np.ones(ROWS)), num_boost_round=3)
    forest, paths = forest_of(booster), leaf_paths(booster)
    assert forest is not None
    assert paths is not None
    np.testing.assert_array_equal(scores(forest, matrix), booster.predict(matrix))
    assert not shap_values(paths, matrix).any()
    assert not len(scores(forest, matrix[:0]))
